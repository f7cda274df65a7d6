import { alarmErrors } from "./errors-alarms.ts";
import { areaErrors } from "./errors-areas.ts";
import { batchErrors } from "./errors-batches.ts";
import { collectionErrors } from "./errors-collection.ts";
import { commandErrors } from "./errors-commands.ts";
import { deskErrors } from "./errors-desk.ts";
import { devicesErrors } from "./errors-devices.ts";
import { exportErrors } from "./errors-exports.ts";
import { groupErrors } from "./errors-groups.ts";
import { importErrors } from "./errors-import.ts";
import { limitErrors } from "./errors-limits.ts";
import { loadGuardErrors } from "./errors-load-guard.ts";
import { peopleErrors } from "./errors-people.ts";
import { reconcileErrors } from "./errors-reconcile.ts";
import { refundErrors } from "./errors-refunds.ts";
import { safekeepingErrors } from "./errors-safekeeping.ts";
import { safetyErrors } from "./errors-safety.ts";
import { setupErrors } from "./errors-setup.ts";
import { shareErrors } from "./errors-shares.ts";
import { tariffErrors } from "./errors-tariff.ts";
import { trialErrors } from "./errors-trials.ts";

/**
 * Everything a person or another program can do wrong, as one table: code → HTTP status and a sentence that says
 * what to do, Chinese first. Our own mistakes are {@link assert}ed, never put in this table; bytes from the field are
 * neither (a decoder returns a value that says what was wrong).
 */
