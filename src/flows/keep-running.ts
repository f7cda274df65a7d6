import { assert } from "#base/errors.ts";
import { counterAt, fillFor, REFILL_BELOW_WH } from "#domain/group.ts";
import { openMember, runningThrough } from "#store/groups.ts";
import { claimMeterState } from "#store/meters.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import { askMeter } from "./group-command.ts";
import { WH_PER_STEP } from "./refund-plan.ts";

/**
 * Fills up meters of groups whose own counter runs low, long before they would trip by themselves. Answers how many were asked. By state:
 * it may stop or repeat anywhere, and one meter is asked for one fill at a time.
 */
export async function keepMembersRunning(ctx: FlowContext): Promise<number> {
  const low = (await runningThrough(ctx.db.read)).filter(({ counter_wh, counter_index_wh, settled_index_wh }) => {
    if (counter_wh === null || counter_index_wh === null || settled_index_wh === null) return false;
    return counterAt({ counterWh: counter_wh, indexWh: counter_index_wh }, settled_index_wh) < REFILL_BELOW_WH;
  });
  for (const { meter_id } of low) {
    await decide(ctx.db, async (tx) => {
      const state = await claimMeterState(tx, meter_id);
      const member = await openMember(tx, meter_id);
      if (member?.state !== "merged" || member.command_id !== null || state.settled_index_wh === null) return;
      assert(member.counter_wh !== null && member.counter_index_wh !== null, `meter ${meter_id} counts by itself`);
      const from = { counterWh: member.counter_wh, indexWh: member.counter_index_wh };
      const wh = fillFor(counterAt(from, state.settled_index_wh), WH_PER_STEP);
      if (wh > 0) await askMeter(ctx, tx, { member, to: "merged", wh, actor: "groups", now: ctx.clock() });
    });
  }
  if (low.length > 0) ctx.log.info({ meters: low.map((each) => each.meter_id) }, "members are filled up");
  return low.length;
}
