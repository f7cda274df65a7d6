import type { OrderState } from "#contract/money.ts";
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
