import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { Refund } from "#contract/refunds.ts";
import { refusalCode } from "#web/shared/api.ts";
import { approvalKeys, getApproval } from "#web/shared/api-approvals.ts";
import { refundKeys } from "#web/shared/api-refunds.ts";
import { NotYet } from "../../notice.tsx";
import { ApprovalCard } from "../approvals/approval-card.tsx";
import "../approvals/approvals.css";

/** The request that a refund waits for, to be decided where it is looked at; nothing to those who may not see it. */
export function RefundApproval({ refund }: { refund: Refund }) {
  const client = useQueryClient();
  const id = refund.approvalId ?? "";
  const isOpen = refund.state === "requested" && id !== "";
  const approval = useQuery({
    queryKey: approvalKeys.one(id),
    queryFn: () => getApproval(id),
    enabled: isOpen,
    retry: false,
  });
  if (!isOpen) return null;
  // Who may not see it is refused, and that is no failure of the page.
  if (approval.data === undefined)
    return approval.error && refusalCode(approval.error) === "internal" ? <NotYet of={approval} /> : null;
  return (
    <ApprovalCard
      approval={approval.data}
      atObject
      onChanged={() => {
        for (const queryKey of [approvalKeys.all, refundKeys.all]) void client.invalidateQueries({ queryKey });
      }}
    />
  );
}
