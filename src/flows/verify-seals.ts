import { NO_SEAL_BEFORE, sealText } from "#domain/seal.ts";
import type { Tx } from "#store/db.ts";
import type { SealTable } from "#store/schema-seals.ts";
import { itemsOfSeal, neverSealed, sealCounts, sealsFrom } from "#store/seals.ts";
import { sha256Hex } from "#system/crypto.ts";
import type { Sealer } from "#system/seal.ts";
import type { SealBook } from "./seal-books.ts";

/** One seal by its number and hash: whoever wrote it down can tell later whether the chain is still the same. */
export type SealHead = { seq: number; hash: string };
/** Which book, and what its seals are held against. */
export type SealCheck = { book: SealBook; sealer: Sealer | null; head: SealHead | null };

/** What walking the seals found. `head` is the newest seal: written down elsewhere, it proves that nothing was cut off behind it. */
export type SealReport = {
  seals: number;
  sealed: number;
  waiting: number;
  head: SealHead | null;
  problems: string[];
};

const SEALS_PER_PAGE = 50;

/**
 * Walks the seals from the first to the newest, a few at a time, and names the first rows that are not as they were sealed. Without a sealer (no master key at
 * hand) the signatures are not checked. Stops after `problemsMax`.
 */
export async function verifySeals(read: Tx, against: SealCheck, problemsMax: number): Promise<SealReport> {
  const { book } = against;
  const counts = await sealCounts(read, book.name);
  const problems: string[] = [];
  let previous = NO_SEAL_BEFORE;
  let next = 1;
  let head: SealReport["head"] = null;
  for (;;) {
    const seals = await sealsFrom(read, book.name, next, SEALS_PER_PAGE);
    for (const seal of seals) {
      if (seal.seq !== next) problems.push(`seal ${next} is gone`);
      problems.push(...(await checkSeal(read, against, seal, seal.seq === next ? previous : seal.previous)));
      if (problems.length >= problemsMax) return { ...counts, head, problems: problems.slice(0, problemsMax) };
      previous = seal.hash;
      next = seal.seq + 1;
      head = { seq: seal.seq, hash: seal.hash };
    }
    if (seals.length < SEALS_PER_PAGE) break;
  }
  if (against.head !== null) {
    const kept = (await sealsFrom(read, book.name, against.head.seq, 1))[0];
    const isKept = kept?.seq === against.head.seq && kept.hash === against.head.hash;
    if (!isKept) problems.unshift(`seal ${against.head.seq} is not the one that was written down`);
  }
  for (const item of await neverSealed(read, book.name, problemsMax))
    problems.push(`${book.named(item)} was not ${book.name === "ledger" ? "booked" : "written"} by the program`);
  return { ...counts, head, problems: problems.slice(0, problemsMax) };
}

async function checkSeal(read: Tx, against: SealCheck, seal: SealTable, previous: string): Promise<string[]> {
  const { book, sealer } = against;
  const lines = await itemsOfSeal(read, book.name, seal.seq);
  const texts = await book.texts(
    read,
    lines.map((line) => line.item),
  );
  const where = (position: number) => `(seal ${seal.seq}, row ${position + 1})`;
  const wrong: string[] = [];
  for (const { item, position, hash } of lines) {
    const text = texts.get(item);
    if (text === undefined) wrong.push(`${book.named(item)} is gone ${where(position)}`);
    else if (sha256Hex(text) !== hash)
      wrong.push(`${book.named(item)} was changed after it was sealed ${where(position)}`);
  }
  if (lines.length !== seal.items)
    wrong.push(`seal ${seal.seq} covers ${lines.length} rows, it was made over ${seal.items}`);
  const hash = sha256Hex(sealText({ seq: seal.seq, previous, hashes: lines.map((line) => line.hash) }));
  if (hash !== seal.hash) wrong.push(`seal ${seal.seq} does not fit what it covers and the seal before it`);
  if (sealer !== null && !isSigned(sealer, seal, book.purpose(seal.seq)))
    wrong.push(`seal ${seal.seq} is not signed by this installation`);
  return wrong;
}

function isSigned(sealer: Sealer, seal: SealTable, purpose: string): boolean {
  try {
    return Buffer.from(sealer.unseal(seal.signature, purpose)).toString() === seal.hash;
  } catch {
    return false;
  }
}
