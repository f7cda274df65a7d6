import { dayOf, SECOND_MS } from "#base/time.ts";
import { applyPrices, applySeasons } from "#flows/apply-prices.ts";
import type { FlowContext } from "#flows/context.ts";
import { meterIdsWithSeasons } from "#store/shown-prices.ts";
import type { Job } from "./loop.ts";

/** Shows prices from the instant on at which they hold, and once a day those of tariffs with seasons. */
export function pricesJob(ctx: FlowContext): Job {
  let shownFor = "";
  return {
    name: "prices",
    everyMs: SECOND_MS,
    async run() {
      const shown = await applyPrices(ctx);
      const today = dayOf(ctx.clock());
      if (shownFor !== today) {
        await applySeasons(ctx, await meterIdsWithSeasons(ctx.db.read));
        shownFor = today;
      }
      return shown > 0;
    },
  };
}
