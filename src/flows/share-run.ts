import { AppError } from "#base/errors.ts";
import { type Day, daysOfMonth, type Month, parseDay, parseMonth } from "#base/time.ts";
import { cost, type Price, price, wh } from "#base/units.ts";
import { type Actor, SCOPE_ALL } from "#domain/permission.ts";
import { type ShareMember, shareUsage } from "#domain/share.ts";
import { addAudit } from "#store/audit.ts";
import { latestDays } from "#store/days.ts";
import type { Tx } from "#store/db.ts";
import type { MeterDayTable } from "#store/schema-days.ts";
import type { ShareLineTable, SharePartTable, ShareRuleTable, ShareRunTable } from "#store/schema-shares.ts";
import {
  addRun,
  lastInput,
  lastRun,
  linesOf,
  meterToShare,
  partsOf,
  ruleById,
  ruleOn,
  unitToShare,
} from "#store/shares.ts";
import { sha256Hex } from "#system/crypto.ts";
import { faultPoint } from "#system/fault-point.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import { chargeShares } from "./share-charge.ts";

/** Who asked: a person, or the nightly job. */
export type ShareAsker = Pick<Actor, "login" | "scope">;
/** The nightly job as an asker. */
export const SHARE_JOB: ShareAsker = { login: "shares", scope: SCOPE_ALL };

/**
 * What became of a request to share a period: `shared` (or corrected, from `rev` 1 on), `unchanged` (the same as before), or why it
 * has to wait. `missing` names meters and units by what people call them.
 */
export type ShareOutcome =
  | { outcome: "shared" | "unchanged"; runId: string; rev: number }
  | { outcome: "waiting"; why: "no_rule" | "not_closed" | "source_missing" | "members_missing"; missing: string[] };

/**
 * Shares the usage of a source meter for a period (公摊、空调分摊) by the rule that holds, and charges everybody's part. By state: what the
 * last run rested on is compared with what it would rest on now, so asking again changes nothing, and a corrected reading or input
 * makes a new revision that charges only the difference. A period that was shared once keeps its rule for ever.
 */
export async function runShare(
  ctx: FlowContext,
  asker: ShareAsker,
  input: { sourceMeterId: number; period: string; ip?: string },
): Promise<ShareOutcome> {
  const done = await decide(ctx.db, async (tx) => {
    const considered = await considerShare(tx, asker, input);
    if (considered.outcome !== "ready") return considered;
    const { seen, run, lines, source } = considered.plan;
    if (seen !== null && seen.facts_hash === run.facts_hash) {
      return { outcome: "unchanged" as const, runId: seen.id, rev: seen.rev };
    }
    const now = ctx.clock();
    const made: ShareRunTable = { ...run, id: ctx.newId(now), made_by: asker.login, made_at: now };
    const numbered = lines.map((line) => ({ ...line, run_id: made.id }));
    await addRun(tx, made, numbered, seen);
    await chargeShares(tx, { run: made, lines: numbered, source, actor: asker.login, now });
    await addAudit(tx, {
      id: ctx.newId(now),
      at: now,
      actor: asker.login,
      action: "share.run",
      object: `meter:${made.source_meter_id}`,
      before: seen === null ? null : { period: seen.period, rev: seen.rev, sourceWh: seen.source_wh },
      after: { period: made.period, rev: made.rev, sourceWh: made.source_wh },
      reason: "",
      ip: input.ip ?? "",
    });
    faultPoint("share:before-commit");
    return { outcome: "shared" as const, runId: made.id, rev: made.rev };
  });
  if (done.outcome === "shared") {
    ctx.log.info({ meter: input.sourceMeterId, period: input.period, rev: done.rev }, "usage shared");
  }
  return done;
}

/** What a sharing would be, without booking it. */
export type SharePlan = {
  seen: ShareRunTable | null;
  run: Omit<ShareRunTable, "id" | "made_by" | "made_at">;
  lines: Omit<ShareLineTable, "run_id">[];
  source: { id: number; projectId: number };
};
type Considered = Extract<ShareOutcome, { outcome: "waiting" }> | { outcome: "ready"; plan: SharePlan };

