import { expect } from "vitest";
import { AppError } from "#base/errors.ts";
import type { RefundRequest } from "#contract/refunds.ts";
import { type Actor, permissions, SCOPE_ALL } from "#domain/permission.ts";
import { approvalEffects } from "#flows/approval-effects.ts";
import { decideApproval } from "#flows/decide-approval.ts";
import { requestClear, requestRefund } from "#flows/refund.ts";
import { refundView } from "#store/refunds.ts";
import { systemClock } from "#system/clock.ts";
import { newId } from "#system/ids.ts";
import { postedOn } from "./posted.ts";
import { until } from "./until.ts";
import { boss, type World, world } from "./world.ts";

/** Real programs over a bad line, on a machine that has other things to do. */
export const STORY_MS = 120_000;

/** The second person. */
export const finance: Actor = {
  userId: 2,
  login: "li",
  name: "李会计",
  permissions: new Set(permissions),
  scope: SCOPE_ALL,
};

/** The code with which something was refused, or that nothing was. */
export const refusal = (doing: Promise<unknown>) =>
  doing.then(
    () => "nothing",
    (error) => (error instanceof AppError ? error.code : String(error)),
  );

/** A world in which the hero's meter was read, and what the desk does in it. */
export async function refundDesk(database: "sqlite" | "mariadb", options: { collector?: boolean } = {}) {
  const w = await world({ database, ...options });
  const meter = await w.meterAt(w.hero);
  const ask = async (over: Partial<RefundRequest> & { quantity: string }) =>
    requestRefund(w.ctx, boss, {
      key: newId(systemClock()),
      meterId: meter.id,
      kind: "units",
      orderNo: null,
      method: "cash",
      reason: "充错表",
      ip: "",
      ...over,
    });
  const clear = (meterId = meter.id) =>
    requestClear(w.ctx, boss, { key: newId(systemClock()), meterId, reason: "拆除", ip: "" });
  const view = async (refundNo: string) => {
    const seen = await refundView(w.db.read, SCOPE_ALL, refundNo);
    if (!seen) throw new Error(`no refund ${refundNo}`);
    return seen;
  };
  const reached = (refundNo: string, state: string) =>
    until(`refund ${state}`, async () => {
      const seen = await view(refundNo);
      return seen.state === state && seen;
    });
  const bought = async (amount: string) => {
    const orderNo = await w.recharge(meter.id, amount);
    await until("confirmed", async () => (await w.order(orderNo)).state === "confirmed");
    return orderNo;
  };
  const approvalIdOf = async (refundNo: string) => {
    const id = (await view(refundNo)).approvalId;
    if (id === null) throw new Error("nobody was asked");
    return id;
  };
  const approve = async (refundNo: string, by = finance, verdict: "approve" | "reject" = "approve") =>
    decideApproval(w.ctx, approvalEffects, by, {
      id: await approvalIdOf(refundNo),
      verdict,
      version: 0,
      reason: "looked at",
      ip: "",
    });
  const account = (kind: string) => postedOn(w.db, kind);
  return { w, meter, ask, clear, view, reached, bought, approve, account };
}

/** Books right, nothing between two states, and the meter has counted as often as we have. */
export async function expectSound(w: World): Promise<void> {
  await w.settle();
  const report = await w.verify();
  expect(report.problems).toEqual([]);
  const pending = await w.db.read
    .selectFrom("ledger_transfer")
    .leftJoin("ledger_resolution", "ledger_resolution.transfer_id", "ledger_transfer.id")
    .select("ledger_transfer.id")
    .where("ledger_transfer.pending", "=", 1)
    .where("ledger_resolution.transfer_id", "is", null)
    .execute();
  expect(pending).toEqual([]);
}
