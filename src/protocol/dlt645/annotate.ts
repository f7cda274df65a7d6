import { type Bytes, toHex, toHexReversed } from "../bytes.ts";
import { BROADCAST, CONTROL, localTimeAt, timeText } from "./control.ts";
import { decodeFrame645, type Frame645 } from "./frame.ts";
import { functions645, RELAY_COMMANDS } from "./functions.ts";
import { classOf, diFromWire, itemOf, itemValues } from "./items.ts";
import { loadRecordBlocks, loadRecordOf } from "./load-record.ts";
import { BAUD_WORDS } from "./requests.ts";
import { SECURITY_NAMES, securityParts } from "./security.ts";
import { bitsIn, ERR_BITS, SERR_BITS } from "./status.ts";

/**
 * Some bytes of a frame and what they are, in Chinese. `offset` counts from the first byte given, wake-up bytes included;
 * `plain` is the hex less 33H and stands only where the wire adds it. The pieces of a frame follow one another without
 * gaps.
 */
export type Piece = { offset: number; length: number; hex: string; plain?: string; zh: string };

/** A piece of DATA before its place in the frame is known. */
export type DataPiece = { length: number; zh: string };

const PART_NAMES: Readonly<Record<string, string>> = {
  amount: "金额或电量",
  count: "购电次数",
  mac1: "校验码1(MAC1)",
  mac2: "校验码2(MAC2)",
  mac: "校验码(MAC)",
  customer: "客户编号",
  cipher: "密文",
  random: "随机数",
  diversify: "分散因子",
  minutes: "时效(分钟)",
  keyInfo: "密钥信息",
  esam: "ESAM 序列号",
};

/** Every byte of one DL/T 645-2007 frame with its wake-up bytes; null when the bytes are no frame. */
export function annotate645(bytes: Bytes): Piece[] | null {
  return annotateFrame645(bytes, dataPieces, (control) => {
    return functions645[control & CONTROL.function]?.zh ?? "未知功能";
  });
}

/**
 * The frame of both editions around DATA that `piecesOf` divides; what it leaves is shown as bytes. `nameOf` says what a
 * control code asks.
 */
export function annotateFrame645(
  bytes: Bytes,
  piecesOf: (frame: Frame645) => DataPiece[],
  nameOf: (control: number) => string,
): Piece[] | null {
  const decoded = decodeFrame645(bytes);
  if (!decoded.ok) return null;
  const { frame, preamble } = decoded;
  const pieces: Piece[] = [];
  let at = 0;
  const add = (length: number, zh: string, shifted = false) => {
    if (length === 0) return;
    const wire = bytes.subarray(at, at + length);
    const plain = shifted ? { plain: toHex(wire.map((byte) => byte - 0x33)) } : {};
    pieces.push({ offset: at, length, hex: toHex(wire), ...plain, zh });
    at += length;
  };
  add(preamble, "唤醒前导字节(不计入校验)");
  add(1, "帧起始符");
  add(6, `表地址 ${frame.address}(低字节在前)${addressNote(frame.address)}`);
  add(1, "第二个起始符");
  add(1, `控制码:${controlText(frame.control)},${nameOf(frame.control)}`);
  add(1, `数据长度 ${frame.data.length} 字节`);
  for (const { length, zh } of tiled(piecesOf(frame), frame.data.length)) add(length, zh, true);
  add(1, "校验和:从帧起始符到此前各字节之和,模 256");
  add(1, "结束符");
  return pieces;
}

/** What an address is besides a number. */
export function addressNote(address: string): string {
  if (address === BROADCAST) return ",广播:各表均不应答";
  return address.includes("A") ? ",通配地址" : "";
}

/** Direction and flags of a control code (§5.2.3). */
export function controlText(control: number): string {
  const parts = [(control & CONTROL.fromMeter) !== 0 ? "上行(电表应答)" : "下行(主站命令)"];
  if ((control & CONTROL.abnormal) !== 0) parts.push("异常应答");
  if ((control & CONTROL.moreFollows) !== 0) parts.push("有后续数据");
  return parts.join(",");
}

/** The pieces as far as the data reaches, and one more for what is left. */
function tiled(pieces: readonly DataPiece[], length: number): DataPiece[] {
  const fitting: DataPiece[] = [];
  let rest = length;
  for (const piece of pieces) {
    if (piece.length <= 0 || piece.length > rest) continue;
    fitting.push(piece);
    rest -= piece.length;
  }
  return rest > 0 ? [...fitting, { length: rest, zh: "数据(未能解析)" }] : fitting;
}

function dataPieces(frame: Frame645): DataPiece[] {
  const { control, data } = frame;
  const fn = control & CONTROL.function;
  if ((control & CONTROL.abnormal) !== 0) return refusalPieces(fn, data);
  return (control & CONTROL.fromMeter) !== 0 ? replyPieces(fn, data) : requestPieces(fn, data);
}

function refusalPieces(fn: number, data: Bytes): DataPiece[] {
  const security = fn === 0x03;
  const word = data[0]! | ((data[1] ?? 0) << 8);
  const bits = bitsIn(word, security ? SERR_BITS : ERR_BITS).map((bit) => bit.zh);
  return [
    {
      length: data.length,
      zh: `${security ? "安全错误信息字 SERR" : "错误信息字 ERR"}:${bits.join("、") || "未说明"}`,
    },
  ];
}

