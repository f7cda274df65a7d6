import { type Bytes, toHex, toHexReversed } from "../bytes.ts";
import { decimalText } from "../register.ts";
import { localTimeAt, timeText } from "./control.ts";
import { diFromWire } from "./items.ts";
import { BAUD_WORDS, decodeRequest } from "./requests.ts";
import { decodeSecurityReply, type SecurityReply } from "./security.ts";
import { sf07Write } from "./vendor-sf07.ts";

/** What a top-up carries, in the layout that the length shows. Amounts are decimal strings in the meter's credit unit. */
export type DescribedTopUp =
  | { layout: "standard"; amount: string; purchaseCount: number; customer: string; mac: string }
  | { layout: "vendor-sf07"; amount: string; purchaseCount: number }
  | { layout: "vendor-eiot"; amount: string; order: string; meterAddress: string; refund: boolean };

/** The balance that a meter tells (07810201, 078102FF) or is given (070103FF). */
export type DescribedWallet = {
  amount: string;
  purchaseCount: number;
  mac: string;
  customer?: string;
  keyInfo?: string;
};

/** What tools show of a function's data beyond identifier and values. Hex is in wire order, null is no possible time. */
export type Details = {
  seq?: number;
  newAddress?: string;
  pa?: string;
  password?: string;
  operator?: string;
  /** N1 of the relay command. */
  command?: string;
  commandName?: string;
  n2?: string;
  validUntilRaw_ss_mm_hh_DD_MM_YY?: string;
  validUntil?: string | null;
  /** The data was made by a security module and cannot be read. */
  secure?: boolean;
  payload?: string;
  auth?: { cipher1: string; random1: string; diversify: string };
  authenticated?: { random: string; esam: string };
  /** How many minutes an authentication is to last. */
  minutes?: number;
  recharge?: DescribedTopUp;
  wallet?: DescribedWallet;
  keyUpdate?: { keyInfo: string; cipher: string; mac: string };
  /** One maker's writes (profile sf07). */
  account?: "open" | "closed" | "non-prepaid";
  refundLast?: true;
  writeData?: string;
  /** Old and new password, level first, 8 hex digits each. */
  oldPassword?: string;
  newPassword?: string;
  /** What a clearing of events clears: FFFFFFFF all, otherwise one kind. */
  events?: string;
  signal?: "second" | "demand" | "period";
  /** Load record: how many blocks, and from which minute. */
  blocks?: number;
  from?: string;
  time?: string | null;
  freezeMMDDhhmm?: string;
  baudWord?: string;
  baud?: number | "unknown";
};

/** One function code (D4–D0): its name in tools and for people, and how its request data reads. */
export type Function645 = {
  name: string;
  zh: string;
  /** Its data begins with an identifier. */
  hasDi: boolean;
  request?(data: Bytes): Details;
  reply?(data: Bytes): Details;
};

/** N1 of the relay command; 2A … 3B are alarm and keep-supply (保电). */
export const RELAY_COMMANDS: Readonly<Record<string, { name: string; zh: string }>> = {
  "1A": { name: "trip", zh: "拉闸" },
  "1B": { name: "close-permitted", zh: "合闸允许(需按表上按钮)" },
  "1C": { name: "close-direct", zh: "直接合闸" },
  "2A": { name: "alarm-on", zh: "报警" },
  "2B": { name: "alarm-off", zh: "报警解除" },
  "3A": { name: "keep-supply-on", zh: "保电" },
  "3B": { name: "keep-supply-off", zh: "保电解除" },
};

