import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { formatInstant, type Instant, later, MINUTE_MS } from "#base/time.ts";
import { type Bytes, fromHex, toHex } from "#protocol/bytes.ts";
import { ANY_METER, BROADCAST, type LocalTime } from "#protocol/dlt645/control.ts";
import { encodeFrame645, type Frame645 } from "#protocol/dlt645/frame.ts";
import { encodeOpenAccount, encodeTopUp, meterKey } from "#protocol/dlt645/prepay.ts";
import type { RelayAction } from "#protocol/dlt645/relay.ts";
import { BAUD_WORDS, encodeRequest, isFreezePattern, type Request645 } from "#protocol/dlt645/requests.ts";
import { encodeSecurity } from "#protocol/dlt645/security.ts";
import { encodeSf07 } from "#protocol/dlt645/vendor-sf07.ts";
import { remakeFrame } from "#protocol/remake.ts";
import { nodeCiphers } from "#system/crypto.ts";
import { OTHER_USAGE, otherFrame } from "./frame-encode-other.ts";
import {
  addressWord,
  amountWord,
  dataWord,
  digitsWord,
  diWord,
  hexWord,
  timeWord,
  WordsError,
  whole,
  within,
} from "./frame-words.ts";

/** A frame made from words, as wire hex; or the sentence that says what is wrong with the words. */
export type EncodedWords = { ok: true; hex: string } | { ok: false; problem: string };

/** The words that `jichao frame encode` understands, one line each. */
export const ENCODE_USAGE = [
  "read <表地址> <数据标识> [--blocks N [--from '2026-08-01 00:00']]   读数据",
  "read-follow <表地址> <数据标识> <序号>                             读后续数据",
  "read-address                                                      读通信地址(线上只能有一只表)",
  "write <表地址> <数据标识> <十六进制数据,低字节在前>                写数据",
  "write-address <新地址>                                            写通信地址",
  "set-clock '2026-08-01 12:00:00'                                   广播校时",
  "freeze <表地址|all> <月日时分,如 99999999>                         冻结",
  "set-baud <表地址> <600…19200>                                     更改通信速率",
  "set-password <表地址> <数据标识> <原密码> <新密码>                 修改密码(各 8 位十六进制,首字节权限)",
  "clear-demand|clear-meter <表地址>   clear-events <表地址> [标识]   清零",
  "relay trip|close|permit-close|alarm-on|alarm-off|keep-supply-on|keep-supply-off <表地址>  [--until '…'] [--channel N]",
  "output <表地址> second|demand|period                              多功能端子输出",
  "topup|open-account <表地址> <充值量> <购电次数> <客户编号> --key <表充值密钥>|--master-key <主密钥>|--key-file <文件>",
  "query <表地址>                                                    钱包状态查询",
  "sf07-topup <表地址> <充值量> <次数>   sf07-account <表地址> open|closed|non-prepaid   sf07-refund <表地址>",
  ...OTHER_USAGE,
  "选项: --password 02000000 --operator 01000000 --preamble 4",
].join("\n  ");

const RELAY_WORDS: Readonly<Record<string, RelayAction>> = {
  trip: "trip",
  close: "close",
  "permit-close": "permit_close",
  "alarm-on": "alarm_on",
  "alarm-off": "alarm_off",
  "keep-supply-on": "keep_supply_on",
  "keep-supply-off": "keep_supply_off",
};
const ACCOUNT_WORDS = { open: "open", closed: "closed", "non-prepaid": "non-prepaid" } as const;
const SIGNALS = ["second", "demand", "period"] as const;
/** How long a relay command stays valid when nothing else is said: long enough for a slow radio, short for a mistake. */
const VALID_MINUTES = 10;
const AMOUNT_MAX = 0xffff_ffff;
const PREAMBLE_MAX = 16;

const OPTIONS = {
  password: { type: "string", default: "02000000" },
  operator: { type: "string", default: "01000000" },
  preamble: { type: "string", default: "4" },
  until: { type: "string" },
  channel: { type: "string", default: "0" },
  blocks: { type: "string" },
  from: { type: "string" },
  key: { type: "string" },
  "master-key": { type: "string" },
  "key-file": { type: "string" },
} as const;

type Options = { [name in keyof typeof OPTIONS]?: string | undefined };

/** Makes the frame that the words ask for. `now` is what an order without `--until` counts its validity from. */
export function encodeWords(args: readonly string[], now: Instant): EncodedWords {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
    const [verb = "", ...words] = positionals;
    const preamble = whole("--preamble", values.preamble, PREAMBLE_MAX);
    const other = otherFrame(verb, words, { password: values.password ?? "", preamble });
    const wire = other ?? encodeFrame645(frameOf(verb, words, values, now), preamble);
    return { ok: true, hex: toHex(wire) };
  } catch (error) {
    const told = error instanceof WordsError || (error instanceof TypeError && "code" in error);
    if (!told) throw error;
    return { ok: false, problem: error.message };
  }
}

/** The frame of a description as `jichao frame decode --json` prints it, of any meter or terminal protocol. */
export function encodeJson(line: string): EncodedWords {
  const description = parsed(line);
  if (description === null) return { ok: false, problem: "不是 JSON 对象 (not a JSON object)" };
  const made = remakeFrame(description);
  return made.ok ? { ok: true, hex: toHex(made.bytes) } : { ok: false, problem: made.reason };
}

function parsed(line: string): object | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? value : null;
  } catch {
    return null; // what a person wrote is no JSON: that is told, not thrown
  }
}

