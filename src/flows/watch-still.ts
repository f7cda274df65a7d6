import { DAY_MS, HOUR_MS, type Instant, instant, later } from "#base/time.ts";
import { levelOf, type StillEvidence } from "#domain/alarm.ts";
import {
  afterVisit,
  excusedWithoutReadings,
  hasMoved,
  judgeStill,
  STATIC_RULE,
  type StaticRule,
  type StillFacts,
  type StillLine,
  type StillVerdict,
  VACANCY_QUIET_MS,
} from "#domain/static-rule.ts";
import { SILENT_ROUNDS_MAX } from "#domain/tile.ts";
import {
  beganAgainAt,
  changeAlarm,
  dueWatches,
  lastVisit,
  lookAgain,
  openAlarm,
  openAlarmOf,
  openToReconsider,
  type StillRow,
  staticRules,
  stillRows,
  watchNewMeters,
} from "#store/alarms.ts";
import type { Tx } from "#store/db.ts";
import { addEvents, eventId } from "#store/events.ts";
import { linesWithin } from "#store/index-line.ts";
import { claimMeterState } from "#store/meters.ts";
import type { AlarmTable } from "#store/schema-alarms.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";

/** Meters are read up to once a day: the reading before a period may lie so far before it. */
const SLACK_MS = 2 * DAY_MS;
/** An alarm that is open is looked at again so late at the latest. */
const OPEN_AGAIN_MS = HOUR_MS;
/** How far back it is looked for the beginning of a stillness once it is found. */
const LOOK_BACK_MS = 60 * DAY_MS;
/** Readings of so many meters are held in memory at once. */
const METERS_AT_ONCE = 100;

/** What one look did; `more`: others are due at once. */
export type Looked = { opened: number; closed: number; more: boolean };

/**
 * Looks at up to `limit` meters that may have begun to stand still (静止), and at those with an open alarm that have moved since. A meter in
 * ordinary use is looked at once in a period, because nothing can be found earlier. Any server may do it, several at once, and again.
 */
export async function watchStill(ctx: FlowContext, limit: number): Promise<Looked> {
  const fresh = await decide(ctx.db, (tx) => watchNewMeters(tx, limit));
  const closed = await reconsider(ctx, limit);
  const due = await dueWatches(ctx.db.read, ctx.clock(), limit);
  let opened = 0;
  for (let at = 0; at < due.length; at += METERS_AT_ONCE)
    opened += await lookAt(ctx, due.slice(at, at + METERS_AT_ONCE));
  return { opened, closed, more: due.length === limit || fresh === limit };
}

async function lookAt(ctx: FlowContext, due: readonly { meter_id: number; due_at: number }[]): Promise<number> {
  const ids = due.map((each) => each.meter_id);
  const verdicts = await judge(ctx.db.read, ids, ctx.clock());
  let opened = 0;
  const again: { meterId: number; seen: number; againAt: Instant }[] = [];
  for (const { meter_id: meterId, due_at: seen } of due) {
    const verdict = verdicts.get(meterId);
    const isNews = verdict?.still && !(await openAlarmOf(ctx.db.read, meterId, "static"));
    if (isNews && (await open(ctx, meterId))) opened++;
    const againAt = verdict === undefined || verdict.still ? later(ctx.clock(), OPEN_AGAIN_MS) : verdict.againAt;
    again.push({ meterId, seen, againAt });
  }
  await decide(ctx.db, (tx) => lookAgain(tx, again));
  return opened;
}

/** Judged once more where nobody else decides about the meter: a visit, a reading or another server may have come between. */
async function open(ctx: FlowContext, meterId: number): Promise<boolean> {
  return decide(ctx.db, async (tx) => {
    await claimMeterState(tx, meterId);
    const now = ctx.clock();
    const verdict = (await judge(tx, [meterId], now, LOOK_BACK_MS)).get(meterId);
    if (!verdict?.still || (await openAlarmOf(tx, meterId, "static"))) return false;
    const { evidence } = verdict;
    const isNew = await openAlarm(tx, alarmRow(ctx.newId(now), meterId, evidence, now));
    if (isNew) await tell(tx, meterId, "alarm_opened", now, { alarm: "static", sinceAt: evidence.sinceAt });
    return isNew;
  });
}

function alarmRow(id: string, meterId: number, evidence: StillEvidence, now: Instant): AlarmTable {
  return {
    ...{ id, meter_id: meterId, kind: "static", level: levelOf.static, open_mark: 1, opened_at: now },
    ...{ since_at: evidence.sinceAt, evidence: JSON.stringify(evidence) },
    ...{ index_wh: evidence.toWh, index_at: evidence.untilAt },
    ...{ acknowledged_by: null, acknowledged_at: null, acknowledge_note: "" },
    ...{ closed_at: null, closed_how: null, finding: null, visited_by: null, visited_at: null, visit_note: "" },
  };
}

/** Ends open alarms of meters that moved again, or where nobody lives any more. Answers how many. */
async function reconsider(ctx: FlowContext, limit: number): Promise<number> {
  let closed = 0;
  for (let after = 0; ; ) {
    const ids = await openToReconsider(ctx.db.read, after, limit);
    for (const id of ids) if (await endOrKeep(ctx, id)) closed++;
    if (ids.length < limit) return closed;
    after = ids.at(-1) ?? after;
  }
}

