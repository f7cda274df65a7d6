import type { Description188 } from "./cjt188/describe.ts";
import { items188 } from "./cjt188/items.ts";
import type { Description645 } from "./dlt645/describe.ts";
import { type DescribedTopUp, type DescribedWallet, functions645, RELAY_COMMANDS } from "./dlt645/functions.ts";
import { classOf, itemOf } from "./dlt645/items.ts";
import { loadRecordOf } from "./dlt645/load-record.ts";
import { SECURITY_NAMES } from "./dlt645/security.ts";
import { ERR_BITS, type NamedBit, SERR_BITS, STATUS_WORDS } from "./dlt645/status.ts";
import type { Description97 } from "./dlt645v1997/describe.ts";
import { SF97, sf97Items } from "./dlt645v1997/sf97.ts";
import type { DescriptionLink, FrameDescription } from "./explain.ts";
import { fieldLines } from "./explain-fields.ts";
import { valueNames } from "./explain-names.ts";
import type { Description1376 } from "./gw1376/describe.ts";

/** A labelled line for a person in the field, Chinese first. */
export type TextLine = { label: string; text: string };

const PROTOCOL_TEXTS = {
  "dlt645-1997": "DL/T 645-1997",
  cjt188: "CJ/T 188",
  "qgdw1376.1": "Q/GDW 1376.1",
} as const;

const LINK_TYPES: Record<DescriptionLink["type"], string> = {
  hello: "集中器登录",
  challenge: "主站质询",
  auth: "集中器认证",
  welcome: "主站接受登录",
  bye: "主站断开连接",
  ping: "心跳",
  pong: "心跳应答",
  forward: "下行转发",
  forward_via: "经网关表下行转发",
  forwarded: "转发应答",
  error: "错误",
  unknown: "未知类型",
};

/** One maker's writes. */
const SF07_NAMES: Readonly<Record<string, string>> = {
  "07010201": "充值(厂家 SF-07)",
  "07010101": "开户/销户(厂家 SF-07)",
  "070102FE": "退上次购电(厂家 SF-07)",
};
const ACCOUNTS = { open: "开户", closed: "销户", "non-prepaid": "改为非预付费" } as const;
const SIGNALS = { second: "秒脉冲", demand: "需量周期", period: "时段投切" } as const;

const FORWARD_STATUSES = ["成功", "超时,电表未应答", "总线忙", "无此端口", "应答校验错", "已取消"];

const LINK_FIELDS: Readonly<Record<string, string>> = {
  gateway: "网关表地址",
  id: "集中器编号",
  firmware: "固件版本",
  nonce: "随机数",
  protocols: "支持规约",
  tableVersion: "档案版本",
  serverTimeMs: "主站时间(ms)",
  keyVersion: "密钥版本",
  mac: "认证码",
  heartbeatSeconds: "心跳周期(秒)",
  reason: "原因代码",
  rssi: "信号强度(dBm)",
  queue: "排队任务",
  clockMs: "时钟(ms)",
  port: "端口",
  serial: "串口参数",
  timeoutMs: "等待时间(ms)",
  gapMs: "字节间隔(ms)",
  elapsedMs: "用时(ms)",
  content: "转发内容",
  code: "代码",
  payload: "内容",
};

/** How the reasons of bad frames begin, in the words of the field. */
const REASONS: readonly (readonly [start: string, zh: string])[] = [
  ["checksum", "校验和不符"],
  ["truncated", "帧不完整"],
  ["start", "找不到帧起始符"],
  ["second", "缺第二个起始符 68H"],
  ["end", "缺结束符 16H"],
  ["version", "版本不识别"],
  ["payload", "内容与报文类型不符"],
];

