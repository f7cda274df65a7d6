import { expect } from "vitest";
import { AppError } from "#base/errors.ts";
import type { MoveOutRequest } from "#contract/move-outs.ts";
import { type Actor, permissions, SCOPE_ALL } from "#domain/permission.ts";
import { approvalEffects } from "#flows/approval-effects.ts";
import { decideApproval } from "#flows/decide-approval.ts";
import { advanceMoveOuts, finishMoveOut } from "#flows/finish-move-out.ts";
import { startMoveOut } from "#flows/move-out.ts";
import { confirmMoveOut } from "#flows/move-out-clear.ts";
import { townPlan } from "#simulator/plan.ts";
import { moveOutView } from "#store/move-out-pages.ts";
import { systemClock } from "#system/clock.ts";
import { newId } from "#system/ids.ts";
import { postedOn } from "./posted.ts";
import { until } from "./until.ts";
import { boss, type World, world } from "./world.ts";

/** Real programs over a line, on a machine that has other things to do. */
export const STORY_MS = 120_000;
/** Who approves. */
export const finance: Actor = {
  userId: 2,
  login: "li",
  name: "李会计",
  permissions: new Set(permissions),
  scope: SCOPE_ALL,
};
/** Whoever sees no meter. */
export const stranger: Actor = { ...finance, login: "far", scope: { all: false, areaIds: [], meterIds: [] } };

/** The code of a refusal; `nothing` when it was not refused. */
export const refusal = (doing: Promise<unknown>) =>
  doing.then(
    () => "nothing",
    (error) => (error instanceof AppError ? error.code : String(error)),
  );

/** The room with electricity (credit in the meter) and water (on the server), and what the desk does there. */
export async function desk(database: "sqlite" | "mariadb", options: { collector?: boolean } = {}) {
  const w = await world({
    database,
    plan: townPlan({ seed: 1, concentrators: 1, metersPer: 12, waterPer: 1 }),
    ...options,
  });
  const water = w.plan.meters.find((each) => each.kind === "water");
  const power = w.plan.meters.find((each) => each.room === water?.room && each.kind === "electricity");
  if (!water || !power) throw new Error("no room with two meters");
  const meters = [await w.meterAt(power.label), await w.meterAt(water.label)];
  const [electricity, waterMeter] = meters;
  if (!electricity || !waterMeter) throw new Error("no meters");
  const begin = (over: Partial<MoveOutRequest> & { by?: Actor } = {}) => {
    const { by = boss, ...rest } = over;
    return startMoveOut(w.ctx, by, {
      key: newId(systemClock()),
      meterIds: meters.map((meter) => meter.id),
      method: "cash",
      afterwards: "trip",
      reason: "合同到期",
      ip: "",
      ...rest,
    });
  };
  const view = async (moveOutNo: string) => {
    const seen = await moveOutView(w.db.read, SCOPE_ALL, moveOutNo);
    if (!seen) throw new Error(`no move-out ${moveOutNo}`);
    return seen;
  };
  const reached = (moveOutNo: string, state: string) =>
    until(`move-out ${state}`, async () => {
      await w.settle();
      await advanceMoveOuts(w.ctx);
      const seen = await view(moveOutNo);
      return seen.state === state && seen;
    });
  const confirm = async (moveOutNo: string, by = boss) =>
    confirmMoveOut(w.ctx, by, { moveOutNo, rev: (await view(moveOutNo)).rev, ip: "" });
  const approve = async (moveOutNo: string, by = finance) => {
    const id = (await view(moveOutNo)).approval?.id ?? "";
    return decideApproval(w.ctx, approvalEffects, by, { id, verdict: "approve", version: 0, reason: "", ip: "" });
  };
  const finish = async (moveOutNo: string, collect: "cash" | null = null) =>
    finishMoveOut(w.ctx, boss, { moveOutNo, rev: (await view(moveOutNo)).rev, note: "", collect, ip: "" });
  /** Until nothing moves any more: the taps still run while the sheet is being made. */
  const finished = (moveOutNo: string) =>
    until("finished", async () => {
      await w.settle();
      return (await finish(moveOutNo)) === "done";
    });
  const posted = (kind: string, ref?: number) => postedOn(w.db, kind, ref);
  return {
    w,
    electricity,
    waterMeter,
    meters,
    begin,
    view,
    reached,
    confirm,
    approve,
    finish,
    finished,
    posted,
    customer: await customerOf(w, electricity.account_id ?? 0),
  };
}

/** Books right, and nothing between two states. */
export async function expectSound(w: World): Promise<void> {
  await w.settle();
  const report = await w.verify();
  expect(report.problems).toEqual([]);
  expect(report.sumE4).toBe(0);
  const pending = await w.db.read
    .selectFrom("ledger_transfer")
    .leftJoin("ledger_resolution", "ledger_resolution.transfer_id", "ledger_transfer.id")
    .select("ledger_transfer.id")
    .where("ledger_transfer.pending", "=", 1)
    .where("ledger_resolution.transfer_id", "is", null)
    .execute();
  expect(pending).toEqual([]);
}

/** Yuan of the wire as 1/10000 yuan. */
export const e4 = (text: string) => Math.round(Number(text) * 10_000);

/** Whose account it is. */
export async function customerOf(w: World, accountId: number): Promise<number> {
  const row = await w.db.read
    .selectFrom("account")
    .select("customer_id")
    .where("id", "=", accountId)
    .executeTakeFirstOrThrow();
  return row.customer_id;
}
