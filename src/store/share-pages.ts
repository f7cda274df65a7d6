import { formatMoney, money, type Price } from "#base/units.ts";
import type {
  MeterShares,
  ShareLine,
  ShareMemberFacts,
  ShareRule,
  ShareRunRow,
  ShareSheet,
  ShareSource,
  ShareSourceDetail,
  ShareSourceRow,
} from "#contract/shares.ts";
import type { Scope } from "#domain/permission.ts";
import type { Tx } from "./db.ts";
import { reportMeters } from "./report-filter.ts";
import type { ShareKind, ShareLineTable, ShareRuleTable, ShareRunTable } from "./schema-shares.ts";
import { partsOf, ruleById } from "./shares.ts";

/** Runs and rules shown at most: two months of days with some corrections. */
const RUNS_SHOWN = 100;
const RULES_SHOWN = 50;

/** Public meters in boxes, or public meters with indoor units, with the rule that holds last. */
export async function shareSources(tx: Tx, scope: Scope, kind: ShareKind, only?: number): Promise<ShareSourceRow[]> {
  const rows = await reportMeters(tx, scope, { search: "" })
    .leftJoin("box", "box.id", "meter.box_id")
    .where("meter.mode", "=", "public")
    .$if(kind === "box", (query) => query.where("meter.box_id", "is not", null))
    .$if(kind === "hvac", (query) =>
      query.where((eb) =>
        eb.exists(
          eb.selectFrom("hvac_unit").select("hvac_unit.id").whereRef("hvac_unit.outdoor_meter_id", "=", "meter.id"),
        ),
      ),
    )
    .$if(kind === "box", (query) =>
      query.where((eb) =>
        eb.not(
          eb.exists(
            eb.selectFrom("hvac_unit").select("hvac_unit.id").whereRef("hvac_unit.outdoor_meter_id", "=", "meter.id"),
          ),
        ),
      ),
    )
    .$if(only !== undefined, (query) => query.where("meter.id", "=", only ?? 0))
    .select([
      "meter.id",
      "meter.label",
      "meter.number",
      "area.name as area_name",
      "box.id as box_id",
      "box.name as box_name",
    ])
    .orderBy("meter.id")
    .execute();
  const found: ShareSourceRow[] = [];
  for (const row of rows) {
    const rule = await lastRule(tx, row.id);
    const last = await tx
      .selectFrom("share_run")
      .where("source_meter_id", "=", row.id)
      .select((eb) => eb.fn.max("period").as("period"))
      .executeTakeFirst();
    found.push({
      sourceMeterId: row.id,
      label: row.label,
      number: row.number,
      areaName: row.area_name,
      boxId: row.box_id,
      boxName: row.box_name,
      members: rule === undefined ? 0 : (await partsOf(tx, rule.id)).length,
      method: rule?.method ?? null,
      effectiveDay: rule?.effective_day ?? null,
      lastPeriod: last?.period ?? null,
    });
  }
  return found;
}

function lastRule(tx: Tx, sourceMeterId: number) {
  return tx
    .selectFrom("share_rule")
    .selectAll()
    .where("source_meter_id", "=", sourceMeterId)
    .orderBy("effective_day", "desc")
    .orderBy("id", "desc")
    .limit(1)
    .executeTakeFirst();
}

/** Everything about one source meter; null outside the scope. */
export async function shareSourceDetail(
  tx: Tx,
  scope: Scope,
  sourceMeterId: number,
): Promise<ShareSourceDetail | null> {
  const [asUnit] = await shareSources(tx, scope, "hvac", sourceMeterId);
  const [source] = asUnit ? [asUnit] : await shareSources(tx, scope, "box", sourceMeterId);
  if (source === undefined) return null;
  const rules = await tx
    .selectFrom("share_rule")
    .selectAll()
    .where("source_meter_id", "=", sourceMeterId)
    .orderBy("effective_day", "desc")
    .orderBy("id", "desc")
    .limit(RULES_SHOWN)
    .execute();
  const runs = await tx
    .selectFrom("share_run")
    .selectAll()
    .where("source_meter_id", "=", sourceMeterId)
    .orderBy("period", "desc")
    .orderBy("rev", "desc")
    .limit(RUNS_SHOWN)
    .execute();
  const candidates = asUnit ? await unitCandidates(tx, sourceMeterId) : await boxCandidates(tx, scope, source);
  const shown: ShareRule[] = [];
  for (const rule of rules) shown.push(await ruleView(tx, rule));
  return { source, candidates, rules: shown, runs: await runRows(tx, runs) };
}

