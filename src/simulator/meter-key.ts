import { assert } from "#base/errors.ts";
import type { Instant } from "#base/time.ts";
import { type Bytes, fromHex, toHex } from "#protocol/bytes.ts";
import type { Frame645 } from "#protocol/dlt645/frame.ts";
import {
  decodeKeyUpdate,
  encodeKeyUpdateReply,
  KEY_UPDATE_DI,
  KEY_VERSION_MAX,
  keyCheck,
  keyInfoHex,
  openKeyUpdate,
} from "#protocol/dlt645/meter-key.ts";
import { encodeTopUpRefusal } from "#protocol/dlt645/prepay.ts";
import { decodeSecurity, encodeSecurityReply } from "#protocol/dlt645/security.ts";
import { SERR } from "#protocol/dlt645/status.ts";
import { nodeCiphers } from "#system/crypto.ts";
import { countBadMac, isLocked } from "./mac-lock.ts";
import type { Meter } from "./meters.ts";

/** The status query (状态查询): credit, count, customer and which key there is. */
export const QUERY_DI = "078102FF";

/** The key that protects this meter's top-ups now: the one of its production until it was given another. */
export function rechargeKey({ plan, state }: Meter): Bytes {
  const key = fromHex(state.key ?? plan.rechargeKey);
  assert(key?.length === 16, `meter ${plan.address} has a key of 16 bytes`);
  return key;
}

/** Whether this frame of function 03 asks for the state, or changes the key. */
export function isKeyMatter(di: string | null): boolean {
  return di === QUERY_DI || di === KEY_UPDATE_DI;
}

/** Answers the status query (JC1: MACs are 0, key information is version and check value) or takes a new key. */
export function answerKeyMatter(meter: Meter, frame: Frame645, di: string | null, now: Instant): Frame645 {
  if (di !== QUERY_DI) return takeKey(meter, frame, now);
  const asked = decodeSecurity(frame);
  return asked.ok ? tellState(meter) : encodeTopUpRefusal(meter.plan.address, SERR.other);
}

function tellState(meter: Meter): Frame645 {
  const { plan, state } = meter;
  return encodeSecurityReply(plan.address, QUERY_DI, {
    kind: "wallet",
    amount: Math.floor(Math.max(0, state.creditWh) / 10),
    mac1: "00000000",
    count: state.purchaseCount,
    mac2: "00000000",
    customer: plan.customerNumber,
    keyInfo: keyInfoHex({ version: state.keyVersion ?? 1, check: keyCheck(nodeCiphers, rechargeKey(meter)) }),
  });
}

/** The repeat of the update that is already in succeeds unchanged; else lock, versions and MAC, in this order. */
function takeKey(meter: Meter, frame: Frame645, now: Instant): Frame645 {
  const { plan, state } = meter;
  const refuse = (serr: number) => encodeTopUpRefusal(plan.address, serr);
  const asked = decodeKeyUpdate(frame);
  if (!asked) return refuse(SERR.other);
  const present = state.keyVersion ?? 1;
  const { from, to } = asked.update;
  if (to === present && state.lastKeyUpdate === toHex(frame.data)) return encodeKeyUpdateReply(plan.address);
  if (isLocked(meter, now)) return refuse(SERR.authentication | SERR.locked);
  if (from !== present || to <= present || to > KEY_VERSION_MAX) return refuse(SERR.other | SERR.keyVersion);
  const key = openKeyUpdate(nodeCiphers, rechargeKey(meter), plan.address, asked);
  if (!key) return refuse(countBadMac(meter, now));
  Object.assign(state, { key: toHex(key), keyVersion: to, lastKeyUpdate: toHex(frame.data), badMacs: 0 });
  state.revision++;
  return encodeKeyUpdateReply(plan.address);
}
