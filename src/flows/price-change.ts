import { AppError, assert } from "#base/errors.ts";
import { DAY_MS, formatInstant, type Instant, instant, MINUTE_MS } from "#base/time.ts";
import { formatMoney, money, NO_MONEY, price } from "#base/units.ts";
import type { ChangeContent, ChangeRequest } from "#contract/prices.ts";
import type { AuditAction } from "#domain/audit-action.ts";
import type { Actor } from "#domain/permission.ts";
import type { TariffTerms } from "#domain/tariff.ts";
import { addAudit } from "#store/audit.ts";
import type { Tx } from "#store/db.ts";
import { insertRows } from "#store/portable.ts";
import {
  addAssignments,
  addPriceChange,
  bumpTariff,
  type ConcernedMeter,
  countInScope,
  isAssignmentTaken,
  isVersionTaken,
  metersOfChange,
  metersOfTariff,
  movePriceChange,
  priceChangeByKey,
  priceChangeRow,
  removeChange,
  selectedMeters,
  tariffRow,
} from "#store/price-changes.ts";
import type { MeterTariffTable, PriceChangeTable } from "#store/schema-tariff.ts";
import { nextNumbers } from "#store/sequences.ts";
import { Stale } from "#store/stale.ts";
import { BEGINNING, versionsOfTariffs } from "#store/tariffs.ts";
import { sha256Hex } from "#system/crypto.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import type { ApprovalEffect } from "./decide-approval.ts";
import { readPrice, readTerms } from "./price-terms.ts";
import { askForApproval } from "./request-approval.ts";

/** A change takes effect at least so much after it is approved: no settlement of that time may be under way without it. */
export const LEAD_MS = 2 * MINUTE_MS;
/** Further ahead than this is a wrong year. */
export const AHEAD_MS_MAX = 400 * DAY_MS;
/** Meters of one change. */
export const METERS_PER_CHANGE_MAX = 10_000;

/** What a change of some meters' prices brings: a tariff, or a flat price of their own. */
type Assigned = { tariffId: number | null; priceE4: number | null };

/**
 * Asks for other prices: new terms of a tariff, or other prices for some meters, from an instant on that lies ahead. Nothing holds until
 * somebody else has approved it (unless the rule of approvals is off). The same key again answers with the same change.
 */
export async function askForPrices(
  ctx: FlowContext,
  actor: Actor,
  input: ChangeRequest & { ip: string },
): Promise<{ id: string; created: boolean }> {
  const hash = sha256Hex(JSON.stringify([input.what, input.from]));
  return decide(ctx.db, async (tx) => {
    const now = ctx.clock();
    const earlier = await priceChangeByKey(tx, input.key);
    if (earlier !== null) {
      if (earlier.request_hash !== hash) throw new AppError("price_key_conflict");
      return { id: earlier.id, created: false };
    }
    const considered = await consider(tx, actor, input.what);
    checkTime(input.from, now);
    const id = ctx.newId(now);
    const change: PriceChangeTable = {
      id,
      idem_key: input.key,
      request_hash: hash,
      project_id: considered.projectId,
      kind: input.what.kind,
      tariff_id: input.what.tariffId,
      from_at: input.from,
      content: JSON.stringify(considered.content),
      state: "requested",
      rev: 0,
      reason: input.reason,
      made_by: actor.login,
      made_at: now,
      decided_by: null,
      decided_at: null,
      decided_reason: "",
      approval_id: null,
      updated_at: now,
    };
    const meterIds = considered.meters.map((meter) => meter.id);
    if (input.what.kind === "version" && !(await bumpTariff(tx, input.what.tariffId, input.what.seenRev)))
      throw new AppError("tariff_changed");
    await checkChange(tx, change, considered.meters);
    const request = {
      kind: "price" as const,
      object: `price:${id}`,
      meterId: meterIds.length === 1 && input.what.kind === "assignment" ? (meterIds[0] ?? null) : null,
      amount: NO_MONEY,
      summary: { ...considered.summary, meters: meterIds.length, from: formatInstant(instant(input.from)) },
      reason: input.reason,
      by: actor.login,
      ip: input.ip,
    };
    const approvalId = await askForApproval(ctx, tx, request, now);
    await addPriceChange(tx, { ...change, approval_id: approvalId }, input.what.kind === "assignment" ? meterIds : []);
    await audit(ctx, tx, change, {
      action: "price.request",
      actor: actor.login,
      reason: input.reason,
      ip: input.ip,
      at: now,
    });
    if (approvalId === null) await bring(ctx, tx, change, { by: actor.login, at: now, reason: "" });
    return { id, created: true };
  });
}

