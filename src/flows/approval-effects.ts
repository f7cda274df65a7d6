import type { ApprovalTable } from "#store/schema-refunds.ts";
import { ratioEffect } from "./change-ratio.ts";
import type { ApprovalEffect, ApprovalEffects } from "./decide-approval.ts";
import { exchangeEffect } from "./exchange-old.ts";
import { moveOutApproved } from "./move-out-clear.ts";
import { priceEffect } from "./price-change.ts";
import { quarantineEffect } from "./quarantine.ts";
import { refundApproved } from "./refund.ts";
import { batchEffect } from "./request-batch.ts";
import { releaseEffect } from "./stop-trips.ts";

/** What every kind of approval sets going: the one list, handed to whoever lets people decide. */
export const approvalEffects: ApprovalEffects = {
  price: priceEffect,
  ratio: ratioEffect,
  exchange: exchangeEffect,
  refund: {
    approved: (ctx, tx, approval, ending) => effectOf(approval).approved(ctx, tx, approval, ending),
    ended: (ctx, tx, approval, ending) => effectOf(approval).ended(ctx, tx, approval, ending),
  },
  clear: refundApproved,
  debt: refundApproved,
  off_release: releaseEffect,
  quarantine: quarantineEffect,
  trip_batch: batchEffect,
  close_batch: batchEffect,
};

/** Money that goes back is that of a refund, or of a whole move-out. */
function effectOf({ object }: ApprovalTable): ApprovalEffect {
  return object.startsWith("move_out:") ? moveOutApproved : refundApproved;
}
