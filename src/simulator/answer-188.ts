import type { Instant } from "#base/time.ts";
import {
  type Call188,
  decodeRequest188,
  encodeAddressReply188,
  encodeError188,
  encodeReadReply188,
  encodeWriteReply188,
  type Purchase188,
  type Request188,
  type ValveAction,
} from "#protocol/cjt188/commands.ts";
import type { Frame188 } from "#protocol/cjt188/frame.ts";
import { DI_188 } from "#protocol/cjt188/items.ts";
import { type Reading188, type Status188, status188, statusWord188 } from "#protocol/cjt188/readings.ts";
import { instantOf, localTimeOf } from "#protocol/dlt645/control.ts";
import type { MeterProfile } from "#protocol/profiles/profile.ts";
import { meterClock, putClock } from "./memory.ts";
import { close, isEmpty, type Meter, open } from "./meters.ts";

/** A register shows 0.01 m³ and begins again after 999 999.99 m³; a purchase counts in 0.01 m³ too. */
const LITRES_SHOWN = 10;
const INDEX_END = 1_000_000_000;
/** The most credit that a meter may hoard: 9 999 m³. */
export const HOARD_LIMIT_LITRES = 9_999_000;

/**
 * What a water meter of CJ/T 188 says; null is silence. It knows identifiers in the order of its edition only, echoes SER,
 * and lets a wildcard read but never command.
 */
export function answer188(meter: Meter, profile: MeterProfile, frame: Frame188, now: Instant): Frame188 | null {
  const asked = decodeRequest188(frame);
  if (!asked.ok || asked.call.order !== profile.quirks.diOrder) return null;
  const { request } = asked;
  const call: Call188 = { ...asked.call, meterType: profile.quirks.meterType ?? 0, address: meter.plan.address };
  if (request.kind === "readAddress") return encodeAddressReply188(call);
  const refuse = () => encodeError188(call, frame.control, statusWord(meter));
  if (request.kind === "read") {
    const reading = readingOf(meter, request.di, now);
    return reading === null ? refuse() : encodeReadReply188(call, request.di, reading);
  }
  if (frame.address !== meter.plan.address) return null;
  const di = carryOut(meter, request, now);
  return di === null ? refuse() : encodeWriteReply188(call, di, statusWord(meter));
}

function readingOf(meter: Meter, di: string, now: Instant): Reading188 | null {
  const { state } = meter;
  if (di === DI_188.reading) {
    const litres = shown(state.indexWh);
    return {
      item: "volume",
      litres,
      settlementLitres: 0,
      clock: localTimeOf(meterClock(meter, now)),
      status: statusOf(meter),
    };
  }
  if (di !== DI_188.purchaseState) return null;
  const steps = (litres: number) => Math.floor(Math.max(0, litres) / LITRES_SHOWN);
  return {
    item: "purchaseState",
    seq: state.purchaseCount & 0xff,
    purchased: state.topUps.at(-1)?.amount ?? 0,
    cumulative: state.topUps.reduce((sum, each) => sum + each.amount, 0),
    remaining: steps(state.creditWh),
    status: statusOf(meter),
  };
}

/** The identifier of what was done; null when it is refused. */
function carryOut(meter: Meter, request: Request188, now: Instant): string | null {
  switch (request.kind) {
    case "valve":
      return turnValve(meter, request.action) ? DI_188.valve : null;
    case "purchase":
      return topUp(meter, request.purchase) ? DI_188.purchase : null;
    case "setClock":
      return putClock(meter, instantOf(request.time), now) ? DI_188.clock : null;
    default:
      return null;
  }
}

/** A broken valve takes the command and stays where it is; ST tells. */
function turnValve(meter: Meter, action: ValveAction): boolean {
  const { state } = meter;
  if (action === "close" ? state.keepSupply : isEmpty(meter)) return false;
  if (state.valveFault === true) return true;
  if (action === "close") open(meter, "command");
  else close(meter);
  return true;
}

/** A013: the repeat of the last purchase changes nothing; any other number than the next is refused. */
function topUp(meter: Meter, { seq, amount }: Purchase188): boolean {
  const { plan, state } = meter;
  if (plan.creditAt !== "meter") return false;
  const data = `${seq}:${amount}`;
  if (seq === (state.purchaseCount & 0xff)) return state.lastTopUp === data;
  const creditWh = state.creditWh + amount * LITRES_SHOWN;
  if (seq !== state.purchaseCount + 1 || creditWh > HOARD_LIMIT_LITRES) return false;
  Object.assign(state, { creditWh, purchaseCount: seq, lastTopUp: data });
  state.topUps.push({ count: seq, amount });
  state.revision++;
  return true;
}

function statusOf(meter: Meter): Status188 {
  return status188(statusWord(meter));
}

function statusWord({ state }: Meter): number {
  return statusWord188(state.valveFault === true ? "abnormal" : state.relayOpen ? "closed" : "open");
}

function shown(litres: number): number {
  return (Math.floor(litres / LITRES_SHOWN) * LITRES_SHOWN) % INDEX_END;
}
