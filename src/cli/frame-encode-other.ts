import type { Bytes } from "#protocol/bytes.ts";
import {
  type Call188,
  encodePurchase188,
  encodeRead188,
  encodeReadAddress188,
  encodeSetClock188,
  encodeValve188,
} from "#protocol/cjt188/commands.ts";
import { encodeFrame188, type Frame188, isMeterType } from "#protocol/cjt188/frame.ts";
import { encodeRead97, encodeReadFollow97, encodeWrite97 } from "#protocol/dlt645v1997/commands.ts";
import { encodeFrame97 } from "#protocol/dlt645v1997/frame.ts";
import { encodeRelay97 } from "#protocol/dlt645v1997/sf97.ts";
import { addressWord, amountWord, dataWord, digitsWord, hexWord, timeWord, WordsError, within } from "./frame-words.ts";

/** The words of the other meter protocols, one line each. */
export const OTHER_USAGE: readonly string[] = [
  "read97 <表地址> <4 位数据标识>   follow97 <表地址> <标识>             DL/T 645-1997 读数据、读后续数据",
  "write97 <表地址> <4 位数据标识> <十六进制数据>                        DL/T 645-1997 写数据",
  "relay97 trip|close <1|2> <表地址>                                 集抄卡表(sf97)第 1、2 路拉合闸",
  "read188 <表类型 10…4F> <14 位表地址> [4 位数据标识,缺省 901F]          CJ/T 188 读数据",
  "read-address188   valve188 open|close <表类型> <表地址>             CJ/T 188 读地址、阀门控制",
  "purchase188 <表类型> <表地址> <购买量> <序号>   set-clock188 <表类型> <表地址> '2026-08-01 12:00:00'",
];

/** One SER is as good as another for a frame that is made by hand. */
const SER = 1;

/** The wire bytes of a frame of DL/T 645-1997 or CJ/T 188 from its words; null when the verb is none of theirs. */
export function otherFrame(
  verb: string,
  words: readonly string[],
  { password, preamble }: { password: string; preamble: number },
): Bytes | null {
  const water = (frame: Frame188) => encodeFrame188(frame, preamble);
  switch (verb) {
    case "read97":
      return encodeFrame97(encodeRead97(addressWord(words[0]), shortDi(words[1])), preamble);
    case "follow97":
      return encodeFrame97(encodeReadFollow97(addressWord(words[0]), shortDi(words[1])), preamble);
    case "write97": {
      const write = { di: shortDi(words[1]), password: hexWord("--password", password, 4), data: dataWord(words[2]) };
      return encodeFrame97(encodeWrite97(addressWord(words[0]), write), preamble);
    }
    case "relay97": {
      const action = words[0] === "trip" || words[0] === "close" ? words[0] : null;
      if (action === null) throw new WordsError(`不是继电器命令(trip、close):${words[0] ?? ""}`);
      const loop = within("路数", words[1], 1, 2) === 1 ? 1 : 2;
      const rights = hexWord("--password", password, 4);
      return encodeFrame97(encodeRelay97(addressWord(words[2]), { loop, action }, rights), preamble);
    }
    case "read188":
      return water(encodeRead188(callOf(words), words[2] === undefined ? "901F" : shortDi(words[2])));
    case "read-address188":
      return water(encodeReadAddress188({ meterType: 0xaa, address: "AAAAAAAAAAAAAA", ser: SER, order: "high-first" }));
    case "valve188": {
      const action = words[0] === "open" || words[0] === "close" ? words[0] : null;
      if (action === null) throw new WordsError(`不是阀门命令(open、close):${words[0] ?? ""}`);
      return water(encodeValve188(callOf(words.slice(1)), action));
    }
    case "purchase188": {
      const purchase = { amount: amountWord(words[2]), seq: within("购买序号", words[3], 0, 255) };
      return water(encodePurchase188(callOf(words), purchase));
    }
    case "set-clock188":
      return water(encodeSetClock188(callOf(words), timeWord(words.slice(2).join(" "))));
    default:
      return null;
  }
}

/** Type and address of a CJ/T 188 meter; identifiers go high byte first, as most meters take them. */
function callOf(words: readonly string[]): Call188 {
  const meterType = Number.parseInt(words[0] ?? "", 16);
  if (!isMeterType(meterType))
    throw new WordsError(`不是表类型(10 冷水、11 热水、20 热量、30 燃气……):${words[0] ?? ""}`);
  return { meterType, address: digitsWord("表地址", words[1], 14), ser: SER, order: "high-first" };
}

function shortDi(text = ""): string {
  if (!/^[0-9A-Fa-f]{4}$/.test(text)) throw new WordsError(`数据标识应为 4 位十六进制(高字节在前):${text}`);
  return text.toUpperCase();
}
