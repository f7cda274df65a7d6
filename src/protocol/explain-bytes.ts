import { type Bytes, toHex } from "./bytes.ts";
import type { Description188 } from "./cjt188/describe.ts";
import type { DescribedValue } from "./description.ts";
import { annotate645, annotateFrame645, type DataPiece, type Piece } from "./dlt645/annotate.ts";
import type { Frame645 } from "./dlt645/frame.ts";
import { describeFrame97 } from "./dlt645v1997/describe.ts";
import { type FrameDescription, framesIn, type ProtocolName } from "./explain.ts";
import type { Description1376 } from "./gw1376/describe.ts";

/** A frame or a stretch that is none, byte by byte. */
export type Explained = { description: FrameDescription; pieces: Piece[] };

const FUNCTIONS_97: Readonly<Record<number, string>> = {
  1: "读数据",
  2: "读后续数据",
  3: "重读数据",
  4: "写数据",
  8: "广播校时",
  10: "写设备地址",
  12: "更改通信速率",
  15: "修改密码",
  16: "最大需量清零",
};

/** Every frame in the bytes, byte by byte: `offset` counts from the first byte given. */
export function explainBytes(bytes: Bytes, protocol?: ProtocolName): Explained[] {
  return framesIn(bytes, protocol).map(({ description, bytes: stretch }) => {
    const start = stretch.byteOffset - bytes.byteOffset;
    return { description, pieces: piecesOf(stretch, description).map((piece) => shifted(piece, start)) };
  });
}

function piecesOf(bytes: Bytes, description: FrameDescription): Piece[] {
  if (!description.ok) return cut(bytes, [{ length: bytes.length, zh: "无法解析的字节" }]);
  switch (description.protocol) {
    case "dlt645-2007":
      return annotate645(bytes) ?? [];
    case "dlt645-1997":
      return annotateFrame645(bytes, data97, (control) => FUNCTIONS_97[control & 0x1f] ?? "未知功能") ?? [];
    case "cjt188":
      return cut(bytes, parts188(description));
    case "qgdw1376.1":
      return withInner(cut(bytes, parts1376(bytes, description)), bytes, description.inner ?? "");
    case "jcp1":
      return withInner(cut(bytes, partsLink(bytes, description.type)), bytes, String(description.fields.content ?? ""));
  }
}

/** DATA of the 1997 edition: identifiers have two bytes. */
function data97({ address, control, data }: Frame645): DataPiece[] {
  if ((control & 0x40) !== 0) return [{ length: data.length, zh: "错误信息字 ERR" }];
  const up = (control & 0x80) !== 0;
  const di = `数据标识 ${toHex(data.slice(0, 2).reverse()).toUpperCase()}`;
  const { item = "", values } = describeFrame97({ address, control, data }, 0);
  const identifier = { length: 2, zh: `${di} ${item}`.trimEnd() };
  switch (control & 0x1f) {
    case 1:
    case 2:
    case 3:
      return [identifier, { length: data.length - 2, zh: valuesText(values) }];
    case 4:
      if (up) return [];
      return [identifier, { length: 4, zh: "密码(首字节为权限)" }, { length: data.length - 6, zh: "写入数据" }];
    case 8:
      return [{ length: 6, zh: "时间(秒分时日月年)" }];
    case 10:
      return [{ length: 6, zh: "新地址(低字节在前)" }];
    case 12:
      return [{ length: 1, zh: "通信速率特征字" }];
    default:
      return [];
  }
}

function parts188(description: Description188): DataPiece[] {
  const { preambleFE, meterTypeName, address, length, di, fromMeter, abnormal } = description;
  const head = [
    { length: preambleFE, zh: "唤醒前导字节(不计入校验)" },
    { length: 1, zh: "帧起始符" },
    { length: 1, zh: `表计类型 ${meterTypeName}` },
    { length: 7, zh: `表地址 ${address}(低字节在前,末两字节为厂商代码)` },
    { length: 1, zh: `控制码:${fromMeter ? "上行(表计应答)" : "下行(主站命令)"}${abnormal ? ",异常应答" : ""}` },
    { length: 1, zh: `数据长度 ${length} 字节` },
  ];
  const tail = [
    { length: 1, zh: "校验和:从帧起始符到此前各字节之和,模 256" },
    { length: 1, zh: "结束符" },
  ];
  if (di === undefined) return [...head, { length, zh: "数据" }, ...tail];
  const data = [
    { length: 2, zh: `数据标识 ${di} ${description.item ?? "(未列入数据表)"}` },
    { length: Math.min(1, length - 2), zh: "序号 SER(应答与命令相同)" },
    { length: Math.max(0, length - 3), zh: valuesText(description.values) },
  ];
  const used = data.reduce((sum, part) => sum + part.length, 0);
  return [...head, ...data, { length: length - used, zh: "数据" }, ...tail];
}

