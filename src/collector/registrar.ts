import type { Socket } from "node:net";
import type { Instant } from "#base/time.ts";
import type { LinkChannel, LinkDirection, LinkKind, LinkTrust } from "#domain/link.ts";
import type { LinkAlarmKind } from "#domain/link-alarm.ts";
import { isFromSources } from "#domain/source-range.ts";
import type { Bytes } from "#protocol/bytes.ts";
import type { Deframer1376, Frame1376 } from "#protocol/gw1376/frame.ts";
import type { LinkDeframer, LinkFrame } from "#protocol/link/jichao.ts";
import type { CompiledTransparent } from "#protocol/link/transparent.ts";
import type { Log } from "#system/log.ts";
import type { Capture } from "./capture/capture.ts";
import type { DtuWay } from "./dtus.ts";

/** Who calls, before it has said who it is. */
export type Caller = {
  /** The address that it comes from. */
  source: string;
  channel: LinkChannel;
  /** The code that it has proved in TLS; null on a plain connection. */
  proved: string | null;
  /** False when it has hung up. */
  isThere(): boolean;
};

/** Who has registered as whom, and what its session needs to go on from there. */
export type Registered<Claim> = { code: string; claim: Claim; channel: LinkChannel } & (
  | {
      kind: "jichao";
      mac: Bytes;
      seq: number;
      deframer: LinkDeframer;
      /** What the concentrator says it can do. */
      protocols: number;
      /** What it had already sent behind its proof. */
      early: LinkFrame[];
    }
  /** `early` begins with the registration. */
  | { kind: "transparent"; dtu: CompiledTransparent; early: Bytes }
  /** `early` begins with the login. */
  | { kind: "gw1376"; deframer: Deframer1376; early: Frame1376[] }
);

/** What the archive says of the link of a concentrator. */
export type KnownLink = {
  code: string;
  kind: LinkKind;
  direction: LinkDirection;
  trust: LinkTrust;
  /** `tls`: it may not come by plain. */
  channel: LinkChannel;
  /** Networks that it may come from; null for any. */
  sources: readonly string[] | null;
  /** The one address that it may come from; null when it is not locked. */
  lockedTo: string | null;
  /** The link key of JCP/1; null for other kinds. */
  key: Bytes | null;
  /** JSON of the packets of a DTU. */
  dtuPackets: string | null;
};

/** What registration needs to know of the rest of the program. */
export type Registrar<Claim> = {
  /** Null when nobody has that code. */
  known(code: string): Promise<KnownLink | null>;
  /** The ways in which DTUs register. */
  dtuWays(): Promise<readonly DtuWay[]>;
  /** Whether a session without proof may be taken over now: a younger one is left alone. */
  mayTakeOver(code: string): boolean;
  /** Takes the concentrator over; null when it may not be, or has vanished meanwhile. */
  claim(code: string, kind: LinkKind, caller: Caller): Promise<Claim | null>;
  /** Something is wrong about a concentrator of the archive; people are told. */
  alarm(code: string, kind: LinkAlarmKind, detail: { source: string }): void;
  /** A second device wanted in with a code whose session is fresh. */
  collided(code: string, source: string): void;
  nonces: NonceMemory;
  /** Keeps what is said at the door. */
  capture: Capture;
  /** Counts a caller that was not let in. */
  refused(why: string): void;
  now(): Instant;
  log: Log;
  timeoutMs: number;
};

/** Remembers the nonces with which concentrators proved themselves, so that a recorded HELLO is worth nothing. */
export type NonceMemory = { isFresh(code: string, nonce: Bytes): boolean };

/** Why a caller with a name is not let in, and what a person can do about it. */
const REFUSALS = {
  unknown: "enter this code in the archive if the device is ours",
  needs_tls:
    "the archive says that this one comes by TLS only: let the device use the TLS port, or correct its channel",
  other_identity: "it proved to be another device in TLS than it says it is: look at that device",
  source_not_allowed: "its address is in none of the networks of its archive: correct them, or find out who calls",
  other_source: "it is locked to the address that it first came from: unlock it in the archive if it has moved",
  other_kind: "the archive has this code with another kind of link: correct the archive or the device",
  not_allowed: "this link has no proof of identity: allow it in the concentrator's archive (trust), or use JCP/1",
  collector_dials:
    "the archive says that we dial this one: change its direction there, or stop the device from dialling",
  too_soon: "two devices call with this code, or one comes back within seconds: look for the second device",
  vanished: "the archive was changed meanwhile: the device will call again",
} as const;

type WrongWay = "needs_tls" | "other_identity" | "source_not_allowed" | "other_source";

const ALARMS: Readonly<Record<WrongWay, LinkAlarmKind>> = {
  needs_tls: "plain_refused",
  other_identity: "other_identity",
  source_not_allowed: "source_refused",
  other_source: "source_refused",
};

/** What is wrong with the way in which a concentrator of the archive comes; null when nothing is. */
export function whyNotLikeThis(known: KnownLink, caller: Caller): WrongWay | null {
  if (known.channel === "tls" && caller.channel !== "tls") return "needs_tls";
  if (caller.channel === "tls" && caller.proved !== known.code) return "other_identity";
  if (known.sources !== null && !isFromSources(caller.source, known.sources)) return "source_not_allowed";
  if (known.lockedTo !== null && caller.source !== known.lockedTo) return "other_source";
  return null;
}

/** The alarm for a wrong way, told only about who has proved that it is the one. */
export function alarmWrongWay<Claim>(r: Registrar<Claim>, code: string, wrong: WrongWay, caller: Caller): void {
  r.alarm(code, ALARMS[wrong], { source: caller.source });
}

/** Closes a socket that has not registered, and says why in the log. */
export type GiveUp = (why: string, fields?: object) => null;

/**
 * Claims a concentrator whose link cannot prove who is there: only one that its archive expressly allows, and not while a
 * session of it is fresh. Closes the socket and says what to do when it may not come in.
 */
export async function claimUnproved<Claim>(
  socket: Socket,
  { code, kind, caller }: { code: string; kind: LinkKind; caller: Caller },
  r: Registrar<Claim>,
  giveUp: GiveUp,
): Promise<Claim | null> {
  const refuse = (why: keyof typeof REFUSALS) => giveUp(why, { concentrator: code, kind, todo: REFUSALS[why] });
  const known = await r.known(code);
  if (known === null) return refuse("unknown");
  if (known.kind !== kind) return refuse("other_kind");
  const wrong = whyNotLikeThis(known, caller);
  if (wrong !== null) {
    alarmWrongWay(r, code, wrong, caller);
    return refuse(wrong);
  }
  if (known.trust === "none") return refuse("not_allowed");
  if (known.direction === "listens") return refuse("collector_dials");
  if (!r.mayTakeOver(code)) {
    r.collided(code, caller.source);
    return refuse("too_soon");
  }
  if (socket.destroyed) return giveUp("hung_up", { concentrator: code });
  const claim = await r.claim(code, kind, caller);
  return claim === null ? refuse("vanished") : claim;
}