/** What a second person's decision about prices sets going. */
export const priceEffect: ApprovalEffect = {
  async approved(ctx, tx, approval, ending) {
    await bring(ctx, tx, await changeOf(tx, approval.object), ending);
  },
  async ended(_ctx, tx, approval, ending) {
    const change = await changeOf(tx, approval.object);
    const state = ending.how === "rejected" ? "rejected" : "withdrawn";
    await move(tx, change, { state, by: ending.by, at: ending.at, reason: ending.reason });
  },
};

/** Takes an approved change back before it takes effect. Nobody was charged by it. */
export async function revokePrices(
  ctx: FlowContext,
  actor: Actor,
  input: { id: string; reason: string; ip: string },
): Promise<void> {
  await decide(ctx.db, async (tx) => {
    const now = ctx.clock();
    const change = await priceChangeRow(tx, input.id);
    if (change === null || !(await isWithin(tx, actor, change))) throw new AppError("price_change_not_found");
    if (change.state === "revoked") return;
    if (change.state !== "approved" || change.from_at < now + LEAD_MS) throw new AppError("price_change_not_revocable");
    await removeChange(tx, change.id);
    await move(tx, change, { state: "revoked", by: actor.login, at: now, reason: input.reason });
    await audit(ctx, tx, change, {
      action: "price.revoke",
      actor: actor.login,
      reason: input.reason,
      ip: input.ip,
      at: now,
    });
  });
}

/** A tariff without prices yet. Its name is unique in the project. */
export async function makeTariff(
  ctx: FlowContext,
  actor: Actor,
  input: { name: string; kind: "electricity" | "water"; note: string; ip: string },
): Promise<number> {
  return decide(ctx.db, async (tx) => {
    const now = ctx.clock();
    const project = await tx.selectFrom("project").select("id").orderBy("id").limit(1).executeTakeFirst();
    const id = await nextNumbers(tx, "tariff");
    const taken = await tx
      .selectFrom("tariff")
      .select("id")
      .where("name", "=", input.name)
      .where("project_id", "=", project?.id ?? 0)
      .executeTakeFirst();
    if (taken !== undefined) throw new AppError("tariff_name_taken", { name: input.name });
    const { name, kind, note } = input;
    const made = {
      id,
      project_id: project?.id ?? 0,
      name,
      kind,
      note,
      rev: 0,
      created_by: actor.login,
      created_at: now,
    };
    await insertRows(tx, "tariff", [made]);
    await addAudit(tx, {
      id: ctx.newId(now),
      at: now,
      actor: actor.login,
      action: "tariff.create",
      object: `tariff:${id}`,
      before: null,
      after: { name, kind, note },
      reason: "",
      ip: input.ip,
    });
    return id;
  });
}

type Considered = {
  projectId: number;
  content: TariffTerms | Assigned;
  meters: ConcernedMeter[];
  summary: Record<string, string | number>;
};