async function boxCandidates(tx: Tx, scope: Scope, source: ShareSourceRow): Promise<ShareSourceDetail["candidates"]> {
  const rows = await reportMeters(tx, scope, { search: "" })
    .where("meter.box_id", "=", source.boxId)
    .where("meter.id", "<>", source.sourceMeterId)
    .where("meter.mode", "<>", "public")
    .select(["meter.id", "meter.label", "meter.number", "customer.name as customer"])
    .orderBy("meter.label")
    .execute();
  return rows.map((row) => ({ ...row, areaCm: 0, ratedW: 0, ownMeterId: null }));
}

async function unitCandidates(tx: Tx, outdoorMeterId: number): Promise<ShareSourceDetail["candidates"]> {
  const rows = await tx
    .selectFrom("hvac_unit")
    .leftJoin("account", "account.id", "hvac_unit.account_id")
    .leftJoin("customer", "customer.id", "account.customer_id")
    .where("hvac_unit.outdoor_meter_id", "=", outdoorMeterId)
    .where("hvac_unit.disabled", "=", 0)
    .select([
      "hvac_unit.id",
      "hvac_unit.label",
      "hvac_unit.number",
      "hvac_unit.area_cm as areaCm",
      "hvac_unit.rated_w as ratedW",
      "hvac_unit.own_meter_id as ownMeterId",
      "customer.name as customer",
    ])
    .orderBy("hvac_unit.number")
    .execute();
  return rows.map((row) => ({ ...row }));
}

function ruleHead(rule: ShareRuleTable): ShareSheet["rule"] {
  return {
    ruleId: rule.id,
    kind: rule.kind,
    effectiveDay: rule.effective_day,
    period: rule.period,
    method: rule.method,
    price: rule.price_e4 === null ? null : formatMoney(rule.price_e4 as Price),
    propertyBp: rule.property_bp,
    factors: { low: rule.speed_low, middle: rule.speed_middle, high: rule.speed_high },
    reason: rule.reason,
    madeBy: rule.made_by,
    madeAt: rule.made_at,
  };
}

async function ruleView(tx: Tx, rule: ShareRuleTable): Promise<ShareRule> {
  const rows = await tx
    .selectFrom("share_part")
    .leftJoin("meter", "meter.id", "share_part.meter_id")
    .leftJoin("hvac_unit", "hvac_unit.id", "share_part.unit_id")
    .where("share_part.rule_id", "=", rule.id)
    .selectAll("share_part")
    .select(["meter.label as meter_label", "hvac_unit.label as unit_label"])
    .orderBy("share_part.line")
    .execute();
  return {
    ...ruleHead(rule),
    members: rows.map((row) => ({
      id: row.meter_id ?? row.unit_id ?? 0,
      label: row.meter_label ?? row.unit_label ?? "",
      ratioBp: row.ratio_bp,
      areaCm: row.area_cm,
      ratedW: row.rated_w,
      ownMeterId: row.own_meter_id,
    })),
  };
}

