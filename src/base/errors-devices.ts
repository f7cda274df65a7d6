/** Refusals of exchanges, ratios and modes (换表、变比、模式); merged into the table of `errors.ts`. */
export const devicesErrors = {
  exchange_not_found: [404, "找不到该换表单,或它不在您的管辖范围内", "No such exchange, or it is outside your area"],
  exchange_key_conflict: [
    409,
    "该请求编号已用于另一张换表单,请刷新页面",
    "This key was used for another exchange; reload the page",
  ],
  exchanging: [
    409,
    "该表正在换表(单号 {exchangeNo}),请先完成或取消换表",
    "This meter is being exchanged (number {exchangeNo}); finish or cancel that first",
  ],
  exchange_step: [
    409,
    "换表单已到另一步骤,请刷新页面查看当前进度",
    "The exchange is at another step by now; reload the page to see where it is",
  ],
  exchange_irreversible: [
    409,
    "旧表余量已清出,不能取消。若不换表,请把原表作为新表登记,余量会写回",
    "The old meter has given up its credit, so this cannot be cancelled. To keep the old meter, enter it as the new one; its credit goes back",
  ],
  exchange_busy: [
    409,
    "该表有未完成的充值或退费,请待其完成或撤回后再换表",
    "A recharge or refund of this meter has not ended; wait for it or withdraw it before the exchange",
  ],
  exchange_credit_in_meter: [
    409,
    "旧表中的余量尚未处理:请先清出余量,或按旧表不应答处理",
    "What is left in the old meter has not been dealt with: clear it, or state it because the meter does not answer",
  ],
  exchange_cannot_clear: [
    422,
    "该表型不支持远程清出余量,请填写旧表剩余量并说明依据",
    "This model cannot give up its credit from afar; state what it holds and what proves it",
  ],
  exchange_note_required: [
    422,
    "手工填写的示数或余量须说明依据(如现场照片编号)",
    "What is typed in needs a proof (such as the number of a photo)",
  ],
  exchange_index_required: [422, "请填写示数:{what}", "Enter the index: {what}"],
  exchange_index_backwards: [
    422,
    "旧表止码 {value} 小于最后一次抄读 {last}",
    "The last index {value} of the old meter is below its last reading {last}",
  ],
  exchange_index_jump: [
    422,
    "旧表止码 {value} 比最后一次抄读 {last} 大得不合理,请核对",
    "The last index {value} of the old meter is implausibly far above its last reading {last}; check it",
  ],
  exchange_reading_old: [
    409,
    "旧表最近一次抄读已过期,请先补抄一次,或手工填写止码",
    "The last reading of the old meter is too old; read it now, or type its last index in",
  ],
  exchange_units_invalid: [
    422,
    "剩余量格式不正确,应为 0 至 500000,最多两位小数",
    "What is left must be 0 to 500000 with at most two decimals",
  ],
  meter_number_taken: [409, "表号 {number} 已在使用", "Meter number {number} is in use"],
  meter_address_taken: [
    409,
    "该集中器端口上已有地址为 {address} 的表计({label})",
    "There is a meter with address {address} on this bus already ({label})",
  ],
  concentrator_not_found: [404, "找不到该集中器", "No such concentrator"],
  concentrator_full: [409, "该集中器已满({max} 台)", "This concentrator is full ({max} meters)"],
  gateway_not_found: [404, "找不到该网关表", "No such gateway meter on this concentrator"],
  ratio_change_not_found: [404, "找不到该变比变更单", "No such change of ratio"],
  ratio_change_open: [
    409,
    "该表有未执行的变比变更(单号 {changeNo}),请先执行或撤回",
    "A change of this meter's ratio is open (number {changeNo}); carry it out or withdraw it first",
  ],
  ratio_unchanged: [422, "新变比与现变比相同", "The new ratio is the present one"],
  ratio_needs_server_credit: [
    422,
    "余量在表内的表计不能设倍率:表内余量按表码扣减。请改为系统计费后再设",
    "A meter that holds its own credit cannot have a ratio, for it counts down its own register. Keep its credit on the server first",
  ],
  segment_needs_reading: [
    409,
    "该读数处已有一次换表或变比变更,请补抄一次后再执行",
    "There is a change at this very reading already; read the meter once more first",
  ],
  mode_unchanged: [422, "该表已是此模式", "The meter is in this mode already"],
  mode_step: [409, "现在没有可以这样处理的模式切换,请刷新", "No change of mode can be handled like this now; reload"],
  mode_irreversible: [
    409,
    "切换指令可能已到达表计,无法撤回,请等待结果",
    "The command may have reached the meter and cannot be taken back; wait for its result",
  ],
  mode_change_not_found: [404, "找不到该模式切换", "No such change of mode"],
  mode_change_open: [
    409,
    "该表的模式切换尚未完成,请待其完成",
    "A change of this meter's mode has not ended; wait for it",
  ],
  mode_not_supported: [
    422,
    "表型 {profile} 不能远程切换模式:余量由表内扣减并自行断电。请把余量退出后改为系统计费,或更换表计",
    "Model {profile} cannot be switched from afar: it counts its credit down and trips by itself. Refund what it holds and keep the credit on the server, or exchange the meter",
  ],
  mode_public_with_credit: [
    409,
    "表内还有用户的余量 {units},转为公共表会把它用掉。请先退费或清零",
    "The meter still holds {units} of its customer, which a public meter would use up. Refund or clear it first",
  ],
  mode_needs_confirmation: [
    409,
    "切换后将因欠费断电,请在确认框中确认",
    "The meter would be cut off for arrears; confirm that first",
  ],
  mode_key_conflict: [
    409,
    "该请求编号已用于另一次操作,请刷新页面",
    "This key was used for something else; reload the page",
  ],
  reading_before_exchange: [
    409,
    "该读数早于换表或变比变更,已结清,不能更正",
    "This reading lies before an exchange or a change of ratio; it is settled for good",
  ],
} as const satisfies Record<string, readonly [status: number, zh: string, en: string]>;
