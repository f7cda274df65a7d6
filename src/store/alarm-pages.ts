import type { ExpressionBuilder } from "kysely";
import type { Alarm, AlarmFilter, AlarmSort, AlarmSummary } from "#contract/alarms.ts";
import type { LockEvidence, StillEvidence } from "#domain/alarm.ts";
import type { Scope } from "#domain/permission.ts";
import type { Tx } from "./db.ts";
import { everyPage } from "./every-page.ts";
import { mentions } from "./mentions.ts";
import { isBelow } from "./report-filter.ts";
import type { Schema } from "./schema.ts";
import { inScope } from "./scope.ts";

/** Alarms of one answer. */
export const ALARMS_SHOWN = 50;

type Meters = ExpressionBuilder<Schema, "meter">;

/** Alarms of the meters in the scope that the filter holds. */
function filtered(tx: Tx, scope: Scope, filter: AlarmFilter) {
  const { state, acknowledged, kind, level, finding, areaId, meterId, search } = filter;
  return tx
    .selectFrom("alarm")
    .innerJoin("meter", "meter.id", "alarm.meter_id")
    .leftJoin("account", "account.id", "meter.account_id")
    .leftJoin("customer", "customer.id", "account.customer_id")
    .where((eb) => inScope(eb as unknown as Meters, scope))
    .$if(state !== undefined, (q) => q.where("alarm.open_mark", state === "open" ? "is not" : "is", null))
    .$if(acknowledged !== undefined, (q) =>
      q.where("alarm.acknowledged_at", acknowledged === "yes" ? "is not" : "is", null),
    )
    .$if(kind !== undefined, (q) => q.where("alarm.kind", "=", kind ?? "static"))
    .$if(level !== undefined, (q) => q.where("alarm.level", "=", level ?? "warning"))
    .$if(finding === "none", (q) => q.where("alarm.finding", "is", null))
    .$if(finding !== undefined && finding !== "none", (q) => q.where("alarm.finding", "=", finding as "theft"))
    .$if(areaId !== undefined, (q) => q.where((eb) => isBelow(eb as unknown as Meters, areaId ?? 0)))
    .$if(meterId !== undefined, (q) => q.where("alarm.meter_id", "=", meterId ?? 0))
    .$if(search !== "", (q) => q.where((eb) => mentions(eb, ["meter.label", "meter.number", "customer.name"], search)));
}

function rowsOf(tx: Tx, scope: Scope, filter: AlarmFilter) {
  return filtered(tx, scope, filter)
    .innerJoin("area", "area.id", "meter.area_id")
    .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
    .leftJoin("alarm_photo", "alarm_photo.alarm_id", "alarm.id")
    .selectAll("alarm")
    .select([
      "meter.label",
      "meter.number",
      "meter.kind as meter_kind",
      "area.name as area_name",
      "customer.name as customer_name",
      "meter_state.index_wh as now_wh",
      "meter_state.index_at as now_at",
      "alarm_photo.type as photo_type",
    ]);
}

type Row = Awaited<ReturnType<ReturnType<typeof rowsOf>["executeTakeFirstOrThrow"]>>;

/** One page of the alarms that the filter holds, and how many there are. */
export async function alarmPage(
  tx: Tx,
  scope: Scope,
  input: AlarmFilter & { sort: AlarmSort; page: number },
): Promise<{ items: Alarm[]; pages: number; total: number }> {
  const { total } = await filtered(tx, scope, input)
    .select((eb) => eb.fn.countAll<number>().as("total"))
    .executeTakeFirstOrThrow();
  const order = input.sort;
  const rows = await rowsOf(tx, scope, input)
    .$if(order === "newest", (q) => q.orderBy("alarm.opened_at", "desc"))
    .$if(order === "oldest", (q) => q.orderBy("alarm.opened_at"))
    .$if(order === "longest", (q) => q.orderBy("alarm.since_at"))
    .$if(order === "room", (q) => q.orderBy("meter.label"))
    .orderBy("alarm.id", "desc")
    .offset((input.page - 1) * ALARMS_SHOWN)
    .limit(ALARMS_SHOWN)
    .execute();
  return {
    items: rows.map(toAlarm),
    pages: Math.max(1, Math.ceil(Number(total) / ALARMS_SHOWN)),
    total: Number(total),
  };
}

