import { DAY_MS, type Instant } from "#base/time.ts";
import { type AlarmEnd, type LockEvidence, levelOf } from "#domain/alarm.ts";
import { isAhead } from "#domain/clock-ahead.ts";
import type { LoadGuardShown } from "#domain/load-guard.ts";
import { changeAlarm, openAlarm, openAlarmOf } from "#store/alarms.ts";
import type { Tx } from "#store/db.ts";
import { addEvents, eventId, type NewMeterEvent } from "#store/events.ts";
import { loadGuards, saveGuardShown } from "#store/load-guard.ts";
import type { LoadGuardTable } from "#store/schema-load-guard.ts";
import type { FlowContext } from "./context.ts";

/** What a meter told of its load guard, and when. */
export type GuardTold = { meterId: number; at: Instant; shown: LoadGuardShown };

/**
 * Takes what meters told of their load guards, in the transaction of the batch that brought it: trips that happened since (also between two rounds) come
 * into the history, a lock-out opens an alarm, and a release ends it.
 */
export async function takeLoadGuards(ctx: FlowContext, tx: Tx, told: readonly GuardTold[]): Promise<void> {
  if (told.length === 0) return;
  const before = await loadGuards(tx, [...new Set(told.map((each) => each.meterId))]);
  for (const each of told.toSorted((a, b) => a.at - b.at)) {
    const known = before.get(each.meterId);
    if (known !== undefined && each.at < known.seen_at && !isAhead(known.seen_at, ctx.clock())) continue;
    await takeOne(ctx, tx, known, each);
    before.set(each.meterId, seenRow(known, each));
  }
}

function seenRow(known: LoadGuardTable | undefined, { at, shown }: GuardTold): LoadGuardTable {
  return { ...(known as LoadGuardTable), state: shown.state, total: shown.total, seen_at: at };
}

async function takeOne(
  ctx: FlowContext,
  tx: Tx,
  known: LoadGuardTable | undefined,
  { meterId, at, shown }: GuardTold,
): Promise<void> {
  await saveGuardShown(tx, meterId, at, shown);
  const events = [...eventsOf(known, { meterId, at, shown })];
  if (events.length === 0) return;
  await addEvents(tx, events);
  await tx.updateTable("meter_state").set({ changed_at: ctx.clock() }).where("meter_id", "=", meterId).execute();
  if (shown.state === "locked") await alarm(ctx, tx, { meterId, at, shown });
  else await endLockAlarm(ctx, tx, meterId, "released");
}

function* eventsOf(known: LoadGuardTable | undefined, { meterId, at, shown }: GuardTold): Iterable<NewMeterEvent> {
  const { cause, trips, total, powerW, state } = shown;
  const event = (
    kind: "load_guard_tripped" | "load_guard_locked" | "load_guard_released",
    severity: NewMeterEvent["severity"],
    when: Instant,
  ): NewMeterEvent => ({
    ...{ id: eventId(meterId, kind, when), meterId, at: when, kind, severity },
    detail: { cause, trips, total, powerW },
  });
  // The first word of a meter that was there before may tell of trips long ago: those are no news.
  const isNews = known === undefined || known.state === null ? state !== "free" : total !== known.total;
  if (isNews) yield event("load_guard_tripped", "warning", timeOf(shown, at));
  if (state === "locked" && known?.state !== "locked") yield event("load_guard_locked", "alarm", at);
  if (state !== "locked" && known?.state === "locked") yield event("load_guard_released", "info", at);
}

/** When it tripped, by its own clock where that may be right. */
function timeOf({ trippedAt }: LoadGuardShown, at: Instant): Instant {
  return trippedAt !== null && trippedAt <= at && trippedAt > at - DAY_MS ? trippedAt : at;
}

async function alarm(ctx: FlowContext, tx: Tx, { meterId, at, shown }: GuardTold): Promise<void> {
  const { cause, trips, total, powerW, trippedAt } = shown;
  const now = ctx.clock();
  const { index_wh, index_at } = await tx
    .selectFrom("meter_state")
    .select(["index_wh", "index_at"])
    .where("meter_id", "=", meterId)
    .executeTakeFirstOrThrow();
  const evidence: LockEvidence = { cause: cause ?? "max_load", trips, total, powerW, trippedAt: trippedAt ?? at };
  await openAlarm(tx, {
    ...{ id: ctx.newId(now), meter_id: meterId, kind: "safety_lock", level: levelOf.safety_lock },
    ...{ open_mark: 1, opened_at: now, since_at: timeOf(shown, at), evidence: JSON.stringify(evidence) },
    ...{ index_wh: index_wh ?? 0, index_at },
    ...{ acknowledged_by: null, acknowledged_at: null, acknowledge_note: "" },
    ...{ closed_at: null, closed_how: null, finding: null, visited_by: null, visited_at: null, visit_note: "" },
  });
}

/** The meter is locked no more, or nobody can tell: the alarm about it ends. */
export async function endLockAlarm(
  ctx: FlowContext,
  tx: Tx,
  meterId: number,
  how: Exclude<AlarmEnd, "visit">,
): Promise<void> {
  const open = await openAlarmOf(tx, meterId, "safety_lock");
  if (open === undefined) return;
  await changeAlarm(tx, open.id, "open", { open_mark: null, closed_at: ctx.clock(), closed_how: how });
}