async function runRows(tx: Tx, runs: readonly ShareRunTable[]): Promise<ShareRunRow[]> {
  if (runs.length === 0) return [];
  const sums = await tx
    .selectFrom("share_line")
    .where(
      "run_id",
      "in",
      runs.map((run) => run.id),
    )
    .select((eb) => ["run_id", eb.fn.sum<number>("cost_e4").as("cost"), eb.fn.sum<number>("before_e4").as("before")])
    .groupBy("run_id")
    .execute();
  const charged = new Map(sums.map((row) => [row.run_id, Number(row.cost) - Number(row.before)]));
  return runs.map((run) => ({
    runId: run.id,
    period: run.period,
    rev: run.rev,
    latest: run.latest === 1,
    sourceWh: run.source_wh,
    charged: formatMoney(money(charged.get(run.id) ?? 0)),
    madeBy: run.made_by,
    madeAt: run.made_at,
  }));
}

/** A line as it goes over the wire. Used for runs that are booked and for those that are only tried. */
export function lineView(line: Omit<ShareLineTable, "run_id">): ShareLine {
  return {
    line: line.line,
    meterId: line.meter_id,
    unitId: line.unit_id,
    label: line.label,
    weight: line.weight,
    weightSum: line.weight_sum,
    shareWh: line.share_wh,
    beforeWh: line.before_wh,
    price: line.price_e4 === null ? null : formatMoney(line.price_e4 as Price),
    cost: formatMoney(money(line.cost_e4)),
    charge: formatMoney(money(line.cost_e4 - line.before_e4)),
    chargedTo: line.charged_to,
  };
}

/** What a run was decided by, from its row. */
export function factsOf(facts: string): { source: ShareSource[]; members: ShareMemberFacts[] } {
  return JSON.parse(facts) as { source: ShareSource[]; members: ShareMemberFacts[] };
}

/** Everything about one run; null outside the scope. */
export async function shareSheet(tx: Tx, scope: Scope, runId: string): Promise<ShareSheet | null> {
  const run = await tx.selectFrom("share_run").selectAll().where("id", "=", runId).executeTakeFirst();
  if (!run) return null;
  const source = await reportMeters(tx, scope, { search: "" })
    .where("meter.id", "=", run.source_meter_id)
    .select("meter.label")
    .executeTakeFirst();
  if (!source) return null;
  const lines = await tx.selectFrom("share_line").selectAll().where("run_id", "=", runId).orderBy("line").execute();
  const [row] = await runRows(tx, [run]);
  if (row === undefined) return null;
  return {
    ...row,
    sourceMeterId: run.source_meter_id,
    sourceLabel: source.label,
    rule: ruleHead(await ruleById(tx, run.rule_id)),
    ...factsOf(run.facts),
    lines: lines.map(lineView),
  };
}

/** What a meter, and the indoor units of its account, were charged of shared usage, newest first; null outside the scope. */
export async function meterShares(tx: Tx, scope: Scope, meterId: number): Promise<MeterShares | null> {
  const meter = await reportMeters(tx, scope, { search: "" })
    .where("meter.id", "=", meterId)
    .select(["meter.account_id"])
    .executeTakeFirst();
  if (!meter) return null;
  const rows = await tx
    .selectFrom("share_line")
    .innerJoin("share_run", "share_run.id", "share_line.run_id")
    .innerJoin("share_rule", "share_rule.id", "share_run.rule_id")
    .innerJoin("meter as source", "source.id", "share_run.source_meter_id")
    .where((eb) =>
      eb.or([
        eb("share_line.meter_id", "=", meterId),
        eb.and([eb("share_line.unit_id", "is not", null), eb("share_line.account_id", "=", meter.account_id)]),
      ]),
    )
    .selectAll("share_line")
    .select([
      "share_run.period",
      "share_run.rev",
      "share_run.made_at",
      "share_run.source_wh",
      "share_run.facts",
      "share_rule.method",
      "source.label as source_label",
    ])
    .orderBy("share_run.period", "desc")
    .orderBy("share_run.rev", "desc")
    .limit(RUNS_SHOWN)
    .execute();
  return {
    items: rows.map((row) => ({
      ...lineView(row),
      runId: row.run_id,
      period: row.period,
      rev: row.rev,
      sourceLabel: row.source_label,
      sourceWh: row.source_wh,
      method: row.method,
      madeAt: row.made_at,
      source: factsOf(row.facts).source,
    })),
  };
}
