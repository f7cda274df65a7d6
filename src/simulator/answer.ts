import { assert } from "#base/errors.ts";
import type { Instant } from "#base/time.ts";
import type { Bytes } from "#protocol/bytes.ts";
import { sameMeter188 } from "#protocol/cjt188/commands.ts";
import { encodeFrame188, type Frame188, framesIn188 } from "#protocol/cjt188/frame.ts";
import { BROADCAST, FUNCTION } from "#protocol/dlt645/control.ts";
import { encodeFrame645, type Frame645, framesIn645 } from "#protocol/dlt645/frame.ts";
import type { MeterWire } from "#protocol/link/meter-frame.ts";
import type { MeterProfile } from "#protocol/profiles/profile.ts";
import { profileOf } from "#protocol/profiles.ts";
import { answer188 } from "./answer-188.ts";
import { answer1997 } from "./answer-1997.ts";
import { answer2007, covers } from "./answer-2007.ts";
import { answerLoadGuard } from "./answer-load-guard.ts";
import { answerMemory } from "./answer-memory.ts";
import type { Meter } from "./meters.ts";

/** One frame that all meters of a bus hear; each understands those of its own protocol. */
export type Heard = { wire: "dlt645"; frame: Frame645 } | { wire: "cjt188"; frame: Frame188 };

/** Every whole frame in bytes that were put on a bus. */
export function heardIn(request: Bytes): Heard[] {
  return [
    ...framesIn645(request).map((frame) => ({ wire: "dlt645", frame }) as const),
    ...framesIn188(request).map((frame) => ({ wire: "cjt188", frame }) as const),
  ];
}

/** Whether bytes on a bus hold a whole frame of any protocol: then an answer is complete. */
export function holdsFrame(heard: Bytes): boolean {
  return framesIn645(heard).length > 0 || framesIn188(heard).length > 0;
}

/** Whether a frame is for every meter on the bus: the time that is called out (广播校时). Nobody answers it. */
export function isForAll({ wire, frame }: Heard): boolean {
  return wire === "dlt645" && frame.address === BROADCAST && frame.control === FUNCTION.setClock;
}

/** Whether a frame calls this meter: of its kind of frames, to its address or to a wildcard that holds it. */
export function isCalled(meter: Meter, heard: Heard): boolean {
  const { address } = meter.plan;
  const profile = modelOf(meter);
  if (heard.wire !== wireOf(profile)) return false;
  if (heard.wire === "dlt645") return isForAll(heard) || covers(heard.frame.address, address);
  return sameMeter188(heard.frame, { meterType: profile.quirks.meterType ?? 0, address });
}

/** What the meter says after doing what the frame asks, in its own protocol; null is silence. */
export function answer(meter: Meter, heard: Heard, now: Instant): Bytes | null {
  const profile = modelOf(meter);
  if (heard.wire === "cjt188") {
    const reply = answer188(meter, profile, heard.frame, now);
    return reply && encodeFrame188(reply, profile.wakeUpBytes);
  }
  const reply =
    profile.protocol === "dlt645-1997"
      ? answer1997(meter, profile, heard.frame, now)
      : (answerMemory(meter, profile, heard.frame, now) ??
        answerLoadGuard(meter, profile, heard.frame) ??
        answer2007(meter, heard.frame, now));
  return reply && encodeFrame645(reply, profile.wakeUpBytes);
}

function modelOf({ plan }: Meter): MeterProfile {
  const profile = profileOf(plan.profile);
  assert(profile !== undefined, `the town has no meters of profile ${plan.profile}`);
  return profile;
}

function wireOf({ protocol }: MeterProfile): MeterWire {
  return protocol === "cjt188" ? "cjt188" : "dlt645";
}
