import type { MoveOutRequest } from "#contract/move-outs.ts";
import { type Actor, SCOPE_ALL } from "#domain/permission.ts";
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
import { finance } from "./story.ts";
import { until } from "./until.ts";
import { boss, type World, world } from "./world.ts";

/** Whoever sees no meter. */
export const stranger: Actor = { ...finance, login: "far", scope: { all: false, areaIds: [], meterIds: [] } };

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
