import { DAY_MS, dayOf, HOUR_MS, type Instant, instant, later, MINUTE_MS, startOfDay } from "#base/time.ts";
import type { PastVisit } from "#flows/record-past.ts";
import type { Bytes } from "#protocol/bytes.ts";
import { type Bus, PRIORITY } from "./bus.ts";
import type { FreezeWay, MeterAnswer, RecordWay } from "./drivers/driver.ts";
import { driverOf } from "./drivers/drivers.ts";
import { placeOfFreeze } from "./freeze-search.ts";
import { readClock } from "./meter-clock.ts";
import { meterQuestion, READ_TRIES } from "./meter-readings.ts";
import { emptyVisit, type PastTask } from "./past-work.ts";

/** A clock that is out by so much has other dates on its freezes: nothing is learnt from them until it is set. */
const DATES_WRONG_MS = 12 * HOUR_MS;
/** So near to its midnight a meter may freeze between two questions, and every freeze moves by one place. */
const NEAR_MIDNIGHT_MS = 10 * MINUTE_MS;
/** ERR of DL/T 645: the meter has no such data. */
const NO_SUCH_DATA = 0x02;

type Told = { kind: "told"; answer: MeterAnswer; at: Instant } | { kind: "silent" } | { kind: "closed" };
type Ask = (bytes: Bytes, replyBytes?: number) => Promise<Told>;

/**
 * Asks one meter for what is missing of its past: its clock, its freezes, its load records. The first silence ends the visit; what was told
 * before counts. Null when the session ended on the way.
 */
export async function visitMeter(bus: Bus, task: PastTask): Promise<PastVisit | null> {
  const { meter, midnights } = task;
  const driver = driverOf(meter);
  const visit = emptyVisit(task);
  const asking = { priority: task.isLate ? PRIORITY.scheduled : PRIORITY.backfill, order: 0, tries: READ_TRIES };
  let isClosed = false;
  const ask: Ask = async (bytes, replyBytes) => {
    const question = { ...meterQuestion(meter, bytes, null), ...(replyBytes !== undefined && { replyBytes }) };
    const told = await bus.ask(question, asking);
    if (told.kind === "closed") isClosed = true;
    if (told.kind === "silent") visit.trouble = "silent";
    return told.kind === "answered" ? { kind: "told", answer: told.answer, at: told.at } : { kind: told.kind };
  };
  if (task.clock && driver.clock !== null) {
    const shown = await readClock(bus, meter, driver.clock, asking);
    if (shown.kind === "closed") return null;
    if (shown.kind === "silent") visit.trouble = "silent";
    else visit.clock = shown.clock;
  }
  const offsetMs = visit.clock?.offsetMs ?? task.offsetMs;
  if (visit.trouble === null && driver.freezes !== null && midnights.length > 0) {
    if (offsetMs !== null && Math.abs(offsetMs) > DATES_WRONG_MS) visit.trouble = "clock";
    else await fetchFreezes(ask, visit, { task, way: driver.freezes, offsetMs });
  }
  if (visit.trouble === null && driver.records !== null && task.records !== null) {
    await fetchRecords(ask, visit, { task, way: driver.records });
  }
  return isClosed ? null : visit;
}

type Fetching<Way> = { task: PastTask; way: Way };

