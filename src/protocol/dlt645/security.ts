import { type Bytes, concat, ownHex, toHex, toHexReversed } from "../bytes.ts";
import { CONTROL, FUNCTION } from "./control.ts";
import type { Frame645 } from "./frame.ts";
import { diFromWire, diToWire } from "./items.ts";

/**
 * What function 03 asks a prepaid meter (later filing): the layout of the frames only. MACs and ciphers are bytes that a
 * security module made, except where our own JC1 does (prepay.ts). Amounts and counts are binary, low
 * byte first; the amount is in units of 0.01 of what the meter counts (kWh or yuan). Customers are 12 digits.
 */
export type SecurityRequest =
  /** 070000FF: cipher, random and diversification, 8 bytes each. */
  | { kind: "authenticate"; cipher: string; random: string; diversify: string }
  /** 070001FF: how many minutes an authentication lasts. */
  | { kind: "authentication_minutes"; minutes: number; mac: string }
  /** 070002FF or 07000201: ends the authentication. */
  | { kind: "drop_authentication" }
  /** 070101FF opens the account (开户), 070102FF recharges it (充值). */
  | { kind: "open_account" | "recharge"; amount: number; count: number; customer: string; mac1: string; mac2: string }
  /** 070103FF: sets the balance (钱包初始化); it is no refund. */
  | { kind: "preset_wallet"; amount: number; count: number; mac1: string; mac2: string }
  /** 070201FF … 070204FF: replaces a key (1 control, 2 parameter, 3 authentication, 4 and above as the maker has them). */
  | { kind: "update_key"; which: number; keyInfo: string; cipher: string; mac: string }
  /** 07810201 or 078102FF: balance, purchase count and customer. */
  | { kind: "query" };

/** What a meter answers under 83H. */
export type SecurityReply =
  | { kind: "authenticated"; random: string; esam: string }
  | {
      kind: "wallet";
      amount: number;
      mac1: string;
      count: number;
      mac2: string;
      customer: string;
      keyInfo: string;
    }
  | { kind: "done" }
  /** A length that no layout has: makers add to it. */
  | { kind: "raw"; data: Bytes };

/** One field of a layout: how many bytes and how they read. */
type Part = readonly [name: string, bytes: number, as: "hex" | "number" | "printed" | "bcd"];
type Fields = Record<string, string | number>;

const MONEY_BACK: readonly Part[] = [
  ["amount", 4, "number"],
  ["mac1", 4, "hex"],
  ["count", 4, "number"],
  ["mac2", 4, "hex"],
];
const PURCHASE: readonly Part[] = [
  ["amount", 4, "number"],
  ["count", 4, "number"],
  ["mac1", 4, "hex"],
  ["customer", 6, "printed"],
  ["mac2", 4, "hex"],
];
const AUTHENTICATE: readonly Part[] = [
  ["cipher", 8, "printed"],
  ["random", 8, "printed"],
  ["diversify", 8, "printed"],
];
const AUTHENTICATED: readonly Part[] = [
  ["random", 4, "printed"],
  ["esam", 8, "printed"],
];
const MINUTES: readonly Part[] = [
  ["minutes", 2, "bcd"],
  ["mac", 4, "hex"],
];
const KEY: readonly Part[] = [
  ["keyInfo", 4, "hex"],
  ["cipher", 32, "hex"],
  ["mac", 4, "hex"],
];
const WALLET: readonly Part[] = [...MONEY_BACK, ["customer", 6, "printed"], ["keyInfo", 4, "hex"]];

/** Every identifier of function 03 that is known by name, with its Chinese name. `070108FF` and `070104FF` are one maker's. */
export const SECURITY_NAMES: Readonly<Record<string, string>> = {
  "070000FF": "身份认证",
  "070001FF": "身份认证时效设置",
  "070002FF": "身份认证失效",
  "07000201": "身份认证失效",
  "070003FF": "红外认证",
  "070101FF": "开户",
  "070102FF": "充值",
  "070103FF": "钱包初始化",
  "070104FF": "参数设置(厂家 EIOT)",
  "070108FF": "退费(厂家 EIOT)",
  "070111FF": "退费(JC1)",
  "070112FF": "清零(JC1)",
  "070201FF": "控制命令密钥更新",
  "070202FF": "参数密钥更新",
  "070203FF": "身份认证密钥更新",
  "070204FF": "主控密钥更新",
  "070301FF": "密钥更新(2013)",
  "078001FF": "数据回抄",
  "07810201": "状态查询",
  "078102FF": "状态查询",
};

/** Master: a request of function 03. `operator` is C0 … C3 in wire order, 8 hex digits. */
export function encodeSecurity(address: string, operator: string, request: SecurityRequest): Frame645 {
  const [di, parts] = layoutOf(request);
  const data = concat(diToWire(di), ownHex(operator, 4), written(parts, request));
  return { address, control: FUNCTION.security, data };
}

/** Meter: reads a request of function 03. Other identifiers and lengths are not known: makers add to both. */
export function decodeSecurity(
  frame: Frame645,
): { ok: true; operator: string; request: SecurityRequest } | { ok: false; reason: string } {
  const { data } = frame;
  const di = diFromWire(data);
  if (frame.control !== FUNCTION.security || di === null || data.length < 8)
    return { ok: false, reason: "not_a_security_command" };
  const operator = toHex(data.subarray(4, 8));
  const request = requestOf(di, data.subarray(8));
  return request === null ? { ok: false, reason: "unknown_layout" } : { ok: true, operator, request };
}

/** Meter: a good answer under 83H to the request with identifier `di`. */
export function encodeSecurityReply(address: string, di: string, reply: SecurityReply): Frame645 {
  return { address, control: FUNCTION.security | CONTROL.fromMeter, data: concat(diToWire(di), replyBody(reply)) };
}

