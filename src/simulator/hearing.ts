import type { Clock } from "#base/time.ts";
import { type Bytes, concat } from "#protocol/bytes.ts";
import { answer, type Heard, heardIn, isCalled, isForAll } from "./answer.ts";
import type { Sound, Via } from "./bus.ts";
import { type Faults, flipBit } from "./faults.ts";
import type { Meter } from "./meters.ts";

/** What the meters of a town need to answer. */
export type Hearing = {
  /** By number. Meters of different protocols may share an address. */
  meters: ReadonlyMap<string, Meter>;
  byAddress: ReadonlyMap<string, readonly Meter[]>;
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
  const sounds = heardIn(call.request).flatMap((heard) =>
    metersCalled(hearing, call, heard).flatMap((meter) => ask(hearing, meter, heard, call.request) ?? []),
  );
  const [first] = sounds;
  if (first === undefined || sounds.length === 1) return sounds;
  return [{ bytes: flipBit(first.bytes, COLLISION_AT), lateMs: first.lateMs }];
}

function metersCalled({ meters, byAddress, faults }: Hearing, call: Call, heard: Heard): Meter[] {
  const { address } = heard.frame;
  const isForMany = isForAll(heard) || /a/i.test(address);
  const candidates = byAddress.get(address) ?? (isForMany ? [...meters.values()] : []);
  return candidates.filter((meter) => {
    const { plan } = meter;
    const onBus = plan.concentrator === call.concentrator && plan.port === call.port && isOnTheWay(plan, call.via);
    return onBus && isCalled(meter, heard) && !faults.isMeterOffline(plan.number);
  });

  /** Behind a gateway only what comes through it is heard, and only while it is there. */
  function isOnTheWay({ gateway }: Meter["plan"], via: Via): boolean {
    if (gateway === undefined) return via === null || via === "any";
    return (via === "any" || via === gateway) && !faults.isMeterOffline(gateway);
  }
}

/** One meter's part. What it did is on the disk before a byte of it is told, and stands when the telling fails. */
function ask({ faults, now, live, save }: Hearing, meter: Meter, sent: Heard, request: Bytes): Sound | null {
  const { number, concentrator } = meter.plan;
  const strike = faults.draw(concentrator, number);
  if (strike.loseRequest) return null;
  const heard = strike.corruptRequest ? heardIn(flipBit(request, strike.bit))[0] : sent;
  if (!heard || !isCalled(meter, heard)) return null;
  const before = live(meter).state.revision;
  const replies = [answer(meter, heard, now())];
  if (strike.duplicate) replies.push(answer(meter, heard, now()));
  if (meter.state.revision !== before) save();
  const spoken = replies.filter((reply) => reply !== null);
  if (strike.loseAnswer || spoken.length === 0) return null;
  const bytes = concat(...spoken);
  return { bytes: strike.corruptAnswer ? flipBit(bytes, strike.bit) : bytes, lateMs: strike.lateMs };
}