function requestPieces(fn: number, data: Bytes): DataPiece[] {
  switch (fn) {
    case 0x11:
      return [identifier(data), { length: 1, zh: "负荷记录块数" }, { length: 5, zh: "给定时间(分时日月年)" }];
    case 0x12:
      return [identifier(data), { length: 1, zh: `帧序号 ${data[4] ?? ""}` }];
    case 0x14:
      return [identifier(data), ...rights(data, 4), { length: data.length - 12, zh: "写入数据" }];
    case 0x15:
      return [{ length: 6, zh: `新地址 ${toHexReversed(data)}` }];
    case 0x08:
      return [{ length: 6, zh: `时间 ${timeText(localTimeAt(data, 0)) ?? "无效"}(秒分时日月年)` }];
    case 0x16:
      return [{ length: 4, zh: `冻结时间 ${toHexReversed(data)}(月日时分,99 表示每)` }];
    case 0x17:
      return [{ length: 1, zh: baudText(data) }];
    case 0x18:
      return [identifier(data), { length: 4, zh: "原密码(首字节为权限)" }, { length: 4, zh: "新密码(首字节为权限)" }];
    case 0x19:
    case 0x1a:
      return rights(data, 0);
    case 0x1b:
      return [...rights(data, 0), { length: 4, zh: `清除事件 ${toHexReversed(data.subarray(8)).toUpperCase()}` }];
    case 0x1c:
      return relayPieces(data);
    case 0x1d:
      return [{ length: 1, zh: `输出信号:${["秒脉冲", "需量周期", "时段投切"][data[0] ?? 3] ?? "未知"}` }];
    case 0x03:
      return securityPieces(data);
    default:
      return [];
  }
}

function replyPieces(fn: number, data: Bytes): DataPiece[] {
  switch (fn) {
    case 0x11:
      return [identifier(data), ...contentPieces(data)];
    case 0x12: {
      const body = data.subarray(0, -1);
      const content = contentPieces(body);
      const covered = content.reduce((sum, piece) => sum + piece.length, 4);
      return [
        identifier(data),
        ...content,
        { length: body.length - covered, zh: "后续数据" },
        { length: 1, zh: `帧序号 ${data[data.length - 1] ?? ""}` },
      ];
    }
    case 0x13:
      return [{ length: 6, zh: `通信地址 ${toHexReversed(data)}` }];
    case 0x17:
      return [{ length: 1, zh: baudText(data) }];
    case 0x18:
      return [{ length: 4, zh: "新密码(首字节为权限)" }];
    case 0x03:
      return [identifier(data), { length: data.length - 4, zh: "应答数据" }];
    default:
      return [];
  }
}

/** The values behind the identifier of an answer. */
function contentPieces(data: Bytes): DataPiece[] {
  const di = diFromWire(data) ?? "";
  if (loadRecordOf(di) !== undefined) {
    return loadRecordBlocks(data.subarray(4)).map(({ bytes, time, fault }) => {
      return { length: bytes, zh: fault === null ? `负荷记录块 ${time ?? ""}` : `负荷记录块,无法解析(${fault})` };
    });
  }
  const item = itemOf(di);
  const values = item === undefined ? null : itemValues(item, data, 4);
  if (values === null) return [{ length: data.length - 4, zh: `${classOf(di).zh},未列入数据表或长度不符` }];
  return values.map(({ bytes, zh, value, unit }) => {
    return { length: bytes, zh: value === null ? `${zh}:无数据` : `${zh} ${value} ${unit}`.trimEnd() };
  });
}

function relayPieces(data: Bytes): DataPiece[] {
  if (data[0] === 0x98) {
    return [
      { length: 1, zh: "密级 98(密文形式)" },
      { length: 3, zh: "密码(密文形式下忽略)" },
      { length: 4, zh: "操作者代码" },
      { length: data.length - 8, zh: "密文,需加密机解读" },
    ];
  }
  const code = toHex(data.subarray(8, 9)).toUpperCase();
  return [
    ...rights(data, 0),
    { length: 1, zh: `N1 命令:${RELAY_COMMANDS[code]?.zh ?? "厂家自定义"}` },
    { length: 1, zh: data[9] === 0 ? "N2 保留" : `N2 = ${data[9]}(厂家作路数用)` },
    { length: 6, zh: `有效截止 ${timeText(localTimeAt(data, 10)) ?? "无效时间(视为过期)"}(秒分时日月年)` },
  ];
}

function securityPieces(data: Bytes): DataPiece[] {
  const di = diFromWire(data) ?? "";
  const operator = { length: 4, zh: "操作者代码" };
  const parts = securityParts(di, data.length - 8);
  if (parts !== null) {
    return [identifier(data), operator, ...parts.map(([name, length]) => ({ length, zh: PART_NAMES[name] ?? name }))];
  }
  if ((di === "070102FF" || di === "070108FF") && data.length === 34) {
    const order = ["金额", "订单号", "MAC1(厂家固定 0000)", "表号", "MAC2(厂家固定 0000)"];
    const lengths = [4, 8, 4, 6, 4];
    return [identifier(data), operator, ...order.map((zh, i) => ({ length: lengths[i] ?? 0, zh }))];
  }
  return [identifier(data), operator];
}

function identifier(data: Bytes): DataPiece {
  const di = diFromWire(data) ?? "";
  const zh = SECURITY_NAMES[di] ?? loadRecordOf(di)?.zh ?? itemOf(di)?.zh ?? `${classOf(di).zh}(未列入数据表)`;
  return { length: 4, zh: `数据标识 ${di} ${zh}` };
}

function rights(data: Bytes, at: number): DataPiece[] {
  return [
    { length: 1, zh: `密级 ${toHex(data.subarray(at, at + 1))}` },
    { length: 3, zh: "密码" },
    { length: 4, zh: "操作者代码" },
  ];
}

function baudText(data: Bytes): string {
  const baud = BAUD_WORDS[data[0] ?? 0];
  return `通信速率特征字:${baud === undefined ? "无效(应恰有一位为 1)" : `${baud} bps`}`;
}