async function endOrKeep(ctx: FlowContext, meterId: number): Promise<boolean> {
  return decide(ctx.db, async (tx) => {
    const state = await claimMeterState(tx, meterId);
    const alarm = await openAlarmOf(tx, meterId, "static");
    const [row] = await stillRows(tx, [meterId]);
    if (alarm === undefined || row === undefined) return false;
    const now = ctx.clock();
    const how = row.account_id === null || row.retired_at !== null ? "left" : await movedSince(tx, row, alarm);
    if (how === null) {
      await changeAlarm(tx, alarm.id, "open", { index_wh: state.index_wh ?? alarm.index_wh, index_at: state.index_at });
      return false;
    }
    await changeAlarm(tx, alarm.id, "open", { open_mark: null, closed_at: now, closed_how: how });
    await tell(tx, meterId, "alarm_closed", now, { alarm: "static", ended: how });
    return true;
  });
}

async function movedSince(tx: Tx, row: StillRow, alarm: AlarmTable): Promise<"moved" | null> {
  const rule = (await staticRules(tx)).get(row.project_id) ?? STATIC_RULE;
  const from = Math.min(row.index_at - rule.periodHours * HOUR_MS, alarm.index_at) - SLACK_MS;
  const line = await lineOf(tx, row, instant(Math.max(0, from)));
  return hasMoved(line, rule) ? "moved" : null;
}

/**
 * What is to be thought of some meters now, by what was read in the period and `moreMs` before it. Those that are not there are left out.
 */
async function judge(
  tx: Tx,
  meterIds: readonly number[],
  now: Instant,
  moreMs = SLACK_MS,
): Promise<Map<number, StillVerdict>> {
  const rules = await staticRules(tx);
  const verdicts = new Map<number, StillVerdict>();
  const rest: { row: StillRow; rule: StaticRule; facts: StillFacts }[] = [];
  for (const row of await stillRows(tx, meterIds)) {
    const rule = rules.get(row.project_id) ?? STATIC_RULE;
    const bare = bareFacts(row, now);
    const excused = excusedWithoutReadings(bare, rule, now);
    if (excused) verdicts.set(row.id, excused);
    else rest.push({ row, rule, facts: await withHistory(tx, row, bare, { now, rule, moreMs }) });
  }
  // Of one that was found empty more has to be known than of the others: those are read one by one.
  const alike = rest.filter(({ facts }) => facts.foundEmptyAt === null);
  const lines = new Map(await linesOf(tx, alike, moreMs));
  for (const each of rest)
    if (each.facts.foundEmptyAt !== null)
      for (const [id, line] of await linesOf(tx, [each], moreMs)) lines.set(id, line);
  for (const { row, rule, facts } of rest) {
    const line = lines.get(row.id) ?? { points: [], breaks: [] };
    verdicts.set(row.id, judgeStill(facts, rule, line, now));
  }
  return verdicts;
}

type Judged = { row: StillRow; rule: StaticRule; facts: StillFacts };

async function linesOf(tx: Tx, judged: readonly Judged[], moreMs: number): Promise<ReadonlyMap<number, StillLine>> {
  if (judged.length === 0) return new Map();
  const from = Math.min(...judged.map(({ row, rule, facts }) => windowOf(row, rule, facts) - moreMs));
  const until = Math.max(...judged.map(({ row }) => row.index_at));
  const ids = judged.map(({ row }) => row.id);
  return linesWithin(tx, ids, instant(Math.max(0, from)), instant(until));
}

function bareFacts(row: StillRow, now: Instant): StillFacts {
  return {
    occupied: row.account_id !== null && row.move_out_no === null,
    own: row.mode !== "public" && row.master_of === null && row.retired_at === null,
    off: row.relay === "open",
    // One that is not asked any more (a channel switched off) says as little as one that does not answer.
    silent: row.online !== 1 || row.silent_rounds >= SILENT_ROUNDS_MAX || row.index_at < now - SLACK_MS,
    doubted: row.suspect_wh !== null || row.rejected_wh !== null,
    notBefore: instant(0),
    foundEmptyAt: null,
  };
}

async function withHistory(
  tx: Tx,
  row: StillRow,
  bare: StillFacts,
  { now, rule, moreMs }: { now: Instant; rule: StaticRule; moreMs: number },
): Promise<StillFacts> {
  const began = await beganAgainAt(tx, row.id, instant(Math.max(0, windowOf(row, rule, bare) - moreMs)));
  const visit = await lastVisit(tx, row.id, "static");
  const after = visit === null || visit.at < now - VACANCY_QUIET_MS ? bare : afterVisit(visit.finding, visit.at);
  return {
    ...bare,
    notBefore: instant(Math.max(began, after.notBefore)),
    foundEmptyAt: after.foundEmptyAt,
  };
}

/** From when on the readings of a meter decide. */
function windowOf(row: StillRow, rule: StaticRule, facts: StillFacts): number {
  const period = row.index_at - rule.periodHours * HOUR_MS;
  return Math.min(period, facts.foundEmptyAt ?? period);
}

async function lineOf(tx: Tx, row: StillRow, from: Instant): Promise<StillLine> {
  return (await linesWithin(tx, [row.id], from, instant(row.index_at))).get(row.id) ?? { points: [], breaks: [] };
}

/** Into the meter's history, and onto every board that shows it. */
async function tell(
  tx: Tx,
  meterId: number,
  kind: "alarm_opened" | "alarm_closed",
  at: Instant,
  detail: Readonly<Record<string, string | number>>,
): Promise<void> {
  await tx.updateTable("meter_state").set({ changed_at: at }).where("meter_id", "=", meterId).execute();
  const severity = kind === "alarm_opened" ? "warning" : "info";
  await addEvents(tx, [{ id: eventId(meterId, kind, at), meterId, at, kind, severity, detail }]);
}
