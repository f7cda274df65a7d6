import type { Name } from "./permission-names.ts";
import type { TrialCheck, TrialCheckName, TrialOutcome, TrialResult, TrialState, TrialWhy } from "./trial.ts";

/** What people call each check, on the page, on paper and in Excel. */
export const trialCheckNames: Readonly<Record<TrialCheckName, Name>> = {
  answers: ["通信", "Answers"],
  address: ["表地址", "Address"],
  clock: ["时钟", "Clock"],
  index: ["示数", "Index"],
  relay: ["开关状态", "Switch state"],
  credit: ["表内余额", "Credit in the meter"],
  ratio: ["倍率", "Ratio"],
  cycle: ["抄表周期", "Cycle"],
  items: ["抄表方案", "Items"],
  price: ["电价", "Price"],
  room: ["房间与客户", "Room and customer"],
  parent: ["上级与公共表", "Parent and public meter"],
  switch: ["拉合闸测试", "Switch test"],
};

/** How a check came off. */
export const trialOutcomeNames: Readonly<Record<TrialOutcome, Name>> = {
  pass: ["合格", "pass"],
  fail: ["不合格", "fail"],
  na: ["不适用", "not applicable"],
};

/** How a meter came off. */
export const trialResultNames: Readonly<Record<TrialResult, Name>> = {
  pass: ["合格", "pass"],
  fail: ["不合格", "fail"],
  skipped: ["未测", "not tested"],
};

/** How far a run is. */
export const trialStateNames: Readonly<Record<TrialState, Name>> = {
  running: ["进行中", "Running"],
  cancelling: ["正在取消", "Being cancelled"],
  finished: ["已完成,待签字", "Finished, not signed"],
  cancelled: ["已取消", "Cancelled"],
  signed: ["已签字", "Signed"],
};

