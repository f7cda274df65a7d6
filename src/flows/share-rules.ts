import { AppError } from "#base/errors.ts";
import { addMonths, type Day, dayOf, monthOf, parseDay } from "#base/time.ts";
import { parseMoney } from "#base/units.ts";
import type { SharePreviewRequest, ShareRuleRequest, ShareTermsInput } from "#contract/shares.ts";
import type { Actor } from "#domain/permission.ts";
import { methodsOf, type ShareMethod, termsFault } from "#domain/share.ts";
import { addAudit } from "#store/audit.ts";
import type { Tx } from "#store/db.ts";
import { insertIgnore } from "#store/portable.ts";
import type { SharePartTable, ShareRuleTable } from "#store/schema-shares.ts";
import { lastPeriodShared, type MeterToShare, meterToShare, unitToShare } from "#store/shares.ts";
import { sha256Hex } from "#system/crypto.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import { daysOfPeriod, planShare } from "./share-run.ts";

/**
 * Makes a new version of the rule of a source meter, from a day on (公摊规则). What was shared stays as it was: the day lies after the
 * last period shared. What its members are is kept with it. The same key again answers with the same rule.
 */
export async function makeShareRule(
  ctx: FlowContext,
  actor: Actor,
  input: ShareRuleRequest & { ip: string },
): Promise<{ ruleId: string; created: boolean }> {
  const { key, ip, ...content } = input;
  const requestHash = sha256Hex(JSON.stringify(content));
  return decide(ctx.db, async (tx) => {
    const now = ctx.clock();
    const { source, rule, parts } = await checkedTerms(tx, actor, input);
    const made: ShareRuleTable = {
      ...rule,
      id: ctx.newId(now),
      idem_key: key,
      request_hash: requestHash,
      effective_day: input.effectiveDay,
      reason: input.reason,
      made_by: actor.login,
      made_at: now,
    };
    const earlier = await tx.selectFrom("share_rule").selectAll().where("idem_key", "=", key).executeTakeFirst();
    if (earlier) {
      if (earlier.request_hash !== requestHash) throw new AppError("share_key_conflict");
      return { ruleId: earlier.id, created: false };
    }
    await demandOpenDay(tx, source, input, dayOf(now));
    if ((await insertIgnore(tx, "share_rule", [made], ["idem_key"])) === 0) throw new AppError("share_key_conflict");
    await tx
      .insertInto("share_part")
      .values(parts.map((part, i) => ({ ...part, rule_id: made.id, line: i + 1 })))
      .execute();
    await addAudit(tx, {
      id: ctx.newId(now),
      at: now,
      actor: actor.login,
      action: "share.manage",
      object: `meter:${source.id}`,
      before: null,
      after: { ruleId: made.id, effectiveDay: made.effective_day, method: made.method, members: parts.length },
      reason: input.reason,
      ip,
    });
    return { ruleId: made.id, created: true };
  });
}

/** What these terms would have done in a period, by the code that shares; nothing is booked (试算). */
export async function previewShare(ctx: FlowContext, actor: Actor, input: SharePreviewRequest) {
  const { source, rule, parts } = await checkedTerms(ctx.db.read, actor, input);
  if (daysOfPeriod(input.sharedFor).length === 0) throw new AppError("invalid_input", { what: input.sharedFor });
  const draft: ShareRuleTable = {
    ...rule,
    ...{ id: "", idem_key: "", request_hash: "", effective_day: "", reason: "", made_by: "", made_at: 0 },
  };
  const members = parts.map((part, i) => ({ ...part, rule_id: "", line: i + 1 }));
  return planShare(ctx.db.read, { source, rule: draft, parts: members, period: input.sharedFor, seen: null });
}

type Terms = Omit<
  ShareRuleTable,
  "id" | "idem_key" | "request_hash" | "effective_day" | "reason" | "made_by" | "made_at"
>;
type Checked = { source: MeterToShare; rule: Terms; parts: Omit<SharePartTable, "rule_id" | "line">[] };

