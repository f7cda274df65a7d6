/** Refusals about trial runs (试运行); merged into the table of `errors.ts`. */
export const trialErrors = {
  trial_not_found: [404, "找不到该试运行,或它不在您的管辖范围内", "No such trial run, or it is outside your area"],
  trial_place_empty: [
    404,
    "所选范围内没有可试运行的表计,或不在您的管辖范围内",
    "There is no meter to try there, or it is outside your area",
  ],
  trial_too_many: [
    422,
    "一次最多试运行 {max} 只表计:请按下级片区或集中器分批进行",
    "At most {max} meters at once: make several runs, by smaller areas or by concentrators",
  ],
  trial_key_conflict: [409, "该请求编号已用于另一次试运行", "This key belongs to another trial run"],
  trial_running: [
    409,
    "有表计正在另一次试运行中,请等它结束或取消后再开始",
    "Some of the meters are in another trial run; wait for it or cancel it first",
  ],
  trial_not_running: [409, "试运行已结束,不能取消", "The trial run has ended; there is nothing to cancel"],
  trial_not_finished: [409, "试运行尚未完成,不能进行此操作", "The trial run has not finished yet"],
  trial_nothing_to_repeat: [409, "没有需要重测的表计", "There is no meter to repeat"],
  trial_signed: [409, "报告已签字,不能再更改", "The report is signed and cannot be changed any more"],
  trial_still_off: [
    409,
    "{label} 拉闸测试后合闸尚未确认,恢复供电前不能签字",
    "{label} has not been read as closed after its switch test; sign when its supply is back",
  ],
  trial_code_short: [400, "请输入至少 {min} 位校验码", "Enter at least {min} characters of the code"],
} as const;