async function considerShare(
  tx: Tx,
  asker: ShareAsker,
  { sourceMeterId, period }: { sourceMeterId: number; period: string },
): Promise<Considered> {
  const source = await meterToShare(tx, asker.scope, sourceMeterId);
  if (!source) throw new AppError("meter_not_found");
  const days = daysOfPeriod(period);
  const [first] = days;
  if (first === undefined) throw new AppError("invalid_input", { what: period });
  const seen = await lastRun(tx, sourceMeterId, period);
  const rule = seen === null ? await ruleOn(tx, sourceMeterId, first) : await ruleById(tx, seen.rule_id);
  if (rule === null || rule.period !== (days.length === 1 ? "day" : "month")) return waiting("no_rule");
  return planShare(tx, { source, rule, parts: await partsOf(tx, rule.id), period, seen });
}

type Planning = {
  source: { id: number; project_id: number; price_e4: number };
  rule: ShareRuleTable;
  parts: readonly SharePartTable[];
  period: string;
  seen: ShareRunTable | null;
};

/** The sharing of a period by a rule that may not even be saved: the same code previews and books. */
export async function planShare(tx: Tx, { source, rule, parts, period, seen }: Planning): Promise<Considered> {
  const days = daysOfPeriod(period);
  const from = days[0] as Day;
  const to = days.at(-1) as Day;
  const sourceDays = await latestDays(tx, [source.id], { from, to });
  const closed = new Set(sourceDays.map((row) => row.day));
  if (closed.size === 0 || !closed.has(to)) return waiting("not_closed");
  if (sourceDays.some((row) => row.usage_wh === null)) return waiting("source_missing");
  const sourceWh = sumOf(sourceDays) ?? 0;
  const members: Member[] = [];
  for (const part of parts) members.push(await memberOf(tx, rule, part, { from, to }));
  const result = shareUsage(
    sourceWh,
    {
      method: rule.method,
      propertyBp: rule.property_bp,
      factors: { low: rule.speed_low, middle: rule.speed_middle, high: rule.speed_high },
    },
    members.map((member) => member.figures),
  );
  if (!result.ok) {
    return waiting(
      "members_missing",
      result.missing.map((at) => members[at]?.label ?? ""),
    );
  }
  const { shares } = result;
  const facts = JSON.stringify({
    source: sourceDays.map(sourceFacts),
    members: members.map(({ label, figures }) => ({ label, ...figures })),
  });
  const basis = [rule.id, sourceWh, ...shares.weights, shares.propertyWeight, ...shares.parts, shares.propertyPart];
  const weightSum = shares.weights.reduce((sum, weight) => sum + weight, shares.propertyWeight);
  const before = seen === null ? [] : await linesOf(tx, seen.id);
  const lines = members.map((member, i): Omit<ShareLineTable, "run_id"> => {
    const earlier = before.find((line) => line.line === i + 1);
    const part = shares.parts[i] ?? 0;
    const at = earlier ? earlier.price_e4 : priceFor(rule, member, source.price_e4);
    return {
      line: i + 1,
      meter_id: member.meterId,
      unit_id: member.unitId,
      account_id: earlier ? earlier.account_id : member.accountId,
      customer_id: earlier ? earlier.customer_id : member.customerId,
      label: member.label,
      weight: shares.weights[i] ?? 0,
      weight_sum: weightSum,
      share_wh: part,
      before_wh: earlier?.share_wh ?? 0,
      price_e4: at,
      cost_e4: at === null ? 0 : cost(wh(part), price(at)),
      before_e4: earlier?.cost_e4 ?? 0,
      charged_to: earlier?.charged_to ?? member.chargedTo,
    };
  });
  lines.push({
    ...{ line: members.length + 1, meter_id: null, unit_id: null, account_id: null, customer_id: null, label: "" },
    weight: shares.propertyWeight,
    weight_sum: weightSum,
    share_wh: shares.propertyPart,
    before_wh: before.find((line) => line.line === members.length + 1)?.share_wh ?? 0,
    ...{ price_e4: null, cost_e4: 0, before_e4: 0, charged_to: "property" },
  });
  const run: SharePlan["run"] = {
    kind: rule.kind,
    source_meter_id: source.id,
    period,
    rev: seen === null ? 0 : seen.rev + 1,
    latest: 1,
    rule_id: rule.id,
    source_wh: sourceWh,
    facts,
    facts_hash: sha256Hex(basis.join("|")),
  };
  return { outcome: "ready", plan: { seen, run, lines, source: { id: source.id, projectId: source.project_id } } };
}

