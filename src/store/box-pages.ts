import type { Boxes, HvacInputs, HvacUnit } from "#contract/shares.ts";
import type { Scope } from "#domain/permission.ts";
import type { Tx } from "./db.ts";
import { reportMeters } from "./report-filter.ts";
import { lastInput } from "./shares.ts";

/** Boxes with the meters in them that lie in the scope; boxes of areas that one may not see are left out. */
export async function boxList(tx: Tx, scope: Scope, areaIds: readonly number[]): Promise<Boxes> {
  const rows = await tx
    .selectFrom("box")
    .innerJoin("area", "area.id", "box.area_id")
    .select(["box.id", "box.name", "box.area_id", "area.name as area_name"])
    .orderBy("area.sort")
    .orderBy("box.name")
    .execute();
  const meters = await reportMeters(tx, scope, { search: "" })
    .where("meter.box_id", "is not", null)
    .select(["meter.id", "meter.label", "meter.number", "meter.mode", "meter.box_id", "customer.name as customer"])
    .orderBy("meter.label")
    .execute();
  const inBox = Map.groupBy(meters, (meter) => meter.box_id);
  return {
    items: rows
      .filter((row) => scope.all || areaIds.includes(row.area_id) || inBox.has(row.id))
      .map((row) => ({
        boxId: row.id,
        name: row.name,
        areaId: row.area_id,
        areaName: row.area_name,
        meters: (inBox.get(row.id) ?? []).map((meter) => ({
          meterId: meter.id,
          label: meter.label,
          number: meter.number,
          mode: meter.mode,
          customer: meter.customer,
        })),
      })),
  };
}

/** The indoor units of an outdoor unit's meter; null when that lies outside the scope. */
export async function hvacUnits(tx: Tx, scope: Scope, outdoorMeterId: number): Promise<HvacUnit[] | null> {
  const outdoor = await reportMeters(tx, scope, { search: "" })
    .where("meter.id", "=", outdoorMeterId)
    .select("meter.id")
    .executeTakeFirst();
  if (!outdoor) return null;
  const rows = await tx
    .selectFrom("hvac_unit")
    .leftJoin("account", "account.id", "hvac_unit.account_id")
    .leftJoin("customer", "customer.id", "account.customer_id")
    .where("hvac_unit.outdoor_meter_id", "=", outdoorMeterId)
    .selectAll("hvac_unit")
    .select(["account.number as account_number", "customer.name as customer_name"])
    .orderBy("hvac_unit.number")
    .execute();
  return rows.map((row) => ({
    unitId: row.id,
    number: row.number,
    label: row.label,
    areaId: row.area_id,
    outdoorMeterId: row.outdoor_meter_id,
    accountNumber: row.account_number,
    customer: row.customer_name,
    ratedW: row.rated_w,
    areaCm: row.area_cm,
    ownMeterId: row.own_meter_id,
    disabled: row.disabled === 1,
    version: row.version,
  }));
}

/** The indoor units with their run times of a day; null outside the scope. */
export async function hvacInputs(
  tx: Tx,
  scope: Scope,
  outdoorMeterId: number,
  day: string,
): Promise<HvacInputs | null> {
  const units = await hvacUnits(tx, scope, outdoorMeterId);
  if (units === null) return null;
  const found: HvacInputs["units"] = [];
  for (const unit of units) {
    const input = await lastInput(tx, unit.unitId, day);
    found.push({
      ...unit,
      minutes:
        input === null ? null : { low: input.low_minutes, middle: input.middle_minutes, high: input.high_minutes },
      rev: input?.rev ?? null,
      enteredBy: input?.made_by ?? null,
    });
  }
  return { units: found };
}