function parts1376(bytes: Bytes, description: Description1376): DataPiece[] {
  const { preambleFE, lengthBytes, fromTerminal, a1, a2, afn, pn, fn, pw, ec, tp } = description;
  const tailLengths = [pw, ec, tp].map((hex) => (hex ?? "").length / 2);
  const [pwBytes = 0, ecBytes = 0, tpBytes = 0] = tailLengths;
  const rest = bytes.length - preambleFE - 6 - 6 - 2 - 4 - 2 - pwBytes - ecBytes - tpBytes;
  return [
    { length: preambleFE, zh: "唤醒前导字节" },
    { length: 1, zh: "帧起始符" },
    { length: 2, zh: `长度 L:用户数据 ${lengthBytes} 字节` },
    { length: 2, zh: "长度 L(重复)" },
    { length: 1, zh: "第二个起始符" },
    { length: 1, zh: `控制域:${fromTerminal ? "上行(终端)" : "下行(主站)"}` },
    { length: 2, zh: `行政区划码 A1 ${a1}` },
    { length: 2, zh: `终端地址 A2 ${a2}` },
    { length: 1, zh: "主站地址与组地址标志 A3" },
    { length: 1, zh: `应用层功能码 AFN=${afn} ${description.function}` },
    { length: 1, zh: "帧序列域 SEQ" },
    { length: 2, zh: `信息点 DA:p${Array.isArray(pn) ? pn.join("、p") : (pn ?? "?")}` },
    { length: 2, zh: `信息类 DT:F${fn === null ? "?" : fn.join("、F")} ${description.itemZh ?? ""}`.trimEnd() },
    { length: rest, zh: "数据单元" },
    { length: pwBytes, zh: "消息认证码字段 PW" },
    { length: ecBytes, zh: "事件计数器 EC" },
    { length: tpBytes, zh: "时间标签 Tp" },
    { length: 1, zh: "校验和:用户数据区各字节之和,模 256" },
    { length: 1, zh: "结束符" },
  ];
}

function partsLink(bytes: Bytes, type: string): DataPiece[] {
  return [
    { length: 2, zh: "帧起始符 JC" },
    { length: 1, zh: "版本" },
    { length: 1, zh: `报文类型 ${type}` },
    { length: 2, zh: "序号(高字节在前)" },
    { length: 2, zh: "内容长度(高字节在前)" },
    { length: bytes.length - 10, zh: "内容" },
    { length: 2, zh: "CRC16(从版本到内容)" },
  ];
}

/** Cuts the bytes into pieces; parts of no length are left out, what is left over is one more piece. */
function cut(bytes: Bytes, parts: readonly DataPiece[]): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (const { length, zh } of [...parts, { length: bytes.length, zh: "数据" }]) {
    const taken = Math.min(length, bytes.length - at);
    if (taken <= 0) continue;
    pieces.push({ offset: at, length: taken, hex: toHex(bytes.subarray(at, at + taken)), zh });
    at += taken;
  }
  return pieces;
}

/** Replaces the piece that holds a forwarded content by what stands before it, the frames in it, and what follows. */
function withInner(pieces: Piece[], bytes: Bytes, content: string): Piece[] {
  if (content === "") return pieces;
  return pieces.flatMap((piece) => {
    const at = piece.hex.indexOf(content);
    if (at < 0 || at % 2 !== 0) return [piece];
    const from = piece.offset + at / 2;
    const end = from + content.length / 2;
    const part = (start: number, stop: number, zh: string): Piece[] => {
      const length = stop - start;
      return length === 0 ? [] : [{ offset: start, length, hex: toHex(bytes.subarray(start, stop)), zh }];
    };
    const inner = explainBytes(bytes.slice(from, end)).flatMap((explained) => explained.pieces);
    const covered = inner.reduce((sum, each) => sum + each.length, 0);
    const frames = covered === end - from ? inner.map((each) => shifted(each, from)) : part(from, end, "转发内容");
    return [
      ...part(piece.offset, from, `${piece.zh}:转发参数`),
      ...frames.map((each) => ({ ...each, zh: `转发的帧 ${each.zh}` })),
      ...part(end, piece.offset + piece.length, piece.zh),
    ];
  });
}

function shifted(piece: Piece, by: number): Piece {
  return { ...piece, offset: piece.offset + by };
}

function valuesText(values: readonly DescribedValue[]): string {
  const texts = values.map(({ name, value, unit }) => `${name} ${value ?? "无"} ${unit ?? ""}`.trimEnd());
  return texts.length === 0 ? "数据" : `数据:${texts.join(",")}`;
}
