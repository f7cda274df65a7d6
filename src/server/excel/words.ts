import type { OrderState } from "#contract/money.ts";
import type { RefundKind, RefundMethod, RefundState } from "#domain/refund.ts";
import type { Words } from "./answer.ts";

/** How money came in, in files. */
export const channelWords: Readonly<Record<string, Words>> = {
  cash: ["现金", "Cash"],
  transfer: ["转账", "Transfer"],
  wechat: ["微信", "WeChat"],
  partner: ["接口合作方", "API partner"],
};

/** States of an order, in files. */
export const orderStateWords: Readonly<Record<OrderState, Words>> = {
  booked: ["已记账,待下发", "Booked, not sent"],
  sent: ["已下发,待确认", "Sent"],
  unknown: ["未应答,核实中", "Being checked"],
  confirmed: ["已到账", "Credited"],
  refused: ["电表拒绝", "Refused by the meter"],
  stopped: ["已停止,待核对", "Stopped"],
  withdrawn: ["已撤回", "Withdrawn"],
};

/** What was taken back, in files. */
export const refundKindWords: Readonly<Record<RefundKind, Words>> = {
  units: ["退表内电量/水量", "Units in the meter"],
  wallet: ["退钱包", "Wallet"],
  balance: ["退余额", "Balance"],
  clear: ["清零", "Clearing"],
  move_out: ["退租", "Move-out"],
  debt: ["核销欠费", "Write-off of debt"],
};

/** How money is paid back, in files. */
export const refundMethodWords: Readonly<Record<RefundMethod, Words>> = {
  cash: ["现金", "Cash"],
  transfer: ["转账", "Transfer"],
  original: ["原路退回", "The way it came"],
};

/** States of a refund, in files. */
export const refundStateWords: Readonly<Record<RefundState, Words>> = {
  requested: ["待审批", "Waiting for approval"],
  approved: ["待下发", "Not sent yet"],
  deducting: ["已下发,待确认", "Sent"],
  confirmed: ["待付款", "To be paid out"],
  paid: ["已付款", "Paid out"],
  done: ["已完成", "Done"],
  rejected: ["已驳回", "Rejected"],
  withdrawn: ["已撤回", "Withdrawn"],
  refused: ["电表拒绝", "Refused by the meter"],
  stopped: ["已停止,待核对", "Stopped"],
};
