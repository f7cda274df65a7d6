/** Refusals by the limits of a user (限额); merged into the table of `errors.ts`. Each says the limit, what was used, and who can help. */
export const limitErrors = {
  limit_recharge_one: [
    409,
    "本次收款 {amount} 元超过您的单笔限额 {limit} 元。请由限额更高的同事办理,或请管理员调整限额",
    "{amount} yuan is more than the {limit} yuan that you may take at once. Let a colleague with a higher limit do it, or ask an administrator to change yours",
  ],
  limit_recharge_day: [
    409,
    "本次收款 {amount} 元超过您的充值日限额:限额 {limit} 元,今天已收 {used} 元(含已撤回的),还可收 {left} 元。请由同事办理、明天再收,或请管理员调整限额",
    "{amount} yuan is more than you may still take today: the limit is {limit} yuan, {used} were taken (withdrawn recharges too), {left} are left. Let a colleague do it, wait for tomorrow, or ask an administrator to change your limit",
  ],
  limit_recharge_one_repeat: [
    409,
    "这笔可能已经记账:{label} 在 {time} 已充过相同金额(单号 {orderNo})。请先打开该单核对,核对前不要退还现金,也不要再收一次。若确是另一笔:本次收款 {amount} 元超过您的单笔限额 {limit} 元",
    "This payment may be booked already: {label} got the same amount at {time} (order {orderNo}). Open that order first; until then hand no money back and take none again. If this is another payment: {amount} yuan is more than the {limit} yuan that you may take at once",
  ],
  limit_recharge_day_repeat: [
    409,
    "这笔可能已经记账:{label} 在 {time} 已充过相同金额(单号 {orderNo})。请先打开该单核对,核对前不要退还现金,也不要再收一次。若确是另一笔:本次收款 {amount} 元超过您的充值日限额:限额 {limit} 元,今天已收 {used} 元(含已撤回的),还可收 {left} 元",
    "This payment may be booked already: {label} got the same amount at {time} (order {orderNo}). Open that order first; until then hand no money back and take none again. If this is another payment: {amount} yuan is more than you may still take today: the limit is {limit} yuan, {used} were taken (withdrawn recharges too), {left} are left",
  ],
  limit_refund_day: [
    409,
    "本次退出 {amount} 元超过您的退费日限额:限额 {limit} 元,今天已用 {used} 元,还可退 {left} 元。请由同事办理、明天再退,或请管理员调整限额",
    "{amount} yuan is more than you may still give back today: the limit is {limit} yuan, {used} are used, {left} are left. Let a colleague do it, wait for tomorrow, or ask an administrator to change your limit",
  ],
  limit_batch_meters: [
    409,
    "本批 {count} 只表计超过您的批量只数限额 {limit} 只。请减少表计,由限额更高的同事操作,或请管理员调整限额",
    "{count} meters are more than the {limit} that you may switch in one batch. Take fewer, let a colleague with a higher limit do it, or ask an administrator to change yours",
  ],
  limit_invalid: [
    400,
    "限额有误:金额为 0 到 {max} 元、最多两位小数,只数为 0 到 {meters} 的整数;不限请留空",
    "A limit is 0 to {max} yuan with at most two decimals, or 0 to {meters} meters; leave it empty for no limit",
  ],
  limit_beyond_you: [
    403,
    "您自己的限额({kind} {limit})低于要给对方的,不能授予比自己更宽的限额",
    "Your own limit ({kind}: {limit}) is below what you would give; you cannot give more than you have",
  ],
  role_beyond_limits: [
    403,
    "您自己有限额({kind} {limit}),不能通过角色授予受此限额约束的权限;请由没有限额的管理员操作",
    "You have a limit yourself ({kind}: {limit}) and cannot give by a role what it limits; an administrator without limits can",
  ],
  user_beyond_limits: [
    403,
    "该用户的限额({kind})比您自己的 {limit} 更宽,您不能修改他",
    "This user's limit ({kind}) is wider than your own {limit}; you cannot change him",
  ],
} as const satisfies Record<string, readonly [status: number, zh: string, en: string]>;
