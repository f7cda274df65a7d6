import { type Day, endOfDay, MINUTE_MS, startOfDay } from "#base/time.ts";
import { formatMoney, money } from "#base/units.ts";
import type { MeterCurve, MeterSlots, SlotPartView } from "#contract/reports.ts";
import { type SlotPart, slotsOfDay } from "#domain/meter-slots.ts";
import type { Scope } from "#domain/permission.ts";
import { registers } from "#domain/reading.ts";
import type { Tx } from "./db.ts";
import { pointsWithin } from "./index-line.ts";
import { readingsWithin } from "./reading-history.ts";
import { linesOfDay } from "./reading-steps.ts";
import { dayRowsOf, sumKnown } from "./report-days.ts";
import { areaPath, reportMeters } from "./report-filter.ts";

type Asked = { day: Day; minutes: number };

/** One meter's day by the hour or every few minutes (单表时段明细); null outside the scope. */
export async function meterSlots(tx: Tx, scope: Scope, meterId: number, asked: Asked): Promise<MeterSlots | null> {
  const meter = await reportMeters(tx, scope, { search: "" })
    .where("meter.id", "=", meterId)
    .select(["meter.label", "meter.number", "meter.kind", "meter.area_id", "customer.name as customer_name"])
    .executeTakeFirst();
  if (!meter) return null;
  const { day, minutes } = asked;
  const rows = await dayRowsOf(tx, [meterId], { from: day, to: day });
  const points = await pointsWithin(tx, meterId, startOfDay(day), endOfDay(day));
  const parts = slotsOfDay(day, minutes, linesOfDay(day, rows, points));
  const cost = sumKnown(rows.map((row) => row.cost_e4));
  const charges = cost === null ? null : await chargesOf(tx, meterId, parts);
  return {
    day,
    minutes,
    meterId,
    label: meter.label,
    number: meter.number,
    kind: meter.kind,
    customer: meter.customer_name,
    path: await areaPath(tx, meter.area_id),
    madeAt: rows.length === 0 ? null : Math.max(...rows.map((row) => row.made_at)),
    items: parts.map((part) => viewOf(part, charges)),
    usageWh: sumKnown(rows.map((row) => row.usage_wh)),
    cost: cost === null ? null : formatMoney(money(cost)),
    missing: missingSlots(parts, minutes),
  };
}

/** Slots that have no figure of their own, each counted once. */
function missingSlots(parts: readonly SlotPart[], minutes: number): number {
  const length = minutes * MINUTE_MS;
  const touched = parts
    .filter((part) => part.quality === "gap" || part.quality === "missing")
    .flatMap((part) => Array.from({ length: part.slots }, (_, i) => Math.floor(part.from / length) + i));
  return new Set(touched).size;
}

type Charge = { from_reading_at: number; reading_at: number; usage_wh: number; amount_e4: number };

/** What was charged between the first and the last reading of some parts, with what was booked back. */
async function chargesOf(tx: Tx, meterId: number, parts: readonly SlotPart[]): Promise<Charge[]> {
  const times = parts.flatMap(({ open, close }) => [open, close]).flatMap((edge) => (edge === null ? [] : [edge.at]));
  if (times.length === 0) return [];
  return tx
    .selectFrom("usage_charge")
    .where("meter_id", "=", meterId)
    .where("reading_at", ">", Math.min(...times))
    .where("reading_at", "<=", Math.max(...times))
    .select(["from_reading_at", "reading_at", "usage_wh", "amount_e4"])
    .execute();
}

/** What was charged for just the usage of a part: all charges within its readings, if they are for all of it. */
function costOf({ open, close, usageWh }: SlotPart, charges: readonly Charge[] | null): string | null {
  if (charges === null || open === null || close === null || usageWh === null) return null;
  const own = charges.filter((each) => each.from_reading_at >= open.at && each.reading_at <= close.at);
  const charged = own.reduce((sum, each) => sum + each.usage_wh, 0);
  return charged === usageWh ? formatMoney(money(own.reduce((sum, each) => sum + each.amount_e4, 0))) : null;
}

function viewOf(part: SlotPart, charges: readonly Charge[] | null): SlotPartView {
  const { open, close, ...rest } = part;
  return {
    ...rest,
    ...{ openWh: open?.indexWh ?? null, openAt: open?.at ?? null, openSource: open?.source ?? null },
    ...{ closeWh: close?.indexWh ?? null, closeAt: close?.at ?? null, closeSource: close?.source ?? null },
    cost: costOf(part, charges),
  };
}

const INSTANT = [registers.voltage, registers.current, registers.power];

/** Voltage, current and power of a meter on a day, in the order of time; null outside the scope. */
export async function meterCurve(tx: Tx, scope: Scope, meterId: number, day: Day): Promise<MeterCurve | null> {
  const meter = await reportMeters(tx, scope, { search: "" })
    .where("meter.id", "=", meterId)
    .select("meter.id")
    .executeTakeFirst();
  if (!meter) return null;
  const range = { from: startOfDay(day), to: endOfDay(day) - 1 };
  const rows = await readingsWithin(tx, [meterId], { registers: INSTANT }, range);
  const items = [...Map.groupBy(rows, (row) => row.measured_at)].map(([at, own]) => {
    const value = (register: number) => own.find((row) => row.register === register)?.value ?? null;
    return {
      ...{ at, voltageMv: value(registers.voltage) },
      ...{ currentMa: value(registers.current), powerW: value(registers.power) },
    };
  });
  return { day, items: items.sort((a, b) => a.at - b.at) };
}
