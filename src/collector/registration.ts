import type { Socket } from "node:net";
import type { Instant } from "#base/time.ts";
import { type Bytes, equalBytes, toHex } from "#protocol/bytes.ts";
import {
  createLinkDeframer,
  encodeLink,
  type LinkDeframer,
  type LinkFrame,
  linkAuthMac,
} from "#protocol/link/jichao.ts";
import type { LinkMessage } from "#protocol/link/messages.ts";
import { nodeCiphers, randomBytesOf } from "#system/crypto.ts";
import type { Log } from "#system/log.ts";
import { BYE } from "./jichao-session.ts";
import { plainBytes } from "./session-line.ts";

/** Who has proved to be whom, and what it had already sent behind its proof. */
export type Registered<Claim> = {
  code: string;
  claim: Claim;
  mac: Bytes;
  seq: number;
  deframer: LinkDeframer;
  /** What the concentrator says it can do. */
  protocols: number;
  early: LinkFrame[];
};

/** What registration needs to know of the rest of the program. */
export type Registrar<Claim> = {
  /** The link key of a concentrator; null when nobody has that code. */
  linkKey(code: string): Promise<Bytes | null>;
  /** Takes the concentrator over; null when it has vanished meanwhile. */
  claim(code: string): Promise<Claim | null>;
  nonces: NonceMemory;
  now(): Instant;
  log: Log;
  timeoutMs: number;
};

/** All that a concentrator has to say until it has proved itself is about 100 bytes. */
export const REGISTRATION_BYTES_MAX = 512;
const NONCE_BYTES = 16;
const KEY_BYTES = 16;
/** The first link key of every installation; a later one is announced by another number. */
const KEY_VERSION = 1;

/**
 * HELLO → CHALLENGE → AUTH. An unknown code and a wrong key look the same from outside: both are challenged, both are
 * told "refused". Null when the socket has not registered; it is closed then, and why stands in the log.
 */
export async function register<Claim>(
  socket: Socket,
  source: string,
  r: Registrar<Claim>,
): Promise<Registered<Claim> | null> {
  const talk = conversation(socket, r.timeoutMs);
  try {
    return await prove(socket, source, r, talk);
  } finally {
    talk.end();
  }
}

async function prove<Claim>(
  socket: Socket,
  source: string,
  r: Registrar<Claim>,
  talk: Conversation,
): Promise<Registered<Claim> | null> {
  const giveUp = (why: string, fields: object = {}) => {
    r.log.info({ source, why, ...fields }, "a connection was closed before it registered");
    socket.destroySoon();
    return null;
  };
  const hello = await talk.next();
  if (hello?.message.type !== "hello") return giveUp(talk.trouble() ?? "hello_expected", { first: talk.firstBytes() });
  const { id, nonce, protocols } = hello.message;
  const key = await r.linkKey(id);
  const nonceS = randomBytesOf(NONCE_BYTES);
  send(socket, hello.seq, { type: "challenge", nonce: nonceS, serverTimeMs: r.now(), keyVersion: KEY_VERSION });
  const auth = await talk.next();
  if (auth?.message.type !== "auth") return giveUp(talk.trouble() ?? "auth_expected", { concentrator: id });
  const expected = linkAuthMac(nodeCiphers, key ?? randomBytesOf(KEY_BYTES), "C", id, nonceS, nonce);
  const genuine = equalBytes(expected, auth.message.mac) && key !== null;
  const fresh = genuine && r.nonces.isFresh(id, nonce);
  const claim = fresh ? await r.claim(id) : null;
  if (key === null || claim === null) {
    send(socket, auth.seq, { type: "bye", reason: BYE.refused });
    return giveUp(key === null ? "unknown" : genuine ? "nonce_used_before" : "wrong_key", { concentrator: id });
  }
  if (socket.destroyed) return giveUp("hung_up", { concentrator: id });
  const mac = linkAuthMac(nodeCiphers, key, "S", id, nonceS, nonce);
  return { code: id, claim, mac, seq: auth.seq, deframer: talk.deframer, protocols, early: talk.end() };
}

/** Remembers the nonces with which concentrators proved themselves, so that a recorded HELLO is worth nothing. */
export type NonceMemory = { isFresh(code: string, nonce: Bytes): boolean };

/** For each concentrator so many; older ones are still useless to a thief, because our own nonce is new every time. */
const NONCES_KEPT = 64;

/** An empty memory. Only proved nonces enter it, so strangers cannot fill it. */
export function createNonceMemory(): NonceMemory {
  const seen = new Map<string, Set<string>>();
  return {
    isFresh(code, nonce) {
      const own = seen.get(code) ?? new Set<string>();
      seen.set(code, own);
      const text = toHex(nonce);
      if (own.has(text)) return false;
      own.add(text);
      const [oldest] = own;
      if (own.size > NONCES_KEPT && oldest !== undefined) own.delete(oldest);
      return true;
    },
  };
}

/** Writes one message, unless the socket is gone. */
export function send(socket: Socket, seq: number, message: LinkMessage): void {
  if (!socket.destroyed && socket.writable) socket.write(encodeLink({ seq, message }));
}

type Conversation = ReturnType<typeof conversation>;
type Trouble = "timeout" | "too_many_bytes" | "not_jcp" | "hung_up";

/** Frames of a socket one by one, under a total of bytes and of time. */
function conversation(socket: Socket, timeoutMs: number) {
  const deframer = createLinkDeframer();
  const inbox: LinkFrame[] = [];
  let received = 0;
  let first = "";
  let trouble: Trouble | null = null;
  let wake = () => {};

  const stop = (why: Trouble) => {
    trouble ??= why;
    wake();
  };
  const onData = (chunk: Bytes) => {
    if (first.length < 16) first = (first + toHex(chunk.subarray(0, 8))).slice(0, 16);
    received += chunk.length;
    inbox.push(...deframer.push(plainBytes(chunk)));
    if (deframer.garbage()) return stop("not_jcp");
    if (received > REGISTRATION_BYTES_MAX) return stop("too_many_bytes");
    wake();
  };
  const onClose = () => stop("hung_up");
  const timer = setTimeout(() => stop("timeout"), timeoutMs);
  socket.on("data", onData);
  socket.on("close", onClose);

  return {
    deframer,
    /** The next frame; null when there will be none. */
    async next(): Promise<LinkFrame | null> {
      while (inbox.length === 0 && trouble === null) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return trouble === null ? (inbox.shift() ?? null) : null;
    },
    trouble: () => trouble,
    firstBytes: () => first,
    /** Stops listening and hands over what came too early. */
    end(): LinkFrame[] {
      clearTimeout(timer);
      socket.off("data", onData);
      socket.off("close", onClose);
      return inbox.splice(0);
    },
  };
}