function waiting(why: Extract<ShareOutcome, { outcome: "waiting" }>["why"], missing: string[] = []): Considered {
  return { outcome: "waiting", why, missing };
}

/** The days of `2026-08-01` or of `2026-08`; none for anything else. */
export function daysOfPeriod(period: string): Day[] {
  const day = parseDay(period);
  if (day !== null) return [day];
  const month: Month | null = parseMonth(period);
  return month === null ? [] : daysOfMonth(month);
}

function sumOf(rows: readonly MeterDayTable[]): number | null {
  if (rows.length === 0 || rows.some((row) => row.usage_wh === null)) return null;
  return rows.reduce((sum, row) => sum + (row.usage_wh ?? 0), 0);
}

/** What the tenant is shown of the source: indexes with their times, ratio and usage. */
function sourceFacts(row: MeterDayTable) {
  const { day, rev, segment, ratio, open_wh, open_at, close_wh, close_at, usage_wh, quality } = row;
  return {
    day,
    rev,
    segment,
    ratio,
    openWh: open_wh,
    openAt: open_at,
    closeWh: close_wh,
    closeAt: close_at,
    usageWh: usage_wh,
    quality,
  };
}

type Member = {
  meterId: number | null;
  unitId: number | null;
  accountId: number | null;
  customerId: number | null;
  chargedTo: ShareLineTable["charged_to"];
  ownPriceE4: number | null;
  label: string;
  figures: ShareMember;
};

async function memberOf(
  tx: Tx,
  rule: ShareRuleTable,
  part: SharePartTable,
  days: { from: Day; to: Day },
): Promise<Member> {
  const common = { ratioBp: part.ratio_bp, areaCm: part.area_cm, ratedW: part.rated_w };
  if (part.unit_id !== null) {
    const unit = await unitToShare(tx, part.unit_id);
    const input = await lastInput(tx, unit.id, days.from);
    const ownWh =
      rule.method === "meter" && part.own_meter_id !== null
        ? sumOf(await latestDays(tx, [part.own_meter_id], days))
        : null;
    return {
      meterId: null,
      unitId: unit.id,
      ...payer(unit),
      ownPriceE4: null,
      label: unit.label,
      figures: {
        ...common,
        usageWh: ownWh,
        minutes:
          input === null ? null : { low: input.low_minutes, middle: input.middle_minutes, high: input.high_minutes },
      },
    };
  }
  const meter = await meterToShare(tx, SCOPE_ALL, part.meter_id ?? 0);
  if (!meter) throw new AppError("meter_not_found");
  const usageWh = rule.method === "usage" ? sumOf(await latestDays(tx, [meter.id], days)) : null;
  return {
    meterId: meter.id,
    unitId: null,
    ...payer(meter),
    ownPriceE4: meter.price_e4,
    label: meter.label,
    figures: { ...common, usageWh, minutes: null },
  };
}

type Payer = { account_id: number | null; customer_id: number | null; credit_at: "meter" | "server" | null };

/** Credit on the server is charged at once; for credit in the meter the share is owed, and taken at the next recharge. */
function payer({ account_id, customer_id, credit_at }: Payer): Pick<Member, "accountId" | "customerId" | "chargedTo"> {
  if (account_id === null || customer_id === null || credit_at === null) {
    return { accountId: null, customerId: null, chargedTo: "property" };
  }
  return { accountId: account_id, customerId: customer_id, chargedTo: credit_at === "server" ? "balance" : "debt" };
}

/** The rule's price, or the member's own; for indoor units the outdoor meter's. An empty room's part is nobody's cost. */
function priceFor(rule: ShareRuleTable, member: Member, sourcePriceE4: number): Price | null {
  if (member.chargedTo === "property") return null;
  return price(rule.price_e4 ?? member.ownPriceE4 ?? sourcePriceE4);
}