/** The functions of the 2007 edition (§7) and of the later filing (03H, 1CH, 1DH). */
export const functions645: Readonly<Record<number, Function645>> = {
  3: { name: "security", zh: "安全认证", hasDi: true, request: securityRequest, reply: securityReply },
  8: { name: "broadcast-time", zh: "广播校时", hasDi: false, request: clockSet },
  17: { name: "read", zh: "读数据", hasDi: true, request: readRequest },
  18: { name: "read-follow", zh: "读后续数据", hasDi: true, request: sequence, reply: lastSequence },
  19: { name: "read-address", zh: "读通信地址", hasDi: false, reply: addressIn },
  20: { name: "write", zh: "写数据", hasDi: true, request: writeRequest },
  21: { name: "write-address", zh: "写通信地址", hasDi: false, request: addressIn },
  22: { name: "freeze", zh: "冻结命令", hasDi: false, request: freeze },
  23: { name: "set-baud", zh: "更改通信速率", hasDi: false, request: baudWord, reply: baudWord },
  24: { name: "set-password", zh: "修改密码", hasDi: false, request: setPassword, reply: newPassword },
  25: { name: "clear-demand", zh: "最大需量清零", hasDi: false, request: rights },
  26: { name: "clear-meter", zh: "电表清零", hasDi: false, request: rights },
  27: { name: "clear-events", zh: "事件清零", hasDi: false, request: clearEvents },
  28: { name: "relay-control", zh: "跳合闸、报警、保电", hasDi: false, request: relayRequest },
  29: { name: "multi-function-output", zh: "多功能端子输出", hasDi: false, request: output, reply: output },
};

function relayRequest(data: Bytes): Details {
  if (data[0] === 0x98) return { pa: "98", operator: toHex(data.subarray(4, 8)), secure: true };
  if (data.length !== 16) return {};
  const command = toHex(data.subarray(8, 9)).toUpperCase();
  return {
    pa: toHex(data.subarray(0, 1)),
    password: toHex(data.subarray(1, 4)),
    operator: toHex(data.subarray(4, 8)),
    command,
    commandName: RELAY_COMMANDS[command]?.name ?? "vendor",
    n2: toHex(data.subarray(9, 10)),
    validUntilRaw_ss_mm_hh_DD_MM_YY: toHex(data.subarray(10, 16)),
    validUntil: timeText(localTimeAt(data, 10)),
  };
}

/** What is laid out as a recharge: it, the opening of an account, and JC1's deduct, clear and mode. */
const PURCHASE_LIKE: ReadonlySet<string> = new Set(["070101FF", "070102FF", "070111FF", "070112FF", "070113FF"]);

function securityRequest(data: Bytes): Details {
  if (data.length < 8) return {};
  const common = { operator: toHex(data.subarray(4, 8)), payload: toHex(data.subarray(8)) };
  const di = diFromWire(data);
  if (di === "070000FF" && data.length === 32) return { ...common, auth: authentication(data) };
  if (di !== null && PURCHASE_LIKE.has(di) && data.length === 30) return { ...common, recharge: standardTopUp(data) };
  if ((di === "070102FF" || di === "070108FF") && data.length === 34) {
    return { ...common, recharge: orderedTopUp(data, di === "070108FF") };
  }
  if (di === "070001FF" && data.length === 14) return { ...common, minutes: Number(reversed(data, 8, 10)) };
  if (di === "070103FF" && data.length === 24) {
    const mac = toHex(data.subarray(12, 16)) + toHex(data.subarray(20, 24));
    const wallet = { amount: decimalText(uint32At(data, 8), 2), purchaseCount: uint32At(data, 16), mac };
    return { ...common, wallet };
  }
  if (di !== null && /^07020[1-4]FF$/.test(di) && data.length === 48) {
    const [keyInfo, cipher, mac] = [
      toHex(data.subarray(8, 12)),
      toHex(data.subarray(12, 44)),
      toHex(data.subarray(44)),
    ];
    return { ...common, keyUpdate: { keyInfo, cipher, mac } };
  }
  return common;
}

function securityReply(data: Bytes): Details {
  const payload = toHex(data.subarray(4));
  const read = decodeSecurityReply({ address: "", control: 0x83, data });
  return { payload, ...(read === null ? {} : replyDetails(read.reply)) };
}

function replyDetails(reply: SecurityReply): Details {
  if (reply.kind === "authenticated") return { authenticated: { random: reply.random, esam: reply.esam } };
  if (reply.kind !== "wallet") return {};
  const { amount, count, mac1, mac2, customer, keyInfo } = reply;
  const mac = mac1 + mac2;
  return { wallet: { amount: decimalText(amount, 2), purchaseCount: count, mac, customer, keyInfo } };
}

