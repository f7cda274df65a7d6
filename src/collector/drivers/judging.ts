import type { Judged, MeterAnswer } from "./driver.ts";

/** Among everything heard, only the frame that belongs to the question counts; a late or foreign one may precede it. */
export function judgeFrames<Frame>(
  heard: readonly Frame[],
  how: { isOwn(frame: Frame): boolean; isSameMeter(frame: Frame): boolean; decode(frame: Frame): MeterAnswer },
): Judged {
  const own = heard.findLast((each) => how.isOwn(each));
  if (own !== undefined) return { kind: "answered", answer: how.decode(own) };
  if (heard.length === 0) return { kind: "silent", why: "corrupt" };
  return { kind: "silent", why: heard.some((each) => how.isSameMeter(each)) ? "mismatch" : "foreign" };
}

/** The first phase that is there: single-phase meters have one. Undefined readings of all phases give null. */
export function firstPresent(phases: readonly (number | null)[]): number | null {
  return phases.find((each) => each !== null) ?? null;
}