function frameOf(verb: string, words: readonly string[], options: Options, now: Instant): Frame645 {
  const rights = () => {
    return {
      password: hexWord("--password", options.password ?? "", 4),
      operator: hexWord("--operator", options.operator ?? "", 4),
    };
  };
  const address = () => addressWord(words[0]);
  const request = (at: string, asked: Request645) => encodeRequest(at, asked);
  switch (verb) {
    case "read":
      return request(address(), { kind: "read", di: diWord(words[1]), ...blocks(options) });
    case "read-follow":
      return request(address(), { kind: "read_follow", di: diWord(words[1]), seq: within("序号", words[2], 1, 255) });
    case "read-address":
      return request(ANY_METER, { kind: "read_address" });
    case "write":
      return request(address(), { kind: "write", di: diWord(words[1]), ...rights(), data: dataWord(words[2]) });
    case "write-address":
      return request(ANY_METER, { kind: "write_address", newAddress: digitsWord("新地址", words[0], 12) });
    case "set-clock":
      return request(BROADCAST, { kind: "set_clock", time: timeWord(words.join(" ")) });
    case "freeze": {
      const pattern = words[1] ?? "";
      if (!isFreezePattern(pattern)) throw new WordsError(`不是冻结时间(月日时分 8 位,99 表示每):${pattern}`);
      return request(words[0] === "all" ? BROADCAST : address(), { kind: "freeze", pattern });
    }
    case "set-baud": {
      const baud = Number(words[1]);
      if (!Object.values(BAUD_WORDS).includes(baud)) throw new WordsError(`不是规约中的通信速率:${words[1] ?? ""}`);
      return request(address(), { kind: "set_baud", baud });
    }
    case "set-password": {
      const [oldPassword, newPassword] = [hexWord("原密码", words[2], 4), hexWord("新密码", words[3], 4)];
      return request(address(), { kind: "set_password", di: diWord(words[1]), oldPassword, newPassword });
    }
    case "clear-demand":
      return request(address(), { kind: "clear_demand", ...rights() });
    case "clear-meter":
      return request(address(), { kind: "clear_meter", ...rights() });
    case "clear-events":
      return request(address(), { kind: "clear_events", ...rights(), events: diWord(words[1] ?? "FFFFFFFF") });
    case "relay": {
      const action = RELAY_WORDS[words[0] ?? ""];
      if (action === undefined) throw new WordsError(`不是继电器命令:${words[0] ?? ""}`);
      const validUntil = options.until === undefined ? soon(now) : timeWord(options.until);
      const channel = whole("--channel", options.channel, 255);
      return request(addressWord(words[1]), { kind: "relay", action, ...rights(), validUntil, channel });
    }
    case "output": {
      const signal = SIGNALS.find((name) => name === words[1]);
      if (signal === undefined) throw new WordsError(`不是输出信号(second、demand、period):${words[1] ?? ""}`);
      return request(address(), { kind: "output", signal });
    }
    case "topup":
    case "open-account":
      return purchase(verb, words, options);
    case "query":
      return encodeSecurity(address(), rights().operator, { kind: "query" });
    case "sf07-topup": {
      const count = within("购电次数", words[2], 0, AMOUNT_MAX);
      return encodeSf07(address(), rights(), { kind: "recharge", amount: amountWord(words[1]), count });
    }
    case "sf07-account": {
      const state = Object.values(ACCOUNT_WORDS).find((name) => name === words[1]);
      if (state === undefined) throw new WordsError(`不是账户状态(open、closed、non-prepaid):${words[1] ?? ""}`);
      return encodeSf07(address(), rights(), { kind: "account", state });
    }
    case "sf07-refund":
      return encodeSf07(address(), rights(), { kind: "refund_last" });
    default:
      throw new WordsError(verb === "" ? "没有写命令" : `不认识的命令:${verb}`);
  }
}

function purchase(verb: "topup" | "open-account", words: readonly string[], options: Options): Frame645 {
  const address = digitsWord("表地址", words[0], 12);
  const topUp = {
    amount: amountWord(words[1]),
    count: within("购电次数", words[2], 1, AMOUNT_MAX),
    customer: digitsWord("客户编号", words[3], 12),
    operator: hexWord("--operator", options.operator ?? "", 4),
  };
  const key = rechargeKey(options, address);
  const encode = verb === "topup" ? encodeTopUp : encodeOpenAccount;
  return encode(nodeCiphers, key, address, topUp);
}

/** The meter's own recharge key, or the one that the master key gives it. A file keeps the key out of the process list. */
function rechargeKey(options: Options, address: string): Bytes {
  const master = options["master-key"];
  if (master !== undefined) return meterKey(nodeCiphers, keyBytes("--master-key", master), 1, address);
  const file = options["key-file"];
  if (file !== undefined) return keyBytes("--key-file", fileText(file));
  if (options.key === undefined) throw new WordsError("需要 --key、--key-file 或 --master-key");
  return keyBytes("--key", options.key);
}

function fileText(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    throw new WordsError(`读不到密钥文件 ${path}`, { cause: error });
  }
}

function keyBytes(name: string, text: string): Bytes {
  const bytes = fromHex(text);
  if (bytes === null || bytes.length !== 16) throw new WordsError(`${name} 应为 32 位十六进制`);
  return bytes;
}

function blocks(options: Options): { blocks?: number; from?: LocalTime } {
  if (options.blocks === undefined) return {};
  const asked = { blocks: within("--blocks", options.blocks, 1, 255) };
  return options.from === undefined ? asked : { ...asked, from: timeWord(options.from) };
}

function soon(now: Instant): LocalTime {
  return timeWord(formatInstant(later(now, VALID_MINUTES * MINUTE_MS)).slice(0, 19));
}