/** The places of all wanted midnights first, then what was frozen there; in the end, where it matters, whether the places still hold. */
async function fetchFreezes(
  ask: Ask,
  visit: PastVisit,
  { task, way, offsetMs }: Fetching<FreezeWay> & { offsetMs: number | null },
): Promise<void> {
  const { address } = task.meter;
  const known = new Map<number, Instant | null>();
  const timeOf = async (n: number) => {
    const told = await ask(way.encodeTime(address, n));
    if (told.kind !== "told") return undefined;
    return { at: frozenAt(told.answer), heardAt: told.at };
  };
  const frozen: { at: Instant; indexWh: number }[] = [];
  const none: Instant[] = [];
  let heardAt: Instant | null = null;
  // The oldest is looked for first: when nothing was left out since, the places of all others follow.
  const places = new Map<Instant, number>();
  for (const midnight of task.midnights.toReversed()) {
    for (let place = placeOfFreeze(midnight, known, way.kept); ; place = placeOfFreeze(midnight, known, way.kept)) {
      if (place.kind === "none") none.push(midnight);
      if (place.kind === "not_yet") notYet(visit, { midnight, offsetMs, heardAt, none });
      if (place.kind === "at") places.set(midnight, place.n);
      if (place.kind !== "ask") break;
      const told = await timeOf(place.n);
      if (told === undefined) return;
      if (told.at === "refused") {
        visit.trouble = "refused";
        return;
      }
      heardAt = told.heardAt;
      known.set(place.n, told.at);
    }
  }
  for (const midnight of task.midnights) {
    const n = places.get(midnight);
    if (n === undefined) continue;
    const told = await ask(way.encodeIndex(address, n));
    if (told.kind === "closed") return;
    if (told.kind === "silent") break;
    const { answer } = told;
    if (answer.kind === "past" && answer.told.what === "frozen")
      frozen.push({ at: midnight, indexWh: answer.told.energyWh });
    else if (isNoData(answer)) none.push(midnight);
    else visit.trouble = "refused";
  }
  if (isNearMidnight(heardAt, offsetMs)) {
    const again = await timeOf(1);
    if (again === undefined || again.at !== known.get(1)) {
      visit.trouble ??= "not_yet";
      return;
    }
  }
  Object.assign(visit, { frozen, none });
}

/** The freeze of a midnight is not there: a meter whose clock is past it left it out; the freeze of another is still to come. */
function notYet(
  visit: PastVisit,
  seen: { midnight: Instant; offsetMs: number | null; heardAt: Instant | null; none: Instant[] },
): void {
  const { midnight, offsetMs, heardAt, none } = seen;
  const shows = offsetMs === null || heardAt === null ? null : heardAt + offsetMs;
  if (shows !== null && shows > midnight + NEAR_MIDNIGHT_MS) none.push(midnight);
  else visit.trouble = "not_yet";
}

function isNearMidnight(heardAt: Instant | null, offsetMs: number | null): boolean {
  if (heardAt === null) return false;
  if (offsetMs === null) return true;
  const shown = instant(heardAt + offsetMs);
  const since = shown - startOfDay(dayOf(shown));
  return since < NEAR_MIDNIGHT_MS || since > DAY_MS - NEAR_MIDNIGHT_MS;
}

function frozenAt(answer: MeterAnswer): Instant | null | "refused" {
  if (answer.kind === "past" && answer.told.what === "frozen_at") return answer.told.at;
  return isNoData(answer) ? null : "refused";
}

function isNoData(answer: MeterAnswer): boolean {
  return answer.kind === "refused" && (answer.code & NO_SUCH_DATA) !== 0;
}

/**
 * Asks on from where the last answer ended; an answer without any ends it: there is none up to where was asked. One with older records alone may
 * be the late answer to the question before, which tells its kind but not its time: it is asked once more.
 */
async function fetchRecords(ask: Ask, visit: PastVisit, { task, way }: Fetching<RecordWay>): Promise<void> {
  if (task.records === null) return;
  const { to } = task.records;
  const records: { at: Instant; indexWh: number }[] = [];
  let from = task.records.from;
  let recordedTo: Instant | null = null;
  let mayBeLate = true;
  while (from <= to) {
    const count = Math.min(way.atOnce, (to - from) / way.everyMs + 1);
    const told = await ask(way.encode(task.meter.address, from, count), way.replyBytes);
    if (told.kind !== "told") break;
    const { answer } = told;
    const hasNone = isNoData(answer);
    if (!hasNone && (answer.kind !== "past" || answer.told.what !== "records")) {
      visit.trouble = "refused";
      break;
    }
    const points = answer.kind === "past" && answer.told.what === "records" ? answer.told.points : [];
    const wanted = points.filter((point) => point.at >= from && point.at <= to && point.at % way.everyMs === 0);
    for (const { at, energyWh } of wanted) records.push({ at, indexWh: energyWh });
    const last = wanted.at(-1);
    if (last === undefined && mayBeLate && points.some((point) => point.at < from)) {
      mayBeLate = false;
      continue;
    }
    recordedTo = last?.at ?? to;
    if (last === undefined) break;
    mayBeLate = true;
    from = later(last.at, way.everyMs);
  }
  Object.assign(visit, { records, recordedTo });
}
