import { z } from "zod";
import { AppError } from "#base/errors.ts";
import { instant } from "#base/time.ts";
import { price } from "#base/units.ts";
import {
  changeRequest,
  changesQuery,
  meterPrices,
  type PriceChange,
  priceChange,
  priceChanges,
  pricedMeters,
  pricedMetersQuery,
  tariff,
  tariffRequest,
  tariffs,
  whatIf as whatIfAnswer,
  whatIfRequest,
} from "#contract/prices.ts";
import type { Actor } from "#domain/permission.ts";
import { type TariffTerms, termsAt } from "#domain/tariff.ts";
import { askForPrices, LEAD_MS, makeTariff, revokePrices } from "#flows/price-change.ts";
import { writeTerms } from "#flows/price-terms.ts";
import { whatIf } from "#flows/what-if.ts";
import { selectedMeters } from "#store/price-changes.ts";
import {
  allTariffs,
  approvedVersions,
  approversOf,
  areasToChoose,
  metersPerTariff,
  priceChangeRows,
  pricedMeterRows,
} from "#store/price-pages.ts";
import { termsOfMeters } from "#store/tariffs.ts";
import { addRoute, nothing, type Routes } from "../route.ts";
import { meterParams } from "./meters.ts";

const changeParams = z.object({ id: z.string().regex(/^[\w-]{1,20}$/) });
const reasonMistake = { reason: () => new AppError("reason_required") };

/** Prices (价格): tariffs and their versions, changes on their way, who is charged by what, and what a change would mean. */
export function priceRoutes(routes: Routes): void {
  const { ctx } = routes;
  const { db, clock } = ctx;

  addRoute(routes, {
    method: "GET",
    path: "/api/tariffs",
    access: "price.view",
    params: nothing,
    query: nothing,
    body: nothing,
    answer: tariffs,
    async handle({ actor }) {
      const areas = await areasToChoose(db.read, actor.scope);
      return { asOf: clock(), items: await tariffViews(routes, actor), areas };
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/tariffs",
    access: "price.manage",
    params: nothing,
    query: nothing,
    body: tariffRequest,
    answer: tariff,
    async handle({ actor, body, ip, reply }) {
      const id = await makeTariff(ctx, actor, { ...body, ip });
      const made = (await tariffViews(routes, actor)).find((each) => each.id === id);
      if (made === undefined) throw new AppError("tariff_not_found");
      reply.status(201);
      return made;
    },
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/prices/meters",
    access: "price.view",
    params: nothing,
    query: pricedMetersQuery,
    body: nothing,
    answer: pricedMeters,
    handle: ({ actor, query }) => pricedMeterRows(db.read, actor.scope, { ...query, now: clock() }),
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/meters/:id/prices",
    access: "price.see",
    params: meterParams,
    query: nothing,
    body: nothing,
    answer: meterPrices,
    missing: "meter_not_found",
    async handle({ actor, params }) {
      const [meter] = await selectedMeters(db.read, actor.scope, { meterIds: [params.id] });
      if (meter === undefined) throw new AppError("meter_not_found");
      const now = clock();
      const line = (await termsOfMeters(db.read, [meter])).get(meter.id) ?? [];
      const names = new Map((await allTariffs(db.read)).map((each) => [each.id, each.name]));
      const approvers = await approversOf(db.read, meter.id);
      const current = termsAt(line, now);
      const items = line.map((each) => ({
        from: each.from,
        tariffName: each.tariffId === null ? null : (names.get(each.tariffId) ?? null),
        terms: writeTerms(each.terms),
        approvedBy: approvers.get(String(each.from)) ?? "system",
        current: each === current,
      }));
      return { asOf: now, items };
    },
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/price-changes",
    access: "price.view",
    params: nothing,
    query: changesQuery,
    body: nothing,
    answer: priceChanges,
    async handle({ actor, query }) {
      const rows = await priceChangeRows(db.read, actor.scope, { before: query.before, limit: query.limit + 1 });
      const items = rows.slice(0, query.limit).map((row) => changeView(row, clock()));
      return { items, more: rows.length > query.limit };
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/price-changes",
    access: "price.manage",
    params: nothing,
    query: nothing,
    body: changeRequest,
    answer: priceChange,
    mistakes: reasonMistake,
    async handle({ actor, body, ip, reply }) {
      const { id, created } = await askForPrices(ctx, actor, { ...body, ip });
      reply.status(created ? 201 : 200);
      return seenChange(routes, actor, id);
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/price-changes/what-if",
    access: "price.view",
    onlyAsks: true,
    params: nothing,
    query: nothing,
    body: whatIfRequest,
    answer: whatIfAnswer,
    handle: ({ actor, body }) => whatIf(ctx, actor, body),
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/price-changes/:id/revoke",
    access: "price.approve",
    stepUp: true,
    params: changeParams,
    query: nothing,
    body: z.object({ reason: z.string().trim().min(1).max(200) }),
    answer: priceChange,
    missing: "price_change_not_found",
    mistakes: reasonMistake,
    async handle({ actor, params, body, ip }) {
      await revokePrices(ctx, actor, { id: params.id, reason: body.reason, ip });
      return seenChange(routes, actor, params.id);
    },
  });
}

async function tariffViews({ ctx }: Routes, actor: Actor) {
  const tx = ctx.db.read;
  const counts = await metersPerTariff(tx, actor.scope, ctx.clock());
  const versions = await approvedVersions(tx);
  return (await allTariffs(tx)).map((row) => ({
    id: row.id,
    name: row.name,
    kind: row.kind,
    note: row.note,
    rev: row.rev,
    meters: counts.get(row.id) ?? 0,
    versions: versions
      .filter((version) => version.tariff_id === row.id)
      .map((version) => ({
        id: version.id,
        from: version.from_at,
        terms: writeTerms(JSON.parse(version.terms) as TariffTerms),
        approvedBy: version.approved_by,
        approvedAt: version.approved_at,
      })),
  }));
}

async function seenChange({ ctx }: Routes, actor: Actor, id: string): Promise<PriceChange> {
  const [row] = await priceChangeRows(ctx.db.read, actor.scope, { id, limit: 1 });
  if (row === undefined) throw new AppError("price_change_not_found");
  return changeView(row, ctx.clock());
}

function changeView(row: Awaited<ReturnType<typeof priceChangeRows>>[number], now: number): PriceChange {
  return {
    id: row.id,
    kind: row.kind,
    tariffId: row.tariff_id,
    tariffName: row.tariff_name,
    terms: termsOfChange(row),
    from: row.from_at,
    state: row.state,
    reason: row.reason,
    madeBy: row.made_by,
    madeAt: row.made_at,
    decidedBy: row.decided_by,
    decidedAt: row.decided_at,
    meters: row.meters,
    approvalId: row.approval_id,
    revocable: row.state === "approved" && row.from_at >= instant(now) + LEAD_MS,
  };
}

function termsOfChange(row: { kind: "version" | "assignment"; content: string }) {
  const content = JSON.parse(row.content) as TariffTerms | { tariffId: number | null; priceE4: number | null };
  if ("kind" in content) return writeTerms(content);
  return content.priceE4 === null ? null : writeTerms({ kind: "flat", price: price(content.priceE4) });
}
