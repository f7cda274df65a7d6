import { ratioEffect } from "./change-ratio.ts";
import type { ApprovalEffects } from "./decide-approval.ts";
import { priceEffect } from "./price-change.ts";
import { refundApproved } from "./refund.ts";

/** What every kind of approval sets going: the one list, handed to whoever lets people decide. */
export const approvalEffects: ApprovalEffects = {
  price: priceEffect,
  ratio: ratioEffect,
  refund: refundApproved,
  clear: refundApproved,
  debt: refundApproved,
};
