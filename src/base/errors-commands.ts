/** Refusals about taking back a command to a meter (撤回指令); merged into the table of `errors.ts`. */
export const commandErrors = {
  command_of_money: [
    409,
    "该指令带着已记账的款项或电量,不能在此撤回:充值请在充值单上撤回,退费和清零在退费单上撤回,换表、切换模式、合并账户在各自的页面上撤回",
    "What this command carries is booked and is not taken back here: withdraw a recharge on its order, a refund or clear on its slip, an exchange, change of mode or merge on its own page",
  ],
  command_by_system: [
    409,
    "该指令由系统产生,撤回后会再次产生:欠费拉闸请充值或设保电,到账合闸、校时和换密钥会自行结束",
    "The system asked for this and would ask again: a recharge or a supply guard ends a trip for arrears; a close after a payment, the clock and keys end by themselves",
  ],
  command_sent: [
    409,
    "该指令已发出或正在发出,撤回不了,请等待结果",
    "The command has left or is leaving and cannot be called back; wait for its result",
  ],
  command_ended: [409, "该指令已经结束,不需要撤回", "The command has ended; there is nothing to withdraw"],
  command_leaves_off: [
    409,
    "撤回后该表计不会恢复供电。确要撤回,请勾选“我知道供电不会恢复”",
    "Supply will not come back to this meter. To withdraw all the same, say that you know it",
  ],
} as const satisfies Record<string, readonly [status: number, zh: string, en: string]>;
