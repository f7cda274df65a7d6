import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { asciiBytes, type Bytes, fromHex } from "#protocol/bytes.ts";
import { encodeLink } from "#protocol/link/jichao.ts";
import type { LinkMessage } from "#protocol/link/messages.ts";
import { type Letter, letter188, letter645, letter1376, letterLink } from "./letter.ts";

/** A frame to start from, and the letter by which a changed one can be made whole again. */
export type Seedling = { protocol: string; bytes: Bytes; letter: Letter | null };

const FRAMES = join(import.meta.dirname, "../../test/frames");

/** By the names that the frame vectors use. */
const LETTERS: Readonly<Record<string, Letter>> = {
  "dlt645-2007": letter645,
  "dlt645-1997": letter645,
  cjt188: letter188,
  "qgdw1376.1": letter1376,
  jcp1: letterLink,
};

/** Every frame vector of the repository, good and bad, one message of each type of JCP/1, and what DTUs say in text. */
export function readCorpus(): Seedling[] {
  const seedlings: Seedling[] = [];
  const add = (protocol: string, bytes: Bytes | null) => {
    if (bytes !== null && bytes.length > 0) seedlings.push({ protocol, bytes, letter: LETTERS[protocol] ?? null });
  };
  for (const name of readdirSync(FRAMES).sort()) {
    if (!name.endsWith(".json")) continue;
    const file: { protocol: string; vectors: { hex: string }[] } = JSON.parse(readFileSync(join(FRAMES, name), "utf8"));
    for (const { hex } of file.vectors) add(file.protocol, fromHex(hex));
  }
  linkMessages().forEach((message, seq) => {
    add("jcp1", encodeLink({ seq, message }));
  });
  for (const text of ["866123456789012", "ping", "REG:GW01", "$HB7"]) add("dtu", asciiBytes(text));
  add("dtu", Uint8Array.of(0x52, 0x45, 0x47, 0x3a, 0x41, 0x31, 0x42, 0x32, 0x0d, 0x0a));
  return seedlings;
}

function linkMessages(): LinkMessage[] {
  const sixteen = Uint8Array.from({ length: 16 }, (_, i) => i * 13);
  const read = Uint8Array.from([0x68, 0x61, 1, 0, 0, 0, 0, 0x68, 0x11, 4, 0x33, 0x33, 0x34, 0x33, 0x14, 0x16]);
  return [
    { type: "hello", id: "GW-0001", firmware: "1.2.3", nonce: sixteen, protocols: 7, tableVersion: 42 },
    { type: "challenge", nonce: sixteen, serverTimeMs: 1_700_000_000_000, keyVersion: 1 },
    { type: "auth", mac: sixteen },
    { type: "welcome", mac: sixteen, heartbeatSeconds: 60 },
    { type: "bye", reason: 2 },
    { type: "ping", rssi: -71, queue: 2, clockMs: 1_700_000_000_000 },
    { type: "pong", rssi: 0, queue: 0, clockMs: 0 },
    { type: "forward", port: 1, serial: 0x6b, timeoutMs: 1500, gapMs: 100, content: read },
    { type: "forwarded", status: 0, elapsedMs: 312, content: read },
    { type: "error", code: 3 },
    { type: "unknown", code: 0x40, payload: sixteen },
  ];
}