/** amount 4, count 4, MAC1 4, customer 6, MAC2 4; our JC1 keeps this layout. */
function standardTopUp(data: Bytes): DescribedTopUp {
  return {
    layout: "standard",
    amount: decimalText(uint32At(data, 8), 2),
    purchaseCount: uint32At(data, 12),
    customer: reversed(data, 20, 26),
    mac: toHex(data.subarray(16, 20)) + toHex(data.subarray(26, 30)),
  };
}

/** One maker's layout without cryptography: amount 4, order 8, 0000, meter address 6, 0000. */
function orderedTopUp(data: Bytes, refund: boolean): DescribedTopUp {
  return {
    layout: "vendor-eiot",
    amount: decimalText(uint32At(data, 8), 2),
    order: reversed(data, 12, 20),
    meterAddress: reversed(data, 24, 30),
    refund,
  };
}

function authentication(data: Bytes): { cipher1: string; random1: string; diversify: string } {
  return { cipher1: reversed(data, 8, 16), random1: reversed(data, 16, 24), diversify: reversed(data, 24, 32) };
}

function writeRequest(data: Bytes): Details {
  if (data.length < 12) return {};
  return {
    pa: toHex(data.subarray(4, 5)),
    password: toHex(data.subarray(5, 8)),
    operator: toHex(data.subarray(8, 12)),
    writeData: toHex(data.subarray(12)),
    ...ownWrite(diFromWire(data) ?? "", data.subarray(12)),
  };
}

/** What one maker's meters take a write for. */
function ownWrite(di: string, body: Bytes): Details {
  const write = sf07Write(di, body);
  if (write === null) return {};
  if (write.kind === "refund_last") return { refundLast: true };
  if (write.kind === "account") return { account: write.state };
  const recharge = { layout: "vendor-sf07", amount: decimalText(write.amount, 2), purchaseCount: write.count } as const;
  return { recharge };
}

function readRequest(data: Bytes): Details {
  const read = decodeRequest({ address: "", control: 0x11, data });
  if (!read.ok || read.request.kind !== "read" || read.request.blocks === undefined) return {};
  const { blocks, from } = read.request;
  if (from === undefined) return { blocks };
  return { blocks, from: timeText({ ...from, second: 0 })?.slice(0, 16) ?? "" };
}

function rights(data: Bytes): Details {
  if (data.length < 8) return {};
  const [pa, password, operator] = [data.subarray(0, 1), data.subarray(1, 4), data.subarray(4, 8)].map(toHex);
  return { pa: pa ?? "", password: password ?? "", operator: operator ?? "" };
}

function clearEvents(data: Bytes): Details {
  return data.length === 12 ? { ...rights(data), events: diFromWire(data.subarray(8)) ?? "" } : {};
}

function setPassword(data: Bytes): Details {
  if (data.length !== 12) return {};
  return { oldPassword: toHex(data.subarray(4, 8)), newPassword: toHex(data.subarray(8, 12)) };
}

function newPassword(data: Bytes): Details {
  return data.length === 4 ? { newPassword: toHex(data) } : {};
}

function output(data: Bytes): Details {
  const signal = data.length === 1 ? (["second", "demand", "period"] as const)[data[0]!] : undefined;
  return signal === undefined ? {} : { signal };
}

function clockSet(data: Bytes): Details {
  return data.length === 6 ? { time: timeText(localTimeAt(data, 0)) } : {};
}

function freeze(data: Bytes): Details {
  return data.length === 4 ? { freezeMMDDhhmm: toHexReversed(data) } : {};
}

function baudWord(data: Bytes): Details {
  const word = data[0];
  return word === undefined
    ? {}
    : { baudWord: toHex(data.subarray(0, 1)).toUpperCase(), baud: BAUD_WORDS[word] ?? "unknown" };
}

function sequence(data: Bytes): Details {
  return data.length === 5 ? { seq: data[4]! } : {};
}

function lastSequence(data: Bytes): Details {
  return data.length > 4 ? { seq: data[data.length - 1]! } : {};
}

function addressIn(data: Bytes): Details {
  return data.length === 6 ? { newAddress: toHexReversed(data).toUpperCase() } : {};
}

function reversed(data: Bytes, from: number, to: number): string {
  return toHexReversed(data.subarray(from, to));
}

function uint32At(data: Bytes, at: number): number {
  return (data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24)) >>> 0;
}
