/** Refusals of public shares, air-conditioning and corrected readings; merged into the table of `errors.ts`. */
export const shareErrors = {
  share_source_not_public: [
    409,
    "只有公共表的用量可以分摊。请先把该表计设为公共模式",
    "Only the usage of a public meter can be shared. Put this meter into public mode first",
  ],
  share_other_box: [
    409,
    "{label} 不在同一个配电箱内,不能参与分摊",
    "{label} is not in the same box and cannot take part",
  ],
  share_other_outdoor: [
    409,
    "{label} 不属于这台外机,不能参与分摊",
    "{label} does not belong to this outdoor unit and cannot take part",
  ],
  share_member_twice: [400, "{label} 出现了两次", "{label} is there twice"],
  share_ratio_sum: [
    400,
    "比例合计为 {sum}%,应为 100%(其余可写作物业承担)",
    "The ratios add up to {sum}%; they must be 100% (the rest can be borne by the property)",
  ],
  share_terms_invalid: [
    400,
    "分摊规则不完整:请为每个成员填写所选方式需要的数据({what})",
    "The rule is not complete: every member needs what the method asks for ({what})",
  ],
  share_day_closed: [
    409,
    "{day} 已经分摊过。新规则只能从其后的日期起生效",
    "{day} was shared already. A new rule can only take effect after it",
  ],
  share_day_too_old: [409, "新规则最早可从 {day} 起生效", "A new rule can take effect from {day} on at the earliest"],
  share_key_conflict: [
    409,
    "同一编号已用于另一条规则,未保存。请刷新页面后重试",
    "This key was used for another rule; nothing was saved. Reload the page and try again",
  ],
  share_run_not_found: [404, "找不到该分摊,或它不在您的管辖范围内", "No such sharing, or it is outside your area"],
  loss_place_not_found: [
    404,
    "找不到该线损范围:它没有总表,或其中的表计不全在您的管辖范围内",
    "No such place with a master meter, or not all of its meters lie in your area",
  ],
  meter_not_in_box: [
    409,
    "{label} 不在任何配电箱内,不能作为配电箱总表。请先把它放进配电箱",
    "{label} hangs in no box and cannot be the master meter of one. Put it into a box first",
  ],
  box_not_found: [404, "找不到该配电箱,或它不在您的管辖范围内", "No such box, or it is outside your area"],
  area_not_found: [404, "找不到该片区,或它不在您的管辖范围内", "No such area, or it is outside yours"],
  hvac_unit_not_found: [404, "找不到该内机,或它不在您的管辖范围内", "No such indoor unit, or it is outside your area"],
  hvac_number_taken: [409, "内机编号 {number} 已被使用", "The number {number} is taken by another indoor unit"],
  hvac_unit_changed: [
    409,
    "该内机已被他人修改,请刷新后重试",
    "Somebody else has changed this indoor unit; reload and try again",
  ],
  hvac_minutes_invalid: [
    400,
    "{label} 的运行时间有误:各档之和应在 0 到 1440 分钟之间",
    "The run time of {label} is not valid: all speeds together are 0 to 1440 minutes",
  ],
  hvac_reason_required: [
    400,
    "{label} 当日已有运行时间,更正时请填写原因",
    "The run time of {label} for that day was entered already; give a reason for the correction",
  ],
  day_not_over: [409, "{day} 尚未结束", "{day} is not over yet"],
  reading_not_found: [404, "找不到这条读数", "No such reading"],
  reading_moved_on: [
    409,
    "该表计的读数已有变化,请刷新后再决定",
    "The readings of this meter have moved on; reload and decide again",
  ],
  reading_value_invalid: [
    400,
    "读数有误:请输入 0 到 {max} 之间、最多三位小数的示数",
    "The index must be between 0 and {max} with at most three decimals",
  ],
  reading_value_backwards: [
    409,
    "读数 {value} 小于此前的有效读数 {last}。若表计已换或示数已重置,请选择“从新值起算”",
    "{value} is less than the last good index {last}. If the meter was exchanged or set anew, choose to begin anew from it",
  ],
  reading_value_beyond: [
    409,
    "读数 {value} 大于其后的有效读数 {next},不能采用",
    "{value} is more than the good index after it, {next}; it cannot be right",
  ],
  reading_key_conflict: [
    409,
    "同一编号已用于另一项更正,未保存",
    "This key was used for another correction; nothing was saved",
  ],
} as const satisfies Record<string, readonly [status: number, zh: string, en: string]>;
