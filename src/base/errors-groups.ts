/** Refusals about merged accounts (主分表合并); merged into the table of `errors.ts`. */
export const groupErrors = {
  group_not_found: [
    404,
    "找不到该合并账户,或它不在您的管辖范围内",
    "No such merged account, or it is outside your area",
  ],
  group_key_conflict: [
    409,
    "同一编号的合并或拆分内容不同,未再办理。请刷新页面后重新填写",
    "This key was already used with other content; nothing was done. Reload the page and start again",
  ],
  meter_is_sub: [
    409,
    "该表计已合并为分表,不能单独办理,请到主表 {main} 办理",
    "This meter is a sub-meter of a merged account; do this at its main meter {main}",
  ],
  group_in_flight: [
    409,
    "{label} 正在合并或拆分,等它完成后再办理",
    "{label} is being merged or taken out; wait until that has ended",
  ],
  group_member_already: [
    409,
    "{label} 已在以 {main} 为主表的合并账户中,请先拆出",
    "{label} already belongs to the merged account of {main}; take it out first",
  ],
  group_members_invalid: [
    400,
    "请选择 1 到 {max} 只不重复的分表,主表不能同时是分表",
    "Choose 1 to {max} different sub-meters; the main meter cannot be one of them",
  ],
  group_order_open: [
    409,
    "{label} 有充值还在途中,等它到账或撤回后再办理",
    "{label} has a recharge on its way; wait until it is credited or withdrawn",
  ],
  group_money_reserved: [
    409,
    "{label} 有退费尚未办结,等它办结后再办理",
    "{label} has a refund that has not ended; wait until it has",
  ],
  group_emergency_open: [
    409,
    "{label} 的应急电量尚未归还,请先充值归还",
    "{label} has an emergency credit that is not repaid; recharge first",
  ],
  group_account_shared: [
    409,
    "{label} 与未选的表计共用一个结算户,请一并选择",
    "{label} shares its account with a meter that was not chosen; choose both",
  ],
  group_credit_unknown: [
    409,
    "{label} 的剩余量尚未读到,请先补抄",
    "What is left in {label} was never read; read it first",
  ],
  group_books_differ: [
    409,
    "{label} 表内剩余与账面不符,请先在对账页处理",
    "What {label} shows does not agree with the books; settle that on the reconciliation page first",
  ],
  group_not_active: [409, "该合并账户已解散,未再办理", "This merged account was dissolved; nothing was done"],
  group_main_last: [409, "主表只能与全部分表一起拆出(解散)", "The main meter leaves only together with all sub-meters"],
  group_share_invalid: [400, "分配金额有误:请输入最多两位小数的金额", "A share is an amount with at most two decimals"],
  group_share_sign: [
    409,
    "余额为 {balance} 元:分配金额的正负必须与余额一致",
    "The balance is {balance} yuan: shares must have its sign",
  ],
  group_share_too_much: [
    409,
    "分配金额合计超过目前的余额 {balance} 元,请按最新余额重新分配",
    "The shares are more than the balance of now, {balance} yuan; divide it anew",
  ],
  group_guarded_empty: [
    409,
    "{label} 已设保电,拆出后表内没有电量会自行断电。请分给它至少一度的金额,或先解除保电",
    "{label} is under supply guard and would trip by itself with nothing in it; give it at least one unit or lift the guard",
  ],
  group_not_withdrawable: [
    409,
    "指令已下发或已完成,不能撤回",
    "Its command has been sent or it is done; it cannot be withdrawn",
  ],
  group_not_stopped: [409, "它没有暂停,不需要重新核对", "It is not stopped; there is nothing to recheck"],
} as const satisfies Record<string, readonly [status: number, zh: string, en: string]>;
