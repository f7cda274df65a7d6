/** Why the freeze of a day is not there (缺数原因). */
export const missingReasons = [
  /** The meter was asked, and kept nothing at that midnight. */
  "none",
  /** The device that hangs there now came after that midnight. */
  "other_device",
  /** Longer ago than the model remembers. */
  "too_old",
  /** The concentrator has no connection. */
  "offline",
  /** The meter does not answer at all. */
  "silent",
  /** It answers, but not about its past: no answer, a refusal, a clock that shows other days, or a freeze that is not made yet. */
  "no_answer",
  "refused",
  "clock",
  "not_yet",
  /** It will be asked: the bus has other things to do first. */
  "waiting",
] as const;
/** One of {@link missingReasons}. */
export type MissingReason = (typeof missingReasons)[number];

/** What is known about a meter and a midnight whose freeze is not there. */
export type MissingFacts = {
  midnight: number;
  now: number;
  keptMs: number;
  toldNone: boolean;
  /** From when on the device counts; null while nothing was ever asked of it. */
  since: number | null;
  online: boolean;
  silentRounds: number;
  lastAnswerAt: number;
  trouble: "silent" | "refused" | "clock" | "not_yet" | null;
};

/** The first reason that explains it: what can never be had comes before what only takes time. */
export function whyMissing(facts: MissingFacts): MissingReason {
  if (facts.toldNone) return "none";
  if (facts.since !== null && facts.midnight <= facts.since) return "other_device";
  if (facts.midnight < facts.now - facts.keptMs) return "too_old";
  if (!facts.online) return "offline";
  if (facts.silentRounds > 0 || facts.lastAnswerAt === 0) return "silent";
  return facts.trouble === "silent" ? "no_answer" : (facts.trouble ?? "waiting");
}
