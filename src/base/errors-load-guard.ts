/** Refusals about load guards (安全用电); merged into the table of `errors.ts`. */
export const loadGuardErrors = {
  load_guard_missing: [
    409,
    "表型 {profile} 没有安全用电功能",
    "Meters of profile {profile} have no guard over their load",
  ],
  load_guard_free: [
    409,
    "该表计没有安全锁定,不需要解锁",
    "This meter's load guard is not locked; there is nothing to release",
  ],
  load_guard_waiting: [
    409,
    "该表计正在断电警告时间内,到时会自行合闸,不需要解锁",
    "This meter's load guard has switched it off for a few minutes; it closes by itself and needs no release",
  ],
  load_guard_note_short: [
    400,
    "请写明现场核实的结果(至少 4 个字)",
    "Write what was found on site, in at least four characters",
  ],
  meter_safety_off: [
    409,
    "该表计因安全用电断电,不能合闸。请先到现场核实,再由管理员在“安全用电”中解锁",
    "This meter's load guard has switched it off: it cannot be closed. Have it looked into on site; an administrator releases it under load guard",
  ],
  alarm_needs_release: [
    409,
    "安全锁定的报警在表计解锁后自行关闭:请在表计的“安全用电”中填写现场核实结果并解锁",
    "An alarm of a lock-out ends with the release: write down what was found under load guard of the meter and release it there",
  ],
} as const satisfies Record<string, readonly [status: number, zh: string, en: string]>;
