import { type ByteReader, byteReader, CutShort } from "./byte-reader.ts";

/** One file inside an archive. Held in memory: whoever makes archives cuts what is big into parts. */
export type TarEntry = { readonly name: string; readonly content: Buffer };

/** Something that is not an archive, or not one of ours. */
export class NotTar extends Error {}

const BLOCK = 512;
/** Parts that we make are a few megabytes; more than this nobody of ours has written. */
const ENTRY_BYTES_MAX = 256 * 1024 * 1024;

/** Files as a tar archive (POSIX ustar), which every system can open. Names are at most 100 ASCII characters. */
export async function* tarOf(entries: AsyncIterable<TarEntry>, madeAtMs: number): AsyncGenerator<Buffer> {
  for await (const { name, content } of entries) {
    yield header(name, content.length, madeAtMs);
    yield content;
    const rest = content.length % BLOCK;
    if (rest > 0) yield Buffer.alloc(BLOCK - rest);
  }
  yield Buffer.alloc(2 * BLOCK);
}

/** The files of an archive, one after the other. Throws {@link NotTar} or {@link CutShort}. */
export async function* tarEntries(source: AsyncIterable<Buffer>): AsyncGenerator<TarEntry> {
  const bytes = byteReader(source);
  for (;;) {
    const block = await bytes.take(BLOCK);
    if (block.every((byte) => byte === 0)) return await expectEnd(bytes);
    if (octal(block, 148, 8) !== checksum(block)) throw new NotTar("a header does not add up");
    const size = octal(block, 124, 12);
    if (size > ENTRY_BYTES_MAX) throw new NotTar(`an entry of ${size} bytes`);
    const name = block.subarray(0, 100).toString("latin1").replace(/\0.*$/s, "");
    const content = await bytes.take(size);
    if (size % BLOCK > 0) await bytes.take(BLOCK - (size % BLOCK));
    yield { name, content };
  }
}

/** Reads to the very end of the source, so that whatever checks it (compression, encryption) has its last word. */
async function expectEnd(bytes: ByteReader): Promise<void> {
  const last = await bytes.takeUpTo(BLOCK);
  if (last.length < BLOCK) throw new CutShort("the archive has no end");
  while ((await bytes.takeUpTo(64 * BLOCK)).length > 0);
}

function header(name: string, size: number, madeAtMs: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const put = (text: string, at: number) => block.write(text, at, "latin1");
  put(name, 0);
  put("0000600\0", 100);
  put("0000000\0", 108);
  put("0000000\0", 116);
  put(`${size.toString(8).padStart(11, "0")}\0`, 124);
  put(
    `${Math.floor(madeAtMs / 1000)
      .toString(8)
      .padStart(11, "0")}\0`,
    136,
  );
  put("0", 156);
  put("ustar\0", 257);
  put("00", 263);
  put(`${checksum(block).toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

/** The sum of all bytes, those of the sum itself counted as spaces. */
function checksum(block: Buffer): number {
  let sum = 0;
  for (let i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? 0x20 : (block[i] ?? 0);
  return sum;
}

function octal(block: Buffer, at: number, length: number): number {
  const text = block
    .subarray(at, at + length)
    .toString("latin1")
    .replace(/[\0 ]+$/, "");
  return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number.NaN;
}