/** What is asked for, checked; and the meters that it is about, all of which the asker must see. */
async function consider(tx: Tx, actor: Actor, what: ChangeContent): Promise<Considered> {
  if (what.kind === "version") {
    const tariff = await tariffRow(tx, what.tariffId);
    if (tariff === null) throw new AppError("tariff_not_found");
    const content = readTerms(what.terms);
    const meters = await metersOfTariff(tx, what.tariffId);
    const ids = meters.map((meter) => meter.id);
    if ((await countInScope(tx, actor.scope, ids)) < ids.length) throw new AppError("tariff_outside_scope");
    return {
      projectId: tariff.project_id,
      content,
      meters,
      summary: { label: tariff.name, after: shortTerms(content) },
    };
  }
  const meters = await selectedMeters(tx, actor.scope, what.meters);
  const [first] = meters;
  if (first === undefined) throw new AppError("no_meters_chosen");
  if (meters.length > METERS_PER_CHANGE_MAX) throw new AppError("too_many_meters", { max: METERS_PER_CHANGE_MAX });
  if (what.meters.meterIds !== undefined && meters.length < new Set(what.meters.meterIds).size)
    throw new AppError("meter_not_found");
  const prices = [...new Set(meters.map((meter) => meter.price_e4))].sort((a, b) => a - b);
  const before = [prices[0] ?? 0, ...(prices.length > 1 ? [prices.at(-1) ?? 0] : [])].map((each) =>
    formatMoney(money(each)),
  );
  const label = meters.length === 1 ? first.label : `${first.label} … ${meters.at(-1)?.label ?? ""}`;
  const summary = { label, before: before.join(" – ") };
  if (what.tariffId === null) {
    if (meters.some((meter) => meter.kind !== first.kind)) throw new AppError("price_kinds_mixed");
    const own = readPrice(what.price ?? "");
    const content = { tariffId: null, priceE4: own };
    return { projectId: first.project_id, content, meters, summary: { ...summary, after: formatMoney(own) } };
  }
  const tariff = await tariffRow(tx, what.tariffId);
  if (tariff === null) throw new AppError("tariff_not_found");
  const content = { tariffId: tariff.id, priceE4: null };
  return { projectId: first.project_id, content, meters, summary: { ...summary, after: tariff.name } };
}

function shortTerms(terms: TariffTerms): string {
  if (terms.kind === "flat") return formatMoney(terms.price);
  const prices =
    terms.kind === "tiered" ? terms.tiers.map((tier) => tier.price) : Object.values(terms.seasons[0]?.prices ?? {});
  return prices.map((each) => formatMoney(each)).join(" / ");
}

function checkTime(from: number, now: Instant): void {
  if (from < now + LEAD_MS) throw new AppError("price_too_soon", { minutes: LEAD_MS / MINUTE_MS });
  if (from > now + AHEAD_MS_MAX) throw new AppError("price_too_far", { days: AHEAD_MS_MAX / DAY_MS });
}

/** What must hold when a change is asked for, and again when it is approved. */
async function checkChange(tx: Tx, change: PriceChangeTable, meters: readonly ConcernedMeter[]): Promise<void> {
  const settled = meters.filter((meter) => meter.settled_at >= change.from_at).length;
  if (settled > 0) throw new AppError("price_settled_already", { meters: settled });
  const inMeter = meters.filter((meter) => meter.credit_at === "meter").length;
  if (change.kind === "version") {
    assert(change.tariff_id !== null, "a version belongs to a tariff");
    const taken = await isVersionTaken(tx, { tariffId: change.tariff_id, from: change.from_at, except: change.id });
    if (taken) throw new AppError("price_overlaps");
    const terms = JSON.parse(change.content) as TariffTerms;
    if (terms.kind !== "flat" && inMeter > 0) throw new AppError("tariff_needs_server", { meters: inMeter });
    return;
  }
  const meterIds = meters.map((meter) => meter.id);
  if (await isAssignmentTaken(tx, { meterIds, from: change.from_at, except: change.id }))
    throw new AppError("price_overlaps");
  if (change.tariff_id === null) return;
  const tariff = await tariffRow(tx, change.tariff_id);
  if (tariff === null) throw new AppError("tariff_not_found");
  const others = meters.filter((meter) => meter.kind !== tariff.kind).length;
  if (others > 0) throw new AppError("tariff_kind_mismatch", { meters: others });
  const versions = (await versionsOfTariffs(tx, [tariff.id])).get(tariff.id) ?? [];
  if (!versions.some((version) => version.from <= change.from_at)) throw new AppError("tariff_without_version");
  if (inMeter > 0 && versions.some((version) => version.terms.kind !== "flat"))
    throw new AppError("tariff_needs_server", { meters: inMeter });
}

type Ending = { by: string; at: Instant; reason: string };

