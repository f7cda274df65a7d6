import { AppError } from "#base/errors.ts";
import type { RetireRequest } from "#contract/collection.ts";
import type { Actor } from "#domain/permission.ts";
import { changeMeterArchive, metersBehind } from "#store/archive.ts";
import { archiveChanged } from "#store/archive-revisions.ts";
import { openRatioChangeOf } from "#store/devices.ts";
import { balanceOf } from "#store/ledger.ts";
import { changeMeterState } from "#store/meters.ts";
import { openMoveOutOfMeter } from "#store/move-outs.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import { demandQuiet, takeMeter, tell } from "./edit-meter.ts";
import { refuseToMember } from "./group-guard.ts";
import { takeBackGuardOrders } from "./load-guard.ts";
import { endLockAlarm } from "./take-load-guard.ts";

/**
 * Takes a meter out of use (停用). Only one that nobody rents, that holds nothing and whose usage is settled: money is never retired with a
 * meter. Its history stays; it is read no more and shown on no board.
 */
export async function retireMeter(
  ctx: FlowContext,
  actor: Actor,
  input: RetireRequest & { meterId: number; ip: string },
): Promise<void> {
  await decide(ctx.db, async (tx) => {
    const { meter, state } = await takeMeter(tx, actor, input);
    await takeBackGuardOrders(tx, { meterId: meter.id, at: ctx.clock() });
    await demandQuiet(tx, meter.id);
    if ((await openRatioChangeOf(tx, meter.id)) !== null) throw new AppError("meter_busy");
    const moveOutNo = await openMoveOutOfMeter(tx, meter.id);
    if (moveOutNo !== null) throw new AppError("moving_out", { moveOutNo });
    await refuseToMember(tx, meter.id);
    const behind = await metersBehind(tx, meter.id);
    if (behind > 0) throw new AppError("meter_is_gateway", { meters: behind });
    const credit = await balanceOf(tx, { kind: "meter_credit", ref: meter.id });
    if (meter.account_id !== null || credit.posted !== 0 || credit.reserved !== 0) {
      throw new AppError("meter_holds_money");
    }
    if (state.index_at > state.settled_at || state.suspect_wh !== null) throw new AppError("meter_unsettled");
    const after = { retired_at: ctx.clock() };
    if (!(await changeMeterArchive(tx, meter, after))) throw new AppError("archive_changed", { what: meter.label });
    // Its tile goes from the boards.
    await changeMeterState(tx, { meterId: meter.id, version: state.version, change: { changed_at: ctx.clock() } });
    await archiveChanged(tx, [meter.concentrator_id]);
    await endLockAlarm(ctx, tx, meter.id, "left");
    await tell(ctx, tx, actor, meter, { action: "meter.retire", after, reason: input.reason, ip: input.ip });
  });
}