/** Why a check came off as it did; `{name}` is filled from the figures of the check. */
export const trialWhys: Readonly<Record<TrialWhy, Name>> = {
  answered: ["表计有应答", "The meter answered"],
  no_answer: ["表计没有应答", "The meter did not answer"],
  concentrator_offline: ["集中器离线", "The concentrator is offline"],
  not_asked: ["抄读指令未能执行", "The meter could not be asked"],
  not_told: ["表计没有应答,无法判断", "The meter did not answer, so nothing is known"],
  address_agrees: ["按档案地址 {address} 应答", "Answered to the address {address} of the archive"],
  address_taken: [
    "同一总线上 {number} 的地址也是 {address}",
    "{number} on the same bus has the address {address}, too",
  ],
  address_other: [
    "线路上有应答,但不是地址 {address} 的正确应答",
    "Something answered, but nothing valid from address {address}",
  ],
  clock_right: ["时钟偏差 {seconds} 秒", "The clock is {seconds} s ahead"],
  clock_off: ["时钟偏差 {seconds} 秒,超过 60 秒", "The clock is {seconds} s ahead: more than 60 s off"],
  clock_unreadable: ["读不出可信的时间", "No time could be read that can be believed"],
  no_clock: ["该表型没有可读的时钟", "This model has no clock that can be read"],
  index_fits: ["示数 {index},与档案起始示数及其后读数相符", "The index {index} fits what is on file"],
  index_below: ["示数 {index},低于已有示数 {known}", "The index {index} is below {known} on file"],
  index_jump: ["示数 {index},与已有示数 {known} 相差过大", "The index {index} is too far from {known} on file"],
  index_missing: ["表计没有报告示数", "The meter told no index"],
  relay_closed: ["开关合闸,状态可读", "The switch is closed and can be read"],
  relay_open: ["开关断开,状态可读", "The switch is open and can be read"],
  relay_missing: ["读不到开关状态", "The state of the switch was not told"],
  valve_fault: ["开关或阀门报告故障", "The switch or valve says that it is broken"],
  no_switch: ["表计没有开关", "The meter has no switch"],
  switch_unproven: ["该表型读不出开关状态", "Nothing of this model proves the state of its switch"],
  credit_read: ["表内剩余 {remaining},购电次数与系统一致", "{remaining} left in the meter; the purchase count agrees"],
  credit_missing: ["读不到表内余额", "The credit in the meter was not told"],
  count_differs: ["表内购电次数 {shown},系统为 {books}", "The meter counts {shown} purchases, the books {books}"],
  credit_on_server: ["余额在系统,不在表内", "The credit is kept on the server"],
  no_customer: ["尚未入住,没有结算户", "Nobody has moved in: there is no account"],
  ratio_is: ["倍率 {ratio}", "The ratio is {ratio}"],
  ratio_in_meter: [
    "余额在表内,倍率却是 {ratio}:只能为 1",
    "The credit is in the meter but the ratio is {ratio}: it must be 1",
  ],
  ratio_differs: ["档案倍率 {ratio},示数段的倍率为 {line}", "The ratio on file is {ratio}, that of the indexes {line}"],
  cycle_is: ["每 {seconds} 秒抄读一次", "Read every {seconds} s"],
  cycle_default: ["按前置机默认周期抄读", "Read at the collector's own cycle"],
  channel_off: ["所在通道已停用,不会自动抄读", "Its channel is switched off: it is not read by itself"],
  items_are: ["抄表方案另读 {count} 项", "Its item set asks {count} more items"],
  items_usual: ["按默认抄表方案", "By the usual items"],
  price_is: ["单价 {price} 元", "The price is {price} yuan"],
  price_missing: ["没有电价", "No price is assigned"],
  room_customer: ["房间 {room},已绑定客户", "Room {room}, bound to a customer"],
  room_vacant: ["房间 {room},尚未入住", "Room {room}, nobody has moved in yet"],
  room_missing: ["没有绑定房间", "It is bound to no room"],
  public_meter: ["公共表,不绑定客户", "A public meter: it has no customer"],
  plain_meter: ["普通户表,没有上级表", "An ordinary meter without a parent"],
  master_meter: ["总表", "A master meter"],
  public_in_box: ["公共表,已归入配电箱", "A public meter, in its box"],
  box_missing: ["公共表没有归入配电箱,无法公摊", "A public meter in no box: nothing can be shared"],
  behind_gateway: ["经网关表 {number} 通信", "Behind the gateway meter {number}"],
  gateway_missing: ["网关表 {number} 已停用或不在同一集中器", "Gateway {number} is retired or hangs elsewhere"],
  switch_done: ["拉闸后读到断开,合闸后读到合上", "It was read as open after the trip, and as closed afterwards"],
  switch_not_asked: ["未选择拉合闸测试", "The switch test was not chosen"],
  switch_button: ["合闸需现场按键,不做远程测试", "Somebody must press a button to close it: not tested from here"],
  switch_guarded: ["保电表计,不做拉闸测试", "Under supply guard: never tripped"],
  switch_master: ["总表,不做拉闸测试", "A master meter: never tripped"],
  switch_in_use: ["有客户用电,未单独选择,不做拉闸测试", "In use and not chosen by itself: not tripped"],
  switch_is_off: ["测试前开关不在合闸状态,不做测试", "It was not closed before the test: left as it is"],
  switch_load: ["有用电负荷,未单独选择,不做拉闸测试", "Something is switched on there: not tripped"],
  switch_busy: ["有其他拉合闸指令尚未结束", "Another switch command has not ended"],
  switch_risk: ["链路未经身份验证,不允许拉闸", "Its link proves no identity: nothing is tripped over it"],
  switch_budget: ["当日拉闸次数已近上限,不做测试", "The trips of the day are nearly used up: not tested"],
  switch_stopped: ["试运行已取消,未做测试", "The run was cancelled before the test"],
  switch_taken_back: ["拉闸指令被人工撤回,未做测试", "Somebody withdrew the trip: not tested"],
  switch_not_permitted: [
    "发起人已无权操作该表计,不做测试",
    "Whoever asked for the test may not switch this meter any more: not tested",
  ],
  switch_not_sent: ["拉闸指令未能发出,供电未受影响", "The trip was never sent; supply was not touched"],
  switch_refused: ["表计拒绝拉闸,或开关没有动作", "The meter refused the trip, or its switch did not move"],
  switch_silent: ["拉闸后没有应答,已合闸恢复", "No answer after the trip; it was closed again"],
  switch_taken: ["测试中被其他拉合闸指令取代", "Another switch command took the place of the test"],
  switch_withdrawn: ["合闸指令被人工撤回,可能仍停电", "Somebody withdrew the close; supply may still be off"],
  switch_not_closed: [
    "合闸尚未确认,可能仍停电;合闸指令继续发送",
    "Not yet read as closed, supply may be off; the close goes on being sent",
  ],
};