/** Every alarm that the filter holds, the newest first. */
export function everyAlarm(tx: Tx, scope: Scope, filter: AlarmFilter): AsyncGenerator<Alarm> {
  return everyPage(
    async ({ before, limit }) => {
      const rows = await rowsOf(tx, scope, filter)
        .$if(before !== undefined, (q) => q.where("alarm.id", "<", before ?? ""))
        .orderBy("alarm.id", "desc")
        .limit(limit + 1)
        .execute();
      return { items: rows.slice(0, limit).map(toAlarm), more: rows.length > limit };
    },
    (alarm) => alarm.alarmId,
  );
}

/** One alarm; null outside the scope. */
export async function alarmView(tx: Tx, scope: Scope, id: string): Promise<Alarm | null> {
  const row = await rowsOf(tx, scope, { search: "" }).where("alarm.id", "=", id).executeTakeFirst();
  return row ? toAlarm(row) : null;
}

/** The photo of a visit; null outside the scope, or when there is none. */
export async function alarmPhoto(tx: Tx, scope: Scope, id: string) {
  const row = await tx
    .selectFrom("alarm_photo")
    .innerJoin("alarm", "alarm.id", "alarm_photo.alarm_id")
    .innerJoin("meter", "meter.id", "alarm.meter_id")
    .where((eb) => inScope(eb as unknown as Meters, scope))
    .where("alarm_photo.alarm_id", "=", id)
    .select(["alarm_photo.type", "alarm_photo.bytes"])
    .executeTakeFirst();
  return row ?? null;
}

/** How many of the alarms that the filter holds are open, wait for somebody, or ended, and what was found. */
export async function alarmCounts(tx: Tx, scope: Scope, filter: AlarmFilter): Promise<Omit<AlarmSummary, "asOf">> {
  const rows = await filtered(tx, scope, filter)
    .groupBy(["alarm.open_mark", "alarm.closed_how", "alarm.finding"])
    .select((eb) => [
      "alarm.open_mark",
      "alarm.closed_how",
      "alarm.finding",
      eb.fn.countAll<number>().as("count"),
      eb.fn.count<number>("alarm.acknowledged_at").as("acknowledged"),
    ])
    .execute();
  const counts = {
    ...{ open: 0, waiting: 0, closed: 0 },
    findings: { normal_vacancy: 0, abnormal: 0, theft: 0 },
    alone: { moved: 0, left: 0, released: 0, replaced: 0 },
  };
  for (const row of rows) {
    const count = Number(row.count);
    if (row.open_mark === 1) {
      counts.open += count;
      counts.waiting += count - Number(row.acknowledged);
      continue;
    }
    counts.closed += count;
    if (row.finding !== null) counts.findings[row.finding] += count;
    else if (row.closed_how !== null && row.closed_how !== "visit") counts.alone[row.closed_how] += count;
  }
  return counts;
}

function toAlarm(row: Row): Alarm {
  return {
    alarmId: row.id,
    kind: row.kind,
    level: row.level,
    state: row.open_mark === 1 ? "open" : "closed",
    openedAt: row.opened_at,
    sinceAt: row.since_at,
    still: row.kind === "static" ? (JSON.parse(row.evidence) as StillEvidence) : null,
    lock: row.kind === "safety_lock" ? (JSON.parse(row.evidence) as LockEvidence) : null,
    meterId: row.meter_id,
    label: row.label,
    number: row.number,
    meterKind: row.meter_kind,
    areaName: row.area_name,
    customer: row.customer_name,
    index: { wh: row.now_wh, at: row.now_at },
    acknowledged:
      row.acknowledged_at === null
        ? null
        : { by: row.acknowledged_by ?? "", at: row.acknowledged_at, note: row.acknowledge_note },
    closed: row.closed_at === null || row.closed_how === null ? null : { at: row.closed_at, how: row.closed_how },
    visit:
      row.visited_at === null || row.finding === null
        ? null
        : {
            ...{ by: row.visited_by ?? "", at: row.visited_at, finding: row.finding, note: row.visit_note },
            hasPhoto: row.photo_type !== null,
          },
  };
}
