/** Refusals about money that goes back, second persons and tenants that leave; merged into the table of `errors.ts`. */
export const refundErrors = {
  approval_not_found: [404, "找不到该审批,或它不在您的管辖范围内", "No such approval, or it is outside your area"],
  approval_same_person: [
    403,
    "申请人不能审批自己的申请,请由另一位有权限的同事处理",
    "Whoever asked cannot decide; another person with the permission must",
  ],
  approval_not_open: [
    409,
    "该申请已处理完毕,未再改动。请刷新查看结果",
    "This request was already decided; nothing was changed. Reload to see how",
  ],
  approval_expired: [409, "该申请已过期,请申请人重新提交", "This request has expired; it must be asked for again"],
  approval_changed: [409, "申请内容已变化,请刷新后重新核对", "The request has changed; reload and look at it again"],
  refund_not_found: [404, "找不到该退费单,或它不在您的管辖范围内", "No such refund, or it is outside your area"],
  refund_key_conflict: [
    409,
    "同一退费编号的内容不同,未再办理。请刷新页面后重新填写",
    "This refund key was already used with other content; nothing was done. Reload the page and start again",
  ],
  refund_units_invalid: [
    400,
    "退费量有误:请输入大于 0、最多两位小数的数量",
    "The quantity must be above 0 with at most two decimals",
  ],
  refund_exceeds_remaining: [409, "超过可退数量:目前最多可退 {max}", "More than can be refunded: at most {max} now"],
  refund_exceeds_order: [
    409,
    "超过这笔充值还可退的数量:最多 {max}",
    "More than is left to refund of this recharge: at most {max}",
  ],
  refund_exceeds_money: [
    409,
    "超过可退金额:目前最多可退 {max} 元",
    "More than can be refunded: at most {max} yuan now",
  ],
  refund_nothing: [409, "没有可退的余额", "There is nothing to refund"],
  refund_while_recharging: [
    409,
    "该表计还有充值没有完成,请等它到账(或撤回)后再办理",
    "A recharge of this meter is not finished; wait for it, or withdraw it, first",
  ],
  refund_open: [
    409,
    "该表计已有一笔退费或清零在办理({refundNo}),请等它结束",
    "A refund or clearing of this meter is already under way ({refundNo})",
  ],
  refund_not_withdrawable: [
    409,
    "指令已下发或已完成,不能撤回",
    "The command was already sent or has ended; it cannot be withdrawn",
  ],
  refund_not_payable: [409, "该退费单不是待付款状态,不能付款", "This refund is not waiting to be paid out"],
  refund_order_mismatch: [
    409,
    "这笔充值不属于该表计,或没有到账,不能据此退费",
    "This recharge is not one of this meter, or was never credited",
  ],
  replacement_mismatch: [
    409,
    "不能关联这笔充值:它不存在、没有成功、就是原单,或这张退费单已关联了别的充值",
    "This recharge cannot be linked: it does not exist, did not succeed, is the wrong one itself, or another one is linked",
  ],
  original_channel_needs_order: [
    409,
    "原路退回需要选择原来的充值单",
    "Refunding by the original channel needs the recharge it came from",
  ],
  refund_credit_unknown: [
    409,
    "该表计的剩余量未抄到,请先抄表",
    "What is left in this meter was never read; read it first",
  ],
  profile_without_refund: [
    409,
    "该表型({profile})不能远程退费或清零,请到现场处理后按余额办理",
    "Units cannot be taken back from this model ({profile}) remotely",
  ],
  refund_not_in_meter: [
    409,
    "该表计的余额在系统中,请按余额退费",
    "This meter's credit is on the server; refund its balance",
  ],
  refund_not_on_server: [409, "该表计的余额在电表内,请按数量退费", "This meter holds its own credit; refund units"],
  debts_first: [
    409,
    "客户还有欠费 {debts} 元,请先结清或核销欠费再退费",
    "The customer still owes {debts} yuan; settle or write it off first",
  ],
  move_in_switching: [
    409,
    "上次退租的断电指令正在执行,请等它结束(几分钟内)再办理入住",
    "The cut of the last move-out is on its way; wait until it has ended (some minutes) and move in then",
  ],
  moving_out: [
    409,
    "该房间正在办理退租({moveOutNo}),暂不能充值或退费",
    "A move-out of this room is under way ({moveOutNo}); it cannot be recharged or refunded",
  ],
  move_out_not_found: [404, "找不到该退租单,或它不在您的管辖范围内", "No such move-out, or it is outside your area"],
  move_out_key_conflict: [
    409,
    "同一退租编号的内容不同,未再办理",
    "This move-out key was already used with other content",
  ],
  move_out_no_tenant: [409, "该房间没有租户,或已经退租", "Nobody rents this room, or it was moved out of already"],
  move_out_wrong_step: [
    409,
    "退租单当前不在这一步,请刷新查看进度",
    "The move-out is not at this step; reload to see where it is",
  ],
  move_out_not_read: [409, "还有表计没有抄到终止示数:{label}", "The final reading of {label} is not there yet"],
  move_out_not_settled: [
    409,
    "还有用量没有结算({label}),请稍候几秒再试",
    "Usage of {label} is not settled yet; try again in a few seconds",
  ],
  move_out_not_cancellable: [
    409,
    "清零指令已下发,退租不能再取消",
    "A clearing was already sent; the move-out cannot be cancelled",
  ],
  move_out_awaits_approval: [
    409,
    "退租单正在等待审批,请先由审批人处理(或由申请人撤回)",
    "This move-out waits for approval; it must be decided, or withdrawn by whoever asked, first",
  ],
  move_out_recalculated: [
    409,
    "结算单已重新计算,请核对最新金额后再继续",
    "The sheet was calculated anew; look at the new sum before you go on",
  ],
  move_out_public_in_meter: [
    409,
    "{label} 自行计量剩余量,剩余为 0 时会自行断开,不能改为公共供电;请选择断开或保持",
    "{label} counts its own credit and is off when that is used up; it cannot be left on for the house",
  ],
  move_out_reading_invalid: [
    400,
    "读数有误:请输入示数和剩余量,最多两位小数",
    "The reading is not valid: enter index and remaining units with at most two decimals",
  ],
  move_out_reading_old: [
    409,
    "已有更新的读数,请直接采用最近一次读数或重新抄表",
    "There is a newer reading already; use the last reading or read the meter again",
  ],
  move_out_price_invalid: [
    400,
    "单价有误:请输入 0 到 {max} 元之间、最多四位小数的单价",
    "The price must be between 0 and {max} yuan with at most four decimals",
  ],
  move_in_key_conflict: [
    409,
    "同一入住编号的内容不同,未再办理",
    "This move-in key was already used with other content",
  ],
  move_in_day_invalid: [400, "入住日期有误:不能晚于今天", "The first day is not valid: it cannot be after today"],
  meter_not_empty: [
    409,
    "{label} 还有余额没有结清,不能办理入住,请先完成退租或对账",
    "{label} still holds credit in the books; finish the move-out or reconcile it first",
  ],
  customer_number_taken: [
    409,
    "客户编号 {number} 已属于另一位客户",
    "Customer number {number} belongs to somebody else",
  ],
  account_spans_rooms: [
    409,
    "结算户 {account} 还管着其他房间的表计,请先拆分再退租",
    "Account {account} also has meters of other rooms; separate them first",
  ],
  meter_occupied: [409, "该表计已有租户,不能再办理入住", "This meter already has a tenant"],
  count_not_stopped: [
    409,
    "该表计没有因购电次数不一致而暂停,不需要更正",
    "This meter is not stopped by its purchase count; there is nothing to correct",
  ],
  count_not_read: [
    409,
    "请先抄表:更正要以刚抄到的购电次数和剩余量为准",
    "Read the meter first: a correction rests on a fresh count and remaining credit",
  ],
  count_changed: [
    409,
    "电表的次数或剩余量在申请后变了,请重新申请更正",
    "The meter's count or credit has changed since; ask for the correction again",
  ],
  count_key_conflict: [
    409,
    "同一更正编号的内容不同,未再办理",
    "This correction key was already used with other content",
  ],
  count_correction_open: [
    409,
    "该表计已有一份更正申请在审批",
    "A correction of this meter is already waiting for approval",
  ],
} as const satisfies Record<string, readonly [status: number, zh: string, en: string]>;