const checkWiring: Name = [
  "检查表计供电、485 接线或信号、表地址和规约后重测",
  "Check power, wiring or signal, address and protocol, then repeat",
];
const lookAtArchive: Name = ["到表计档案改正后重测", "Correct the archive of the meter, then repeat"];

/** What to do about a failure. */
export const trialTodos: Readonly<Partial<Record<TrialWhy, Name>>> = {
  no_answer: checkWiring,
  concentrator_offline: ["检查集中器供电和网络,上线后重测", "Check power and network of the concentrator, then repeat"],
  not_asked: ["稍后重测;仍不行请联系系统管理员", "Repeat later; else ask the administrator"],
  address_taken: ["核对两只表的铭牌,改正档案地址后重测", "Compare both nameplates, correct the address, then repeat"],
  address_other: ["核对铭牌地址、规约和波特率后重测", "Compare address, protocol and speed, then repeat"],
  clock_off: ["校时后重测", "Set the clock, then repeat"],
  clock_unreadable: ["校时或换表后重测", "Set the clock or exchange the meter, then repeat"],
  index_below: ["核对表底,按换表或更正读数处理后重测", "Compare the register, correct the reading, then repeat"],
  index_jump: ["核对表底,按更正读数处理后重测", "Compare the register, correct the reading, then repeat"],
  index_missing: ["核对表型和规约后重测", "Check the model and its protocol, then repeat"],
  relay_missing: ["核对表型和规约后重测", "Check the model and its protocol, then repeat"],
  valve_fault: ["检修或更换开关、阀门后重测", "Repair or replace the switch or valve, then repeat"],
  credit_missing: ["核对表型和规约后重测", "Check the model and its protocol, then repeat"],
  count_differs: ["到可靠性页核对充值,不要重复充值", "Check the recharges; do not recharge again"],
  ratio_in_meter: lookAtArchive,
  ratio_differs: lookAtArchive,
  channel_off: ["启用通道后重测", "Switch the channel on, then repeat"],
  price_missing: ["指定电价后重测", "Assign a price, then repeat"],
  room_missing: lookAtArchive,
  box_missing: ["归入配电箱后重测", "Put it into a box, then repeat"],
  gateway_missing: lookAtArchive,
  switch_not_sent: ["查看拉闸保护和链路后重测", "Look at the guard over trips and the link, then repeat"],
  switch_refused: ["检查开关接线和跳线后重测", "Check the wiring of the switch, then repeat"],
  switch_silent: ["检查通信后重测", "Check the line, then repeat"],
  switch_taken: ["查看谁在操作,再决定是否重测", "See who else switched it before you repeat"],
  switch_withdrawn: ["确认是否仍停电,需要时合闸", "See whether supply is off, and close it where it should be on"],
  switch_not_closed: ["立即到现场确认供电并合闸", "Go there now, see that supply is on, and close it"],
};

/** A reason with its figures filled in. */
export function trialSentence({ why, figures }: Pick<TrialCheck, "why" | "figures">): Name {
  const [zh, en] = trialWhys[why];
  const filled = (text: string) => text.replace(/\{(\w+)\}/g, (whole, name: string) => String(figures[name] ?? whole));
  return [filled(zh), filled(en)];
}
