/** Refusals of the recharge desk: payments over several meters, shifts, receipts; merged into the table of `errors.ts`. */
export const deskErrors = {
  parts_invalid: [
    400,
    "分配有误:每只表计只能出现一次,至少一只,至多 {max} 只",
    "The split is not valid: each meter once, at least one, at most {max}",
  ],
  meters_of_two_customers: [
    409,
    "一笔收款只能充给同一客户名下的表计,未记账",
    "One payment goes to meters of one customer only; nothing was booked",
  ],
  part_below_one_unit: [
    409,
    "{label} 分到的金额加钱包余额不足一个单位({price} 元),整笔未记账。请调整分配",
    "The part of {label} and the wallet buy less than one unit ({price} yuan); nothing of the payment was booked. Change the split",
  ],
  payment_not_found: [404, "找不到该收款,或它不在您的管辖范围内", "No such payment, or it is outside your area"],
  customer_not_found: [404, "找不到该客户,或他不在您的管辖范围内", "No such customer, or outside your area"],
  room_not_found: [404, "找不到该房间,或它不在您的管辖范围内", "No such room, or it is outside your area"],
  shift_not_found: [404, "找不到该班次,或您无权查看", "No such shift, or you may not see it"],
  shift_open_already: [
    409,
    "您已有一个未交的班次,请先交班",
    "You have an open shift already; close it before you open another",
  ],
  shift_not_yours: [
    403,
    "这是他人的班次,您没有代交班的权限",
    "This shift is somebody else's and you may not close it for him",
  ],
  shift_closed: [409, "该班次已交,未再改动", "This shift is closed already; nothing was changed"],
  shift_moved_on: [409, "清点之后又有现金进出,请重新清点", "Cash has moved since it was counted; please count again"],
  shift_difference: [
    409,
    "清点与账面相差 {difference} 元,请填写原因后再交班",
    "The count differs from the books by {difference} yuan; say why before you close",
  ],
  shift_key_conflict: [
    409,
    "同一编号已用于另一次交班或清点,未再改动。请刷新页面",
    "This key was already used for other content; nothing was changed. Reload the page",
  ],
  print_key_conflict: [
    409,
    "该打印编号已用于另一张票据,未计数。请刷新页面",
    "This print key was already used for another receipt; nothing was counted. Reload the page",
  ],
  too_many_rows: [
    409,
    "共 {count} 行,超过一个表格的上限 {max} 行。请缩小筛选范围",
    "{count} rows are more than one sheet holds ({max}). Please narrow the filter",
  ],
} as const satisfies Record<string, readonly [status: number, zh: string, en: string]>;
