import type { Socket } from "node:net";
import { type Bytes, equalBytes, toHex } from "#protocol/bytes.ts";
import { createLinkDeframer, encodeLink, type LinkFrame, linkAuthMac } from "#protocol/link/jichao.ts";
import type { LinkMessage } from "#protocol/link/messages.ts";
import { nodeCiphers, randomBytesOf } from "#system/crypto.ts";
import type { Conversation } from "./conversation.ts";
import { BYE } from "./jichao-session.ts";
import {
  alarmWrongWay,
  type Caller,
  type GiveUp,
  type NonceMemory,
  type Registered,
  type Registrar,
  whyNotLikeThis,
} from "./registrar.ts";

const NONCE_BYTES = 16;
const KEY_BYTES = 16;
/** The first link key of every installation; a later one is announced by another number. */
const KEY_VERSION = 1;

/**
 * HELLO → CHALLENGE → AUTH of JCP/1. An unknown code and a wrong key look the same from outside: both are challenged, both
 * are told "refused"; so is the right key that comes from the wrong place or by the wrong way.
 */
export async function prove<Claim>(
  socket: Socket,
  { head, caller }: { head: Bytes; caller: Caller },
  r: Registrar<Claim>,
  talk: Conversation,
  giveUp: GiveUp,
): Promise<Registered<Claim> | null> {
  const frames = frameReader(talk, head);
  const hello = await frames.next();
  if (hello?.message.type !== "hello") return giveUp(talk.trouble() ?? "hello_expected", { first: talk.firstBytes() });
  const { id, nonce, protocols } = hello.message;
  const known = await r.known(id);
  const key = known?.kind === "jichao" ? known.key : null;
  const nonceS = randomBytesOf(NONCE_BYTES);
  send(r, socket, hello.seq, { type: "challenge", nonce: nonceS, serverTimeMs: r.now(), keyVersion: KEY_VERSION });
  const auth = await frames.next();
  if (auth?.message.type !== "auth") return giveUp(talk.trouble() ?? "auth_expected", { concentrator: id });
  const expected = linkAuthMac(nodeCiphers, key ?? randomBytesOf(KEY_BYTES), "C", id, nonceS, nonce);
  const genuine = equalBytes(expected, auth.message.mac) && key !== null;
  const wrong = genuine && known !== null ? whyNotLikeThis(known, caller) : null;
  const fresh = genuine && wrong === null && r.nonces.isFresh(id, nonce);
  const claim = fresh ? await r.claim(id, "jichao", caller) : null;
  if (key === null || claim === null) {
    send(r, socket, auth.seq, { type: "bye", reason: BYE.refused });
    if (wrong !== null) alarmWrongWay(r, id, wrong, caller);
    else if (key !== null && !genuine) r.alarm(id, "wrong_key", { source: caller.source });
    const why = known === null ? "unknown" : key === null ? "other_kind" : genuine ? "not_claimed" : "wrong_key";
    return giveUp(wrong ?? (genuine && !fresh ? "nonce_used_before" : why), { concentrator: id });
  }
  if (socket.destroyed) return giveUp("hung_up", { concentrator: id });
  const mac = linkAuthMac(nodeCiphers, key, "S", id, nonceS, nonce);
  const early = frames.rest();
  return {
    kind: "jichao",
    code: id,
    claim,
    channel: caller.channel,
    mac,
    seq: auth.seq,
    deframer: frames.deframer,
    protocols,
    early,
  };
}

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
function send<Claim>(r: Registrar<Claim>, socket: Socket, seq: number, message: LinkMessage): void {
  if (socket.destroyed || !socket.writable) return;
  const bytes = encodeLink({ seq, message });
  r.capture.sent(socket, bytes);
  socket.write(bytes);
}

/** Frames of a conversation one by one. */
function frameReader(talk: Conversation, head: Bytes) {
  const deframer = createLinkDeframer();
  const inbox = deframer.push(head);
  return {
    deframer,
    /** The next frame; null when there will be none. */
    async next(): Promise<LinkFrame | null> {
      for (;;) {
        const frame = inbox.shift();
        if (frame) return frame;
        const chunk = await talk.next();
        if (chunk === null || chunk === "quiet") return null;
        inbox.push(...deframer.push(chunk));
      }
    },
    /** What came too early, together with what nobody has looked at yet. */
    rest(): LinkFrame[] {
      for (const chunk of talk.end()) inbox.push(...deframer.push(chunk));
      return inbox;
    },
  };
}
