/** Refusals about how meters are read and what hangs where (采集设置、档案); merged into the table of `errors.ts`. */
export const collectionErrors = {
  archive_changed: [
    409,
    "{what}已被他人修改,您的修改未保存。请重新打开后再改",
    "{what} was changed by somebody else; your change was not saved. Open it again",
  ],
  archive_key_conflict: [
    409,
    "该请求编号已用于另一项操作,请刷新页面",
    "This key was used for something else; reload the page",
  ],
  item_set_not_found: [404, "找不到该抄表方案", "There is no such item set"],
  item_set_name_taken: [409, "已有名为“{name}”的抄表方案", "There is an item set called “{name}” already"],
  item_set_in_use: [
    409,
    "该抄表方案正被 {uses} 处使用,请先改用其他方案",
    "This item set is used in {uses} places; choose another one there first",
  ],
  channel_exists: [409, "该集中器已有端口 {bus} 的通道", "This concentrator has a channel on port {bus} already"],
  channel_one_bus: [422, "透传 DTU 只有一个通道,不能再加", "A plain DTU has one channel only; no other can be added"],
  concentrator_code_taken: [409, "编号 {code} 已被使用", "The code {code} is in use already"],
  concentrator_code_invalid: [422, "编号 {code} 不符合该链路的要求", "The code {code} does not fit this kind of link"],
  concentrator_in_use: [
    409,
    "该集中器下还有 {meters} 只表,请先移走或停用",
    "{meters} meters still hang at this concentrator; move or retire them first",
  ],
  concentrator_busy: [
    409,
    "该集中器下有 {commands} 条指令已发出、结果未明,请待其结束后再换",
    "{commands} commands below this concentrator are on their way; wait until they have ended",
  ],
  link_guarded_less: [
    422,
    "该修改会降低接入安全,请确认后再保存",
    "This change guards the link less than before; confirm it first",
  ],
  link_address_wrong: [
    422,
    "请填写前置机要拨的地址和端口",
    "Enter the address and port that the collector has to dial",
  ],
  link_key_missing: [
    422,
    "改为 JCP/1 须填写设备的链路密钥(32 位十六进制)",
    "To speak JCP/1 the device's link key is needed (32 hex digits)",
  ],
  link_fingerprint_wrong: [
    422,
    "证书指纹应为 64 位十六进制(SHA-256)",
    "The fingerprint of a certificate is 64 hex digits (SHA-256)",
  ],
  link_packets_missing: [
    422,
    "该 DTU 的注册包设置与此接入方式不符,请在档案中先设置注册包",
    "The packets of this DTU do not fit this kind of link; set its registration packet in the archive first",
  ],
  concentrator_retired: [409, "该集中器已停用", "This concentrator is retired"],
  meter_busy: [
    409,
    "该表有未结束的指令或充值,请待其结束或撤回后再改",
    "A command or recharge of this meter has not ended; wait for it or withdraw it first",
  ],
  meter_retired: [409, "该表已停用", "This meter is retired"],
  meter_is_gateway: [
    409,
    "{meters} 只表经该表转发,请先把它们移走",
    "{meters} meters are reached through this one; move them first",
  ],
  meter_holds_money: [
    409,
    "该表还有租户,或表内还有余量,请先办理退租",
    "The meter has a tenant, or still holds units; let the tenant move out first",
  ],
  meter_unsettled: [
    409,
    "该表还有用量未结算,或示数有疑问,请稍后再停用",
    "The meter has usage that is not settled, or a doubtful reading; retire it later",
  ],
  collector_key_wrong: [401, "密钥不正确或已吊销", "The key is wrong or was revoked"],
  collector_key_slow: [
    429,
    "密钥错误次数过多,请 {seconds} 秒后再试",
    "Too many wrong keys; try again in {seconds} seconds",
  ],
} as const satisfies Record<string, readonly [status: number, zh: string, en: string]>;
