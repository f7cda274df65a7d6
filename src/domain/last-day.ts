import { HOUR_MS, type Instant, MINUTE_MS } from "#base/time.ts";

/**
 * What was heard of a meter in an hour: it answered; it was silent; its concentrator had no connection; nothing at all was asked through its
 * concentrator; or there is no reading and nothing that tells why.
 */
export const heardStates = ["answered", "silent", "offline", "unasked", "none"] as const;
export type HeardState = (typeof heardStates)[number];

/** One hour of a meter. `offMinutes`: for so long supply was off by what its switch showed; null when that is not known. */
export type MeterHour = { at: number; heard: HeardState; readings: number; offMinutes: number | null };

/** What is stored about the last hours of a meter. Times are epoch ms. */
export type LastDayFacts = {
  readonly now: Instant;
  readonly createdAt: number;
  readonly lastAnswerAt: number;
  readonly silentRounds: number;
  /** What the switch showed last; null where it cannot be read. */
  readonly relay: "open" | "closed" | null;
  /** How many readings there are of an hour, by its beginning. */
  readonly readings: ReadonlyMap<number, number>;
  /** In their order: every change of the switch within the hours, and silences from the last one before them on. */
  readonly events: readonly {
    readonly at: number;
    readonly kind: LastDayEvent;
    readonly lastAnswerAt: number | null;
  }[];
  /** Since when its concentrator has no connection; null while it has one. */
  readonly offlineSince: number | null;
  /** Beginnings of hours in which its concentrator was asked anything. */
  readonly askedHours: ReadonlySet<number>;
};
/** The events that tell of it. */
export const lastDayEvents = ["tripped", "closed", "silent", "answering"] as const;
export type LastDayEvent = (typeof lastDayEvents)[number];

const HOURS = 24;

/** The beginning of the first hour that is shown. Full hours in Asia/Shanghai are full hours everywhere. */
export function lastDayFrom(now: Instant): number {
  return hourOf(now) - (HOURS - 1) * HOUR_MS;
}

/** A meter's last 24 hours, oldest first; the last one still runs. An answer in an hour outweighs a silence in the rest of it. */
export function lastDay(facts: LastDayFacts): MeterHour[] {
  const { now, createdAt, readings } = facts;
  const silences = silencesOf(facts);
  const off = facts.relay === null ? null : offStretches(facts);
  return Array.from({ length: HOURS }, (_, i) => {
    const at = lastDayFrom(now) + i * HOUR_MS;
    const hour = { from: at, to: Math.min(now, at + HOUR_MS) };
    const known = hour.to > createdAt;
    return {
      at,
      heard: known ? heardIn(hour, facts, silences) : "none",
      readings: readings.get(at) ?? 0,
      offMinutes: off === null || !known ? null : minutesIn(hour, off),
    };
  });
}

type Stretch = { from: number; to: number };

function heardIn(hour: Stretch, facts: LastDayFacts, silences: readonly Stretch[]): HeardState {
  if ((facts.readings.get(hour.from) ?? 0) > 0 || hourOf(facts.lastAnswerAt) === hour.from) return "answered";
  if (facts.offlineSince !== null && facts.offlineSince < hour.to) return "offline";
  if (silences.some((silence) => overlap(silence, hour) > 0)) return "silent";
  // Of the hour that runs the first question may still come.
  return facts.askedHours.has(hour.from) || hourOf(facts.now) === hour.from ? "none" : "unasked";
}

/** A silence is noticed after some rounds and began with the last answer. */
function silencesOf({ events, now, silentRounds, lastAnswerAt }: LastDayFacts): Stretch[] {
  const noticed = events.flatMap((event, i) =>
    event.kind === "silent"
      ? [
          {
            from: event.lastAnswerAt ?? event.at,
            to: events.slice(i).find((each) => each.kind === "answering")?.at ?? now,
          },
        ]
      : [],
  );
  return silentRounds > 0 ? [...noticed, { from: lastAnswerAt, to: now }] : noticed;
}

/** Each change tells how it was from then on, and the first one also how it was before. */
function offStretches({ events, now, relay, createdAt }: LastDayFacts): Stretch[] {
  const changes = events.filter(({ kind }) => kind === "tripped" || kind === "closed");
  const offBefore = changes[0] === undefined ? relay === "open" : changes[0].kind === "closed";
  const begins = [
    { at: createdAt, off: offBefore },
    ...changes.map(({ at, kind }) => ({ at, off: kind === "tripped" })),
  ];
  return begins.flatMap(({ at, off }, i) => (off ? [{ from: at, to: begins[i + 1]?.at ?? now }] : []));
}

/** Whole minutes; what is shorter counts as one. */
function minutesIn(hour: Stretch, stretches: readonly Stretch[]): number {
  const ms = stretches.reduce((sum, each) => sum + overlap(each, hour), 0);
  return ms === 0 ? 0 : Math.max(1, Math.round(ms / MINUTE_MS));
}

function overlap(a: Stretch, b: Stretch): number {
  return Math.max(0, Math.min(a.to, b.to) - Math.max(a.from, b.from));
}

function hourOf(at: number): number {
  return Math.floor(at / HOUR_MS) * HOUR_MS;
}