/** Master: what 83H says, by identifier and length; anything else is raw. */
export function decodeSecurityReply(frame: Frame645): { di: string; reply: SecurityReply } | null {
  const di = diFromWire(frame.data);
  if (frame.control !== (FUNCTION.security | CONTROL.fromMeter) || di === null) return null;
  const body = frame.data.slice(4);
  if (body.length === 0) return { di, reply: { kind: "done" } };
  const read = di === "070000FF" ? fieldsOf(AUTHENTICATED, body) : isQuery(di) ? fieldsOf(WALLET, body) : null;
  if (read === null) return { di, reply: { kind: "raw", data: body } };
  const [text, number] = [textOf(read), numberOf(read)];
  if (di === "070000FF") return { di, reply: { kind: "authenticated", random: text("random"), esam: text("esam") } };
  const wallet = { amount: number("amount"), mac1: text("mac1"), count: number("count"), mac2: text("mac2") };
  return { di, reply: { kind: "wallet", ...wallet, customer: text("customer"), keyInfo: text("keyInfo") } };
}

/** The parts of a request behind the operator, for people: identifier and length decide. Null when they are not known. */
export function securityParts(di: string, bytes: number): readonly Part[] | null {
  const parts = partsOf(di);
  return parts !== null && lengthOf(parts) === bytes ? parts : null;
}

function replyBody(reply: SecurityReply): Bytes {
  switch (reply.kind) {
    case "raw":
      return reply.data;
    case "wallet":
      return written(WALLET, reply);
    case "authenticated":
      return written(AUTHENTICATED, reply);
    case "done":
      return new Uint8Array(0);
  }
}

function layoutOf(request: SecurityRequest): [di: string, parts: readonly Part[]] {
  switch (request.kind) {
    case "authenticate":
      return ["070000FF", AUTHENTICATE];
    case "authentication_minutes":
      return ["070001FF", MINUTES];
    case "drop_authentication":
      return ["070002FF", []];
    case "open_account":
      return ["070101FF", PURCHASE];
    case "recharge":
      return ["070102FF", PURCHASE];
    case "preset_wallet":
      return ["070103FF", MONEY_BACK];
    case "update_key":
      return [`07020${request.which}FF`, KEY];
    case "query":
      return ["078102FF", []];
  }
}

function partsOf(di: string): readonly Part[] | null {
  if (di === "070000FF") return AUTHENTICATE;
  if (di === "070001FF") return MINUTES;
  if (di === "070101FF" || di === "070102FF") return PURCHASE;
  if (di === "070103FF") return MONEY_BACK;
  if (/^07020[1-4]FF$/.test(di)) return KEY;
  return di === "070002FF" || di === "07000201" || isQuery(di) ? [] : null;
}

function requestOf(di: string, body: Bytes): SecurityRequest | null {
  const parts = partsOf(di);
  const read = parts === null ? null : fieldsOf(parts, body);
  if (read === null) return null;
  const [text, number] = [textOf(read), numberOf(read)];
  const macs = { mac1: text("mac1"), mac2: text("mac2") };
  switch (parts) {
    case AUTHENTICATE:
      return { kind: "authenticate", cipher: text("cipher"), random: text("random"), diversify: text("diversify") };
    case MINUTES:
      return { kind: "authentication_minutes", minutes: number("minutes"), mac: text("mac") };
    case PURCHASE: {
      const purchase = { amount: number("amount"), count: number("count"), customer: text("customer"), ...macs };
      return { kind: di === "070101FF" ? "open_account" : "recharge", ...purchase };
    }
    case MONEY_BACK:
      return { kind: "preset_wallet", amount: number("amount"), count: number("count"), ...macs };
    case KEY: {
      const key = { keyInfo: text("keyInfo"), cipher: text("cipher"), mac: text("mac") };
      return { kind: "update_key", which: Number(di[5]), ...key };
    }
    default:
      return isQuery(di) ? { kind: "query" } : { kind: "drop_authentication" };
  }
}

function isQuery(di: string): boolean {
  return di === "078102FF" || di === "07810201";
}

function lengthOf(parts: readonly Part[]): number {
  return parts.reduce((sum, [, bytes]) => sum + bytes, 0);
}

function textOf(fields: Fields): (name: string) => string {
  return (name) => String(fields[name] ?? "");
}

function numberOf(fields: Fields): (name: string) => number {
  return (name) => Number(fields[name] ?? 0);
}

/** Reads the parts; null when the length differs or digits are none. */
function fieldsOf(parts: readonly Part[], body: Bytes): Fields | null {
  if (body.length !== lengthOf(parts)) return null;
  const fields: Fields = {};
  let at = 0;
  for (const [name, bytes, as] of parts) {
    const part = body.subarray(at, at + bytes);
    at += bytes;
    if (as === "hex") fields[name] = toHex(part);
    else if (as === "number") fields[name] = Number.parseInt(toHexReversed(part), 16);
    else fields[name] = toHexReversed(part);
    if (as === "bcd") {
      if (!/^\d+$/.test(toHexReversed(part))) return null;
      fields[name] = Number(toHexReversed(part));
    }
  }
  return fields;
}

function written(parts: readonly Part[], values: object): Bytes {
  const fields = new Map<string, unknown>(Object.entries(values));
  const written = parts.map(([name, bytes, as]) => {
    const value = String(fields.get(name) ?? "");
    if (as === "hex") return ownHex(value, bytes);
    if (as === "number")
      return ownHex(
        Number(value)
          .toString(16)
          .padStart(2 * bytes, "0"),
        bytes,
      ).reverse();
    return ownHex(value.padStart(2 * bytes, "0"), bytes).reverse();
  });
  return concat(...written);
}