/** The description in lines for a person: who speaks, what is asked or said, and every value with its unit. */
export function textLines(description: FrameDescription): TextLine[] {
  if (!description.ok) {
    const lines = [{ label: "无法解析", text: reasonText(description.reason) }];
    return description.hex === undefined ? lines : [...lines, { label: "原始字节", text: description.hex }];
  }
  switch (description.protocol) {
    case "jcp1":
      return linkLines(description);
    case "dlt645-2007":
      return lines645(description);
    default:
      return otherLines(description);
  }
}

/** A reason with its Chinese meaning in front. */
export function reasonText(reason: string): string {
  const zh = REASONS.find(([start]) => reason.startsWith(start))?.[1];
  return zh === undefined ? reason : `${zh} (${reason})`;
}

function linkLines(description: DescriptionLink): TextLine[] {
  const lines = [
    { label: "规约", text: "JCP/1 集中器通信" },
    { label: "报文", text: `${LINK_TYPES[description.type]} (${description.type}),序号 ${description.seq}` },
  ];
  for (const [name, value] of Object.entries(description.fields)) {
    if (name === "status")
      lines.push({ label: "结果", text: `${FORWARD_STATUSES[Number(value)] ?? "未知"} (${value})` });
    else lines.push({ label: LINK_FIELDS[name] ?? name, text: String(value) });
  }
  for (const frame of description.frames ?? []) {
    lines.push({ label: "转发的帧", text: "" });
    for (const { label, text } of textLines(frame)) lines.push({ label: `  ${label}`, text });
  }
  return lines;
}

/** Descriptions of the other protocols: what they have in common in words, the rest field by field. */
function otherLines(description: Description97 | Description188 | Description1376): TextLine[] {
  if (description.protocol !== "qgdw1376.1") return meterLines(description);
  const lines = [
    { label: "规约", text: PROTOCOL_TEXTS[description.protocol] },
    { label: "方向", text: description.fromTerminal ? "上行(应答或上报)" : "下行(主站命令)" },
    ...fieldLines(description),
  ];
  if (description.innerDlt645 === undefined) return lines;
  const inner = lines645(description.innerDlt645).map(({ label, text }) => ({ label: `  ${label}`, text }));
  return [...lines, { label: "转发的帧", text: "" }, ...inner];
}

/** Frames of meters: as in the edition of 2007 who, what and which item come first, then the values, then every other field. */
function meterLines(description: Description97 | Description188): TextLine[] {
  const first = ["地址", "功能", "数据标识"];
  const told = ["阀门命令", "继电器", "购电"];
  const fields = fieldLines(description);
  const zh = valueNames(description);
  const lines = [
    { label: "规约", text: PROTOCOL_TEXTS[description.protocol] },
    { label: "方向", text: description.fromMeter ? "上行(应答或上报)" : "下行(主站命令)" },
    ...first.flatMap((label) => fields.find((field) => field.label === label) ?? []),
  ];
  const about = lines.at(-1);
  const name = description.di === undefined ? "" : itemText(description);
  if (about?.label === "数据标识" && name !== "") about.text += ` ${name}`;
  for (const { name, value, unit } of description.values) {
    lines.push({ label: zh(name), text: value === null ? "无数据" : `${value} ${unit ?? ""}`.trimEnd() });
  }
  lines.push(...fields.filter(({ label }) => told.includes(label)));
  if (description.fromMeter && !description.abnormal && description.function === "write")
    lines.push({ label: "结果", text: "已接受" });
  lines.push(...fields.filter(({ label }) => !first.includes(label) && !told.includes(label)));
  if (description.abnormal) lines.push({ label: "提示", text: "异常应答" });
  return lines;
}

function itemText({ protocol, di = "" }: Description97 | Description188): string {
  const relays: readonly string[] = SF97.relays;
  if (protocol === "dlt645-1997" && relays.includes(di)) return "继电器控制";
  return (protocol === "cjt188" ? items188.get(di) : sf97Items.get(di))?.zh ?? "";
}

