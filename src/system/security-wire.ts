import { createHmac, timingSafeEqual } from "node:crypto";
import { z } from "zod";

/**
 * JCS/1, how a program asks an external security module (密码机): one JSON object a line, UTF-8, over a Unix or TCP socket. Both
 * sides first prove that they know the token; after that questions carry an id and are answered in any order. No key is ever in a
 * line. `docs/HSM.md` tells it for those who build such a module.
 */
export const JCS_PROTOCOL = "JCS/1";

/** Longer lines are none of the protocol: the connection is closed. */
export const LINE_BYTES_MAX = 4_096;

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`));
const version = z.number().int().min(1).max(255);
const address = z.string().regex(/^\d{12}$/);
const uint32 = z.number().int().min(0).max(0xffff_ffff);
const operator = hex(4);
const id = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** First line, from the module. */
export const greeting = z.object({ protocol: z.literal(JCS_PROTOCOL), nonce: hex(16) });
/** Second line, from the program. */
export const introduction = z.object({ op: z.literal("prove"), nonce: hex(16), proof: hex(32) });
/** Third line, from the module; anything else means that the token is wrong. */
export const welcome = z.object({ ok: z.literal(true), proof: hex(32) });

const act = z.enum(["top_up", "deduct", "clear", "set_mode"]);
const topUp = z.object({ act: act.exactOptional(), amount: uint32, count: uint32, customer: address, operator });
const update = z.object({ operator, from: version, to: version });

/** What a module can be asked. */
export const question = z.discriminatedUnion("op", [
  z.object({ id, op: z.literal("root_check"), version }),
  z.object({ id, op: z.literal("key_check"), address, version }),
  z.object({ id, op: z.literal("top_up_mac"), address, version, topUp }),
  z.object({ id, op: z.literal("protect_key"), address, update }),
  z.object({ id, op: z.literal("make_root_key"), version }),
]);
/** What of a bad question is read, to say that it is one. */
export const questionId = z.object({ id });
/** A question without its id. */
export type Asked = DistributiveOmit<z.infer<typeof question>, "id">;
type DistributiveOmit<T, K extends string> = T extends unknown ? Omit<T, K> : never;

/** An answer. `no_such_version`: there is no root key of that version. `failed`: the module could not; ask again later. */
export const reply = z.union([
  z.object({ id, ok: z.literal(true), check: hex(3) }),
  z.object({ id, ok: z.literal(true), mac: hex(8) }),
  z.object({ id, ok: z.literal(true), cipher: hex(32), keyMac: hex(4) }),
  z.object({ id, ok: z.literal(false), error: z.enum(["no_such_version", "bad_question", "failed"]) }),
]);
/** An answer, as its line holds it. */
export type Reply = z.infer<typeof reply>;

/** HMAC-SHA-256(token, side ‖ module's nonce ‖ program's nonce), hex; side is the ASCII letter C (program) or S (module). */
export function tokenProof(token: string, side: "C" | "S", moduleNonce: string, programNonce: string): string {
  const message = Buffer.concat([Buffer.from(side), Buffer.from(moduleNonce, "hex"), Buffer.from(programNonce, "hex")]);
  return createHmac("sha256", token).update(message).digest("hex");
}

/** Compares two proofs in a time that tells nothing. */
export function sameProof(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a, "hex"), Buffer.from(b, "hex")];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** Reads a line by a schema; null when it is something else. */
export function readLine<S extends z.ZodType>(line: string, schema: S): z.output<S> | null {
  try {
    const read = schema.safeParse(JSON.parse(line));
    return read.success ? read.data : null;
  } catch {
    return null;
  }
}

/** Cuts a stream into lines; null once a line is longer than any may be. */
export function createLines(): (chunk: Buffer) => string[] | null {
  let held: Buffer = Buffer.alloc(0);
  return (chunk) => {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    const lines: string[] = [];
    for (let end = held.indexOf(0x0a); end >= 0; end = held.indexOf(0x0a)) {
      if (end > LINE_BYTES_MAX) return null;
      lines.push(held.toString("utf8", 0, end));
      held = held.subarray(end + 1);
    }
    return held.length > LINE_BYTES_MAX ? null : lines;
  };
}

/** Where a module listens. */
export type ModuleAddress = { path: string } | { host: string; port: number };

/** Reads `unix:/path` or `tcp:host:port`; null when it is neither. */
export function moduleAddress(text: string): ModuleAddress | null {
  const path = /^unix:(.+)$/.exec(text)?.[1];
  if (path !== undefined) return { path };
  const [, host, port] = /^tcp:(.+):(\d{1,5})$/.exec(text) ?? [];
  return host !== undefined && Number(port) <= 65_535
    ? { host: host.replace(/^\[|\]$/g, ""), port: Number(port) }
    : null;
}
