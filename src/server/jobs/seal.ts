import { SECOND_MS } from "#base/time.ts";
import type { FlowContext } from "#flows/context.ts";
import { ITEMS_PER_SEAL, sealLedger } from "#flows/seal-ledger.ts";
import type { Sealer } from "#system/seal.ts";
import type { Job } from "./loop.ts";

/** Seals what was booked. Servers may share the work: whoever comes second finds it done. */
export function sealJob(ctx: FlowContext, sealer: Sealer): Job {
  return {
    name: "seal",
    everyMs: 5 * SECOND_MS,
    run: async () => (await sealLedger(ctx, sealer)) === ITEMS_PER_SEAL,
  };
}
