import { z } from "zod";
import type { LinkChannel, LinkDirection, LinkKind, LinkTrust } from "#domain/link.ts";
import type { Tx } from "./db.ts";

/** How a concentrator is spoken to, as its archive says; the key is sealed. */
export type LinkArchive = {
  id: number;
  code: string;
  kind: LinkKind;
  direction: LinkDirection;
  trust: LinkTrust;
  channel: LinkChannel;
  /** Networks that it may come from; null for any. A list that cannot be read allows none. */
  sources: readonly string[] | null;
  /** Where it may come from alone, because it first came from there; null when it is not locked or has not come yet. */
  lockedTo: string | null;
  /** Of the certificate that it shows in TLS. */
  tlsFingerprint: string | null;
  address: { host: string; port: number } | null;
  keySealed: string;
  /** JSON of DtuPackets; null for the usual packets. */
  dtuPackets: string | null;
};

/** The concentrator with this code; null for a stranger. */
export async function linkArchive(tx: Tx, code: string): Promise<LinkArchive | null> {
  const row = await links(tx).where("code", "=", code).executeTakeFirst();
  return row ? toArchive(row) : null;
}

/** The concentrators that a collector has to dial, because they listen and may be spoken to. */
export async function linksToDial(tx: Tx): Promise<LinkArchive[]> {
  const rows = await links(tx).where("direction", "=", "listens").where("trust", "<>", "none").orderBy("id").execute();
  return rows.map(toArchive);
}

/** Those that may dial in: a collector looks their TLS identities up among them. */
export async function linksThatDial(tx: Tx): Promise<LinkArchive[]> {
  const rows = await links(tx).where("direction", "=", "dials_in").where("trust", "<>", "none").orderBy("id").execute();
  return rows.map(toArchive);
}

/** What the DTUs that may dial in say by themselves, as JSON, each once; null stands for the usual packets. */
export async function dtuPacketsInUse(tx: Tx, limit: number): Promise<(string | null)[]> {
  const rows = await tx
    .selectFrom("concentrator")
    .select("dtu_packets")
    .distinct()
    .where("link_kind", "=", "transparent")
    .where("direction", "=", "dials_in")
    .where("trust", "<>", "none")
    .limit(limit)
    .execute();
  return rows.map((row) => row.dtu_packets);
}

function links(tx: Tx) {
  return tx
    .selectFrom("concentrator")
    .select([
      "id",
      "code",
      "link_kind",
      "direction",
      "trust",
      "channel",
      "sources",
      "lock_source",
      "first_source",
      "tls_fingerprint",
      "host",
      "port",
      "key_sealed",
      "dtu_packets",
    ]);
}

function toArchive(row: Awaited<ReturnType<ReturnType<typeof links>["executeTakeFirstOrThrow"]>>): LinkArchive {
  return {
    id: row.id,
    code: row.code,
    kind: row.link_kind,
    direction: row.direction,
    trust: row.trust,
    channel: row.channel,
    sources: row.sources === null ? null : parseSources(row.sources),
    lockedTo: row.lock_source === 1 ? row.first_source : null,
    tlsFingerprint: row.tls_fingerprint,
    address: row.host === null || row.port === null ? null : { host: row.host, port: row.port },
    keySealed: row.key_sealed,
    dtuPackets: row.dtu_packets,
  };
}

const storedSources = z.array(z.string());

/** The networks that a row names; one that cannot be read lets nobody in. */
export function parseSources(text: string): string[] {
  try {
    return storedSources.parse(JSON.parse(text));
  } catch {
    return [];
  }
}