function lines645(description: Description645): TextLine[] {
  const fn = functions645[Number.parseInt(description.control, 16) & 0x1f];
  const lines = [
    { label: "规约", text: "DL/T 645-2007" },
    { label: "方向", text: description.fromMeter ? "上行(电表应答)" : "下行(主站命令)" },
    { label: "表地址", text: description.address + addressNote(description.address) },
    {
      label: "功能",
      text: `${fn?.zh ?? "未知功能"},控制码 ${description.control}H${description.abnormal ? ",异常应答" : ""}`,
    },
  ];
  const push = (label: string, text: string | number | undefined) => {
    if (text !== undefined) lines.push({ label, text: String(text) });
  };
  if (description.di !== undefined) push("数据标识", `${description.di} ${diName(description.di)}`.trimEnd());
  pushValues(description, push);
  if (description.command !== undefined) push("命令", `${relayText(description.command)} (${description.command}H)`);
  if (description.secure) push("命令", "密文形式(PA=98H),需加密机解读");
  push("密级", description.pa);
  push("密码", description.password);
  if (description.recharge !== undefined) for (const line of topUpLines(description.recharge)) lines.push(line);
  if (description.wallet !== undefined) for (const line of walletLines(description.wallet)) lines.push(line);
  if (description.account !== undefined) push("账户", ACCOUNTS[description.account]);
  if (description.refundLast) push("退费", "退回上次购电");
  push("身份认证时效(分)", description.minutes);
  push("密钥信息", description.keyUpdate?.keyInfo);
  push("随机数", description.authenticated?.random);
  push("ESAM 序列号", description.authenticated?.esam);
  if (description.oldPassword !== undefined) push("密码", `原 ${description.oldPassword}`);
  if (description.newPassword !== undefined) push("密码", `新 ${description.newPassword}`);
  push("操作员", description.operator);
  if (description.events !== undefined) push("清除事件", eventsText(description.events));
  if (description.signal !== undefined) push("输出信号", SIGNALS[description.signal]);
  push("记录块数", description.blocks);
  push("起始时间", description.from);
  if (description.validUntil !== undefined) push("有效截止", description.validUntil ?? "无效时间(电表将视为过期)");
  if (description.time !== undefined) push("时间", description.time ?? "无效时间");
  push("冻结时间", description.freezeMMDDhhmm);
  push(isPassword(description.di) ? "密码" : "写入数据", description.writeData);
  push("新地址", description.newAddress);
  if (description.baud !== undefined) {
    const baud = description.baud === "unknown" ? "无效(应恰有一位为 1,可能漏加 33H)" : `${description.baud} bps`;
    push("通信速率", `${baud},特征字 ${description.baudWord}H`);
  }
  push("帧序号", description.seq);
  push("不应接受的原因", description.fault);
  const shown =
    description.recharge !== undefined ||
    description.auth !== undefined ||
    description.wallet !== undefined ||
    description.payload === "";
  if (!shown) push("数据内容", description.payload);
  if (description.errBits !== undefined) push("错误", errorText(description));
  else if (isDone(description)) push("结果", "成功");
  if (description.moreFollows) push("提示", "还有后续数据");
  return lines;
}

function pushValues(description: Description645, push: (label: string, text: string) => void): void {
  const names = valueNames(description);
  description.values.forEach(({ name, value, unit }) => {
    const zh = names(name);
    push(
      isPassword(description.di) ? "密码" : zh,
      value === null ? absentText(zh) : `${value} ${unit ?? ""}`.trimEnd(),
    );
  });
  if (description.bits !== undefined) {
    push("状态位", statusText(description.di ?? "", description.bits));
  }
  for (const { time, marked, fault, values } of description.blocksRead ?? []) {
    push(
      "记录块",
      `${time ?? "时间无法读取"}${marked ? ",电表标明此块不正确" : ""}${fault === null ? "" : `,无法解析(${fault})`}`,
    );
    for (const { name, value, unit } of values)
      push(`  ${names(name)}`, value === null ? "无数据" : `${value} ${unit ?? ""}`.trimEnd());
  }
  if (description.raw !== undefined) {
    push("原始数据", `${description.raw}(${classOf(description.di ?? "").zh},低字节在前,未列入数据表或长度不符)`);
  }
}