export const errors = {
  ...areaErrors,
  ...alarmErrors,
  ...batchErrors,
  ...commandErrors,
  ...refundErrors,
  ...deskErrors,
  ...groupErrors,
  ...exportErrors,
  ...importErrors,
  ...limitErrors,
  ...loadGuardErrors,
  ...peopleErrors,
  ...reconcileErrors,
  ...devicesErrors,
  ...safekeepingErrors,
  ...safetyErrors,
  ...setupErrors,
  ...collectionErrors,
  ...shareErrors,
  ...tariffErrors,
  ...trialErrors,
  invalid_input: [400, "输入有误:{what}", "The input is not valid: {what}"],
  amount_invalid: [
    400,
    "金额有误:请输入 0.01 到 {max} 元之间、最多两位小数的金额",
    "The amount must be between 0.01 and {max} yuan with at most two decimals",
  ],
  reason_required: [400, "请填写原因", "A reason is required"],
  unauthenticated: [401, "请先登录", "Please log in first"],
  login_failed: [401, "账号或密码错误", "Wrong user name or password"],
  forbidden: [403, "您没有此项权限:{permission}", "You do not have this permission: {permission}"],
  cross_site: [403, "跨站请求被拒绝", "Cross-site request refused"],
  not_found: [404, "找不到这个页面或接口", "There is no such page or interface"],
  meter_not_found: [404, "找不到该表计,或它不在您的管辖范围内", "No such meter, or it is outside your area"],
  order_not_found: [404, "找不到该充值单,或它不在您的管辖范围内", "No such order, or it is outside your area"],
  command_not_found: [404, "找不到该指令,或它不在您的管辖范围内", "No such command, or it is outside your area"],
  order_key_conflict: [
    409,
    "同一笔充值的编号已用于另一表计或另一金额,未再记账。请刷新页面后重新充值",
    "This recharge key was already used for another meter or amount; nothing was booked. Reload the page and start again",
  ],
  command_key_conflict: [
    409,
    "同一编号的指令内容不同,未再下发",
    "This command key was already used with other content; nothing was sent",
  ],
  meter_not_prepaid: [
    409,
    "该表计不是预付费模式,不能充值",
    "This meter is not in prepaid mode and cannot be recharged",
  ],
  meter_without_customer: [
    409,
    "该表计尚未关联客户,请先在档案中关联",
    "This meter has no customer yet; link one in the archive first",
  ],
  meter_without_switch: [409, "该表计没有可控制的开关或阀门", "This meter has no switch or valve to control"],
  meter_protected: [409, "该表计已设保电,不能拉闸", "This meter is under supply guard and cannot be tripped"],
  link_not_trusted: [
    409,
    "该表计的集中器通信无法证明身份,尚未允许经它拉闸。请在集中器档案中调整信任级别",
    "This meter's concentrator cannot prove who it is, and tripping over it is not allowed; change its trust in the archive",
  ],
  link_risk: [
    409,
    "该表计的集中器以明文接入,无法证明身份:本项目未开启明文风险开关,不能经它拉闸或清零",
    "This meter's concentrator comes by a plain link without proof of identity, and the risk of such links was not taken for this project: nothing may be cut off or taken back over it",
  ],
  link_channel_dialled: [
    409,
    "该集中器由前置机主动拨号,不能要求它以 TLS 接入",
    "The collector dials this concentrator: it cannot be asked to come by TLS",
  ],
  link_fingerprint_taken: [
    409,
    "该证书指纹已登记给另一台集中器:一张证书只能代表一台设备",
    "Another concentrator has this fingerprint: one certificate stands for one device",
  ],
  link_sources_wrong: [
    400,
    "允许来源有误:请填 IP 地址或网段,例如 10.8.0.0/16,最多 16 个",
    "Not addresses or networks: write them like 10.8.0.0/16, at most 16",
  ],
  archive_wrong: [409, "档案有误:{what}", "The archive is not right: {what}"],
  top_ups_stopped: [
    409,
    "该表计的购电次数与系统不一致,充值已暂停。请联系维保核对后再充",
    "This meter's purchase count differs from the system's; recharging is stopped until maintenance has checked it",
  ],
  profile_unknown: [
    400,
    "系统不认识表型 {profile},请在表型列表中选择",
    "No meter profile is called {profile}; choose one from the list",
  ],
  profile_mismatch: [
    400,
    "表计 {number} 的档案与表型 {profile} 不符:{what}",
    "The archive of meter {number} does not fit its profile {profile}: {what}",
  ],
  profile_without_top_up: [
    409,
    "表型 {profile} 无法安全地写入购买量,不能向表内充值。请把余额改为在系统内",
    "Meters of profile {profile} cannot be topped up exactly once; keep their credit on the server instead",
  ],
  purchase_numbers_used_up: [
    409,
    "该表计的购电次数将超过 {max},不能再充值。请更换表计",
    "This meter's purchase count would exceed {max}; it cannot be recharged any more and must be exchanged",
  ],
  below_one_unit: [
    409,
    "金额加钱包余额不足一个单位({price} 元),无法充值",
    "The amount and the wallet together buy less than one unit ({price} yuan)",
  ],
  order_not_stopped: [
    409,
    "该充值单没有被暂停,不需要重新核对",
    "This order is not stopped; there is nothing to check again",
  ],
  order_not_withdrawable: [
    409,
    "该充值单已下发或已到账,不能撤回",
    "This order was already sent or credited and cannot be withdrawn",
  ],
  root_keys_used_up: [
    409,
    "根密钥版本已用到 {max},不能再轮换",
    "Root keys have come to version {max}; there can be no further one",
  ],
  root_key_busy: [409, "另一人正在生成根密钥,请重试", "Somebody else is making a root key; try again"],
  root_key_not_prepared: [
    409,
    "根密钥版本 {version} 不是待启用状态",
    "Root key version {version} is not one that was prepared and not yet activated",
  ],
  root_key_same_person: [
    409,
    "启用根密钥须由另一人进行(双人复核)",
    "A root key is activated by somebody else than the one who prepared it",
  ],
  root_key_contradicts: [
    409,
    "密码机中根密钥版本 {version} 的校验值与登记的不一致,未启用",
    "The security module shows another check value for root key version {version} than was recorded; it was not activated",
  ],
  too_many_requests: [429, "操作过于频繁,请 {seconds} 秒后再试", "Too many requests; try again in {seconds} seconds"],
  too_many_logins: [
    429,
    "密码错误次数过多,请 {minutes} 分钟后再试",
    "Too many wrong passwords; try again in {minutes} minutes",
  ],
  internal: [
    500,
    "系统内部错误,未完成的操作不会重复记账。请把编号 {requestId} 告诉管理员",
    "Internal error; nothing unfinished is booked twice. Tell your administrator the number {requestId}",
  ],
  database_unavailable: [
    503,
    "数据库暂时不可用,请稍后再试。请勿重复收款",
    "The database is not available at the moment; try again shortly",
  ],
} as const satisfies Record<string, readonly [status: number, zh: string, en: string]>;

export type ErrorCode = keyof typeof errors;
/** Figures that fill a refusal's sentence: `{max}` → details.max. */
export type ErrorDetails = Readonly<Record<string, string | number>>;

/** Someone's mistake, with a code from {@link errors}. The server turns it into its HTTP status and sentence. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, details: ErrorDetails = {}, options?: { cause?: unknown }) {
    super(errorText(code, details, "en"), options as ErrorOptions);
    this.name = "AppError";
    this.code = code;
    this.details = details;
  }
}

/** Whether the database could not be reached or could not write (away, read-only, its disk full): no fault of what it was to take. */
export function isDatabaseAway(error: unknown): boolean {
  return error instanceof AppError && error.code === "database_unavailable";
}

/** The HTTP status that belongs to a code. */
export function errorStatus(code: ErrorCode): number {
  return errors[code][0];
}

/** The sentence for a code with its details filled in. */
export function errorText(code: ErrorCode, details: ErrorDetails, language: "zh" | "en"): string {
  const text: string = errors[code][language === "zh" ? 1 : 2];
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String(details[name] ?? ""));
}

/** Stops when our own reasoning is wrong. Stays on in production: wrong money is worse than no answer. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}
