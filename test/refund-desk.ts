import type { RefundRequest } from "#contract/refunds.ts";
import { SCOPE_ALL } from "#domain/permission.ts";
import { approvalEffects } from "#flows/approval-effects.ts";
import { decideApproval } from "#flows/decide-approval.ts";
import { requestClear, requestRefund } from "#flows/refund.ts";
import { refundView } from "#store/refunds.ts";
import { systemClock } from "#system/clock.ts";
import { newId } from "#system/ids.ts";
import { postedOn } from "./posted.ts";
import { finance } from "./story.ts";
import { until } from "./until.ts";
import { boss, world } from "./world.ts";

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
  const reached = (refundNo: string, state: string, waitMs?: number) =>
    until(
      `refund ${state}`,
      async () => {
        const seen = await view(refundNo);
        return seen.state === state && seen;
      },
      waitMs,
    );
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