async function checkedTerms(tx: Tx, actor: Actor, input: ShareTermsInput): Promise<Checked> {
  const source = await meterToShare(tx, actor.scope, input.sourceMeterId);
  if (!source) throw new AppError("meter_not_found");
  if (source.mode !== "public") throw new AppError("share_source_not_public");
  const methods: readonly ShareMethod[] = methodsOf[input.kind];
  if (!methods.includes(input.method)) throw new AppError("share_terms_invalid", { what: input.method });
  // Run times are entered by the day, and are shared by the day.
  if (input.kind === "hvac" && input.period !== "day")
    throw new AppError("share_terms_invalid", { what: input.period });
  const priceE4 = input.price === null ? null : parseMoney(input.price, 4);
  if (input.price !== null && (priceE4 === null || priceE4 <= 0)) {
    throw new AppError("share_terms_invalid", { what: input.price });
  }
  const parts: Checked["parts"] = [];
  const seen = new Set<number>();
  for (const member of input.members) {
    const part =
      input.kind === "box"
        ? await boxMember(tx, actor, source, member)
        : await unitMember(tx, source, member, input.method);
    if (seen.has(member.id)) throw new AppError("share_member_twice", { label: part.label });
    seen.add(member.id);
    parts.push(part.row);
  }
  const terms = { method: input.method, propertyBp: input.propertyBp, factors: input.factors };
  const fault = termsFault(
    terms,
    parts.map((part) => ({ ratioBp: part.ratio_bp, areaCm: part.area_cm, ratedW: part.rated_w })),
  );
  if (fault === "ratio_sum") {
    const sum = input.members.reduce((all, member) => all + member.ratioBp, input.propertyBp);
    throw new AppError("share_ratio_sum", { sum: (sum / 100).toFixed(2) });
  }
  if (fault !== null) throw new AppError("share_terms_invalid", { what: fault });
  return {
    source,
    parts,
    rule: {
      kind: input.kind,
      source_meter_id: source.id,
      box_id: input.kind === "box" ? source.box_id : null,
      period: input.period,
      method: input.method,
      price_e4: priceE4,
      property_bp: input.propertyBp,
      speed_low: input.factors.low,
      speed_middle: input.factors.middle,
      speed_high: input.factors.high,
    },
  };
}

type Asked = ShareTermsInput["members"][number];
type Part = { label: string; row: Checked["parts"][number] };

async function boxMember(tx: Tx, actor: Actor, source: MeterToShare, member: Asked): Promise<Part> {
  const meter = await meterToShare(tx, actor.scope, member.id);
  if (!meter) throw new AppError("meter_not_found");
  const isOther = source.box_id === null || meter.box_id !== source.box_id || meter.id === source.id;
  if (isOther || meter.mode === "public" || meter.kind !== source.kind) {
    throw new AppError("share_other_box", { label: meter.label });
  }
  const { ratioBp, areaCm } = member;
  return {
    label: meter.label,
    row: { meter_id: meter.id, unit_id: null, ratio_bp: ratioBp, area_cm: areaCm, rated_w: 0, own_meter_id: null },
  };
}

async function unitMember(tx: Tx, source: MeterToShare, member: Asked, method: ShareMethod): Promise<Part> {
  const exists = await tx.selectFrom("hvac_unit").select("id").where("id", "=", member.id).executeTakeFirst();
  if (!exists) throw new AppError("hvac_unit_not_found");
  const unit = await unitToShare(tx, member.id);
  if (unit.outdoor_meter_id !== source.id || unit.disabled === 1) {
    throw new AppError("share_other_outdoor", { label: unit.label });
  }
  if (method === "meter" && unit.own_meter_id === null) throw new AppError("share_terms_invalid", { what: unit.label });
  return {
    label: unit.label,
    row: {
      meter_id: null,
      unit_id: unit.id,
      ratio_bp: 0,
      area_cm: unit.area_cm,
      rated_w: unit.rated_w,
      own_meter_id: unit.own_meter_id,
    },
  };
}

/** What was shared is never touched, and nobody is charged for a past that he was not told of: at most since the last month began. */
async function demandOpenDay(tx: Tx, source: MeterToShare, input: ShareRuleRequest, today: Day): Promise<void> {
  const day = parseDay(input.effectiveDay);
  if (day === null || (input.period === "month" && !day.endsWith("-01"))) {
    throw new AppError("invalid_input", { what: input.effectiveDay });
  }
  const shared = await lastPeriodShared(tx, source.id);
  const lastDay = shared === null ? undefined : daysOfPeriod(shared).at(-1);
  if (lastDay !== undefined && day <= lastDay) throw new AppError("share_day_closed", { day: lastDay });
  const earliest = `${addMonths(monthOf(today), -1)}-01`;
  if (day < earliest) throw new AppError("share_day_too_old", { day: earliest });
}
