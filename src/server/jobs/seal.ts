import { SECOND_MS } from "#base/time.ts";
import type { FlowContext } from "#flows/context.ts";
import { auditBook, ledgerBook } from "#flows/seal-books.ts";
import { ITEMS_PER_SEAL, sealRows } from "#flows/seal-rows.ts";
import type { Sealer } from "#system/seal.ts";
import type { Job } from "./loop.ts";

/** Seals what was booked, and what was written into the audit. Servers may share the work: whoever comes second finds it done. */
export function sealJob(ctx: FlowContext, sealer: Sealer): Job {
  return {
    name: "seal",
    everyMs: 5 * SECOND_MS,
    async run() {
      const booked = await sealRows(ctx, sealer, ledgerBook);
      const audited = await sealRows(ctx, sealer, auditBook);
      return booked === ITEMS_PER_SEAL || audited === ITEMS_PER_SEAL;
    },
  };
}