/** Makes an approved change hold: rows that settlement reads, never changed afterwards. */
async function bring(ctx: FlowContext, tx: Tx, change: PriceChangeTable, ending: Ending): Promise<void> {
  if (change.state !== "requested") throw new AppError("approval_not_open");
  checkTime(change.from_at, ending.at);
  const approved = { change_id: change.id, approved_by: ending.by, approved_at: ending.at, applied_at: 0 };
  if (change.kind === "version") {
    assert(change.tariff_id !== null, "a version belongs to a tariff");
    const tariff = await tariffRow(tx, change.tariff_id);
    if (tariff === null) throw new AppError("tariff_not_found");
    if (!(await bumpTariff(tx, tariff.id, tariff.rev))) throw new Stale(`tariff ${tariff.id}`);
    await checkChange(tx, change, await metersOfTariff(tx, tariff.id));
    const row = { id: ctx.newId(ending.at), tariff_id: tariff.id, from_at: change.from_at, terms: change.content };
    await insertRows(tx, "tariff_version", [{ ...row, ...approved }]);
  } else {
    const meters = await metersOfChange(tx, change.id);
    if (change.tariff_id !== null) {
      // A version that is being approved at this moment must see these meters, or these must see it.
      const tariff = await tariffRow(tx, change.tariff_id);
      if (tariff === null || !(await bumpTariff(tx, tariff.id, tariff.rev)))
        throw new Stale(`tariff ${change.tariff_id}`);
    }
    await checkChange(tx, change, meters);
    await keepFirstPrices(tx, meters);
    const { tariffId, priceE4 } = JSON.parse(change.content) as Assigned;
    const rows = meters.map((meter): MeterTariffTable => {
      return { meter_id: meter.id, from_at: change.from_at, tariff_id: tariffId, price_e4: priceE4, ...approved };
    });
    if ((await addAssignments(tx, rows)) < rows.length) throw new AppError("price_overlaps");
  }
  await move(tx, change, { state: "approved", ...ending });
}

/** The price that a meter had before its first change begins its history. */
async function keepFirstPrices(tx: Tx, meters: readonly ConcernedMeter[]): Promise<void> {
  const rows = meters.map(
    (meter): MeterTariffTable => ({
      meter_id: meter.id,
      from_at: BEGINNING,
      tariff_id: null,
      price_e4: price(meter.price_e4),
      change_id: null,
      approved_by: "system",
      approved_at: 0,
      applied_at: 1,
    }),
  );
  await addAssignments(tx, rows);
}

async function changeOf(tx: Tx, object: string): Promise<PriceChangeTable> {
  const change = await priceChangeRow(tx, object.slice("price:".length));
  assert(change !== null, `${object} exists`);
  return change;
}

/** Whether the caller sees every meter that the change is about. */
async function isWithin(tx: Tx, actor: Actor, change: PriceChangeTable): Promise<boolean> {
  if (actor.scope.all) return true;
  const meters =
    change.kind === "version" && change.tariff_id !== null
      ? await metersOfTariff(tx, change.tariff_id)
      : await metersOfChange(tx, change.id);
  const ids = meters.map((meter) => meter.id);
  return ids.length > 0 && (await countInScope(tx, actor.scope, ids)) === ids.length;
}

async function move(
  tx: Tx,
  change: PriceChangeTable,
  to: { state: PriceChangeTable["state"]; by: string; at: Instant; reason: string },
): Promise<void> {
  const decided = { state: to.state, decided_by: to.by, decided_at: to.at, decided_reason: to.reason, at: to.at };
  const moved = await movePriceChange(tx, change, decided);
  // A change that is approved at once is in the same transaction as its own row.
  if (!moved) throw new Stale(`price change ${change.id}`);
}

async function audit(
  ctx: FlowContext,
  tx: Tx,
  change: PriceChangeTable,
  input: { action: AuditAction; actor: string; reason: string; ip: string; at: Instant },
): Promise<void> {
  await addAudit(tx, {
    id: ctx.newId(input.at),
    at: input.at,
    actor: input.actor,
    action: input.action,
    object: `price:${change.id}`,
    before: null,
    after: { kind: change.kind, tariff: change.tariff_id, from: change.from_at, content: change.content },
    reason: input.reason,
    ip: input.ip,
  });
}