/** The set bits in Chinese; in the block of all words each with the number of its word. */
function statusText(di: string, bits: readonly string[]): string {
  const word = /^0400050([1-7])$/.exec(di)?.[1];
  if (bits.length === 0) return word === "3" ? "无置位(继电器闭合)" : "无置位";
  if (word !== undefined) return bitTexts(bits, STATUS_WORDS[Number(word) - 1] ?? []);
  return bits
    .map((bit) => {
      const [number = "", name = ""] = bit.split(":");
      return `字${number} ${bitTexts([name], STATUS_WORDS[Number(number) - 1] ?? [])}`;
    })
    .join("、");
}

function topUpLines(topUp: DescribedTopUp): TextLine[] {
  if (topUp.layout === "vendor-sf07") {
    return [
      { label: "充值量", text: `${topUp.amount}(厂家写命令格式,无加密)` },
      { label: "购电次数", text: `第 ${topUp.purchaseCount} 次` },
    ];
  }
  if (topUp.layout === "standard") {
    return [
      { label: "充值量", text: `${topUp.amount}(按表计单位:kWh 或元)` },
      { label: "购电次数", text: `第 ${topUp.purchaseCount} 次` },
      { label: "客户编号", text: topUp.customer },
      { label: "校验码", text: topUp.mac },
    ];
  }
  return [
    { label: topUp.refund ? "退费额" : "充值量", text: `${topUp.amount}(厂家格式,无加密)` },
    { label: "订单号", text: topUp.order },
    { label: "充值表号", text: topUp.meterAddress },
  ];
}

function walletLines(wallet: DescribedWallet): TextLine[] {
  const lines = [
    { label: "剩余金额", text: `${wallet.amount}(按表计单位:kWh 或元)` },
    { label: "购电次数", text: `第 ${wallet.purchaseCount} 次` },
    { label: "校验码", text: wallet.mac },
  ];
  if (wallet.customer !== undefined) lines.push({ label: "客户编号", text: wallet.customer });
  return lines;
}

function eventsText(events: string): string {
  return events === "FFFFFFFF" ? "全部事件" : events;
}

function errorText(description: Description645): string {
  const security = description.serr !== undefined;
  const code = security ? `SERR ${description.serr}` : `ERR ${description.err}H`;
  const names = bitTexts(description.errBits ?? [], security ? SERR_BITS : ERR_BITS);
  return `${names === "" ? "未说明原因" : names} (${code})`;
}

/** Good answers that say nothing else than "done". */
function isDone(description: Description645): boolean {
  if (!description.fromMeter) return false;
  return description.length === 0 || (description.function === "security" && description.length === 4);
}

function relayText(command: string): string {
  return RELAY_COMMANDS[command]?.zh ?? "厂家自定义命令";
}

function diName(di: string): string {
  return (
    SECURITY_NAMES[di] ?? SF07_NAMES[di] ?? loadRecordOf(di)?.zh ?? itemOf(di)?.zh ?? `${classOf(di).zh}(未列入数据表)`
  );
}

/** 04000C01 … 0A: whoever leaves passwords out of a page finds them all under one label. */
function isPassword(di: string | undefined): boolean {
  return di?.startsWith("04000C") === true;
}

function absentText(zh: string): string {
  return /^[ABC]相/.test(zh) ? "无此相" : "无数据";
}

function addressNote(address: string): string {
  if (address === "999999999999") return "(广播)";
  return address.includes("A") ? "(通配)" : "";
}

function bitTexts(names: readonly string[], table: readonly NamedBit[]): string {
  return names.map((name) => table.find((bit) => bit.name === name)?.zh ?? name).join("、");
}
