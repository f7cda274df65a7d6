import type { Clock } from "#base/time.ts";
import { type Bytes, concat } from "#protocol/bytes.ts";
import { encodeFrame645, type Frame645, framesIn645 } from "#protocol/dlt645/frame.ts";
import { answer, covers } from "./answer.ts";
import type { Sound, Via } from "./bus.ts";
import { type Faults, flipBit } from "./faults.ts";
import type { Meter } from "./meters.ts";

/** What the meters of a town need to answer. */
export type Hearing = {
  meters: ReadonlyMap<string, Meter>;
  faults: Faults;
  now: Clock;
  /** Brings a meter to the present. */
  live(meter: Meter): Meter;
  /** Returns when everything that the meters know is on the disk. */
  save(): void;
};

/** Bytes that were sent over one bus. */
export type Call = { concentrator: string; port: number; request: Bytes; via: Via };

/** Several meters at once are a collision: this place of the first answer is turned over, so that it is no frame. */
const COLLISION_AT = 0.9;

/** What the meters on a bus do and say to a request, with the luck that each has: the bus without its time. */
export function hearRequest(hearing: Hearing, call: Call): Sound[] {
  const sounds = framesIn645(call.request).flatMap((frame) =>
    metersCalled(hearing, call, frame).flatMap((meter) => ask(hearing, meter, frame, call.request) ?? []),
  );
  const [first] = sounds;
  if (first === undefined || sounds.length === 1) return sounds;
  return [{ bytes: flipBit(first.bytes, COLLISION_AT), lateMs: first.lateMs }];
}

function metersCalled({ meters, faults }: Hearing, call: Call, { address }: Frame645): Meter[] {
  const exact = meters.get(address);
  const candidates = exact ? [exact] : /a/i.test(address) ? [...meters.values()] : [];
  return candidates.filter(({ plan }) => {
    const onBus = plan.concentrator === call.concentrator && plan.port === call.port && isOnTheWay(plan, call.via);
    return onBus && covers(address, plan.address) && !faults.isMeterOffline(plan.address);
  });

  /** Behind a gateway only what comes through it is heard, and only while it is there. */
  function isOnTheWay({ gateway }: Meter["plan"], via: Via): boolean {
    if (gateway === undefined) return via === null || via === "any";
    return (via === "any" || via === gateway) && !faults.isMeterOffline(gateway);
  }
}

/** One meter's part. What it did is on the disk before a byte of it is told, and stands when the telling fails. */
function ask({ faults, now, live, save }: Hearing, meter: Meter, frame: Frame645, request: Bytes): Sound | null {
  const { address, concentrator } = meter.plan;
  const strike = faults.draw(concentrator, address);
  if (strike.loseRequest) return null;
  const heard = strike.corruptRequest ? framesIn645(flipBit(request, strike.bit))[0] : frame;
  if (!heard) return null;
  const before = live(meter).state.revision;
  const replies = [answer(meter, heard, now())];
  if (strike.duplicate) replies.push(answer(meter, heard, now()));
  if (meter.state.revision !== before) save();
  const spoken = replies.filter((reply) => reply !== null).map((reply) => encodeFrame645(reply));
  if (strike.loseAnswer || spoken.length === 0) return null;
  const bytes = concat(...spoken);
  return { bytes: strike.corruptAnswer ? flipBit(bytes, strike.bit) : bytes, lateMs: strike.lateMs };
}
