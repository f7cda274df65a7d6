import { type Bytes, toHex } from "../bytes.ts";
import { type Description645, describe645 } from "../dlt645/describe.ts";
import { decodeFrame645 } from "../dlt645/frame.ts";
import { baudOf, type SerialSetting } from "../link/serial.ts";
import { CONTROL_1376, decodeFrame1376, type Frame1376, PROTOCOL_ID, SEQ_1376 } from "./frame.ts";
import { decodeTimeTag, readMessage, type TimeTag, terminalName, type UnitResult } from "./messages.ts";
import { decodeMeterTable, type TableMeter } from "./meter-table.ts";
import { AFN, afnNames, serviceOf } from "./names.ts";
import { functionsOf, pointsOf } from "./points.ts";

/** A good Q/GDW 1376.1 frame in plain data, with the keys of the frame vectors. */
export type Description1376 = {
  ok: true;
  protocol: "qgdw1376.1";
  preambleFE: number;
  /** Region and terminal in one, 9 digits. */
  address: string;
  /** User data in bytes: L without its two low bits, which are `protocolId`. */
  lengthBytes: number;
  protocolId: number;
  /** Two hex digits. */
  control: string;
  fromTerminal: boolean;
  prm: boolean;
  linkFunc: number;
  a1: string;
  a2: number;
  a3: number;
  msa: number;
  group: boolean;
  afn: string;
  /** What the standard calls the AFN. */
  function: string;
  seq: string;
  tpv: boolean;
  fir: boolean;
  fin: boolean;
  con: boolean;
  pseq: number;
  /** Upward only: important events wait to be fetched. */
  acd?: boolean;
  pw?: string;
  ec?: string;
  tp?: string;
  timeTag?: TimeTag;
  /** Data unit identifier as sent, in hex; `pn` and `fn` are what it names. */
  da: string;
  dt: string;
  pn: number[] | "all" | null;
  fn: number[] | null;
  /** What stands behind the first data unit identifier, in hex. */
  data: string;
  service: string;
  /** What the standard calls the first Fn, where the table has it. */
  item?: string;
  itemZh?: string;
  /** Why a receiver must refuse the frame although it is whole. */
  fault?: string;
  results?: UnitResult[];
  meters?: TableMeter[];
} & Partial<DescribedForward>;

/** The forwarded question or answer inside a frame. */
export type DescribedForward = {
  port: number;
  serial: Required<SerialSetting>;
  frameTimeoutMs: number;
  byteTimeoutMs: number;
  innerLength: number;
  inner: string;
  /** The meter's frame when it is one of DL/T 645. */
  innerDlt645: Description645;
};

/** Describes the one frame at the beginning of the bytes. Never throws. */
export function describe1376(bytes: Bytes): Description1376 | { ok: false; reason: string } {
  const decoded = decodeFrame1376(bytes);
  if (!decoded.ok) return { ok: false, reason: decoded.detail };
  const { frame, preamble, length } = decoded;
  return described(frame, preamble, length - preamble - 8);
}

/**
 * Why a receiver must refuse a frame that is whole: it names no point or no kind of information, belongs to another
 * protocol, or its content does not fit. Null when nothing speaks against it.
 */
export function fault1376(frame: Frame1376): string | null {
  const { da, dt, protocolId } = frame;
  const faults: string[] = [];
  if (pointsOf(da) === null) {
    faults.push(`DA1=${hex(da & 0xff)} with DA2=${hex(da >> 8)} names no measuring point`);
  }
  if (functionsOf(dt) === null) faults.push(`DT1=${hex(dt & 0xff)} with DT2=${hex(dt >> 8)} names no function`);
  if (protocolId !== PROTOCOL_ID) faults.push(`the protocol id bits of L are ${protocolId}`);
  const forwards = frame.afn === AFN.forward && serviceOf(frame.afn, dt).service === "transparent-forward";
  if (forwards && readMessage(frame).type === "other") faults.push("the length of the forwarded content is wrong");
  return faults.length === 0 ? null : faults.join(", and ");
}

function described(frame: Frame1376, preamble: number, lengthBytes: number): Description1376 {
  const { control, seq, afn, tp } = frame;
  const fromTerminal = (control & CONTROL_1376.fromTerminal) !== 0;
  const { service, item } = serviceOf(afn, frame.dt);
  const timeTag = decodeTimeTag(tp);
  const fault = fault1376(frame);
  const meters = decodeMeterTable(frame);
  return {
    ok: true,
    protocol: "qgdw1376.1",
    preambleFE: preamble,
    address: terminalName(frame),
    lengthBytes,
    protocolId: frame.protocolId,
    control: hex(control),
    fromTerminal,
    prm: (control & CONTROL_1376.prm) !== 0,
    linkFunc: control & CONTROL_1376.function,
    a1: frame.a1,
    a2: frame.a2,
    a3: frame.a3,
    msa: frame.a3 >> 1,
    group: (frame.a3 & 1) !== 0,
    afn: hex(afn),
    function: afnNames[afn]?.name ?? "unknown",
    seq: hex(seq),
    tpv: (seq & SEQ_1376.tpv) !== 0,
    fir: (seq & SEQ_1376.fir) !== 0,
    fin: (seq & SEQ_1376.fin) !== 0,
    con: (seq & SEQ_1376.con) !== 0,
    pseq: seq & SEQ_1376.number,
    ...(fromTerminal ? { acd: (control & CONTROL_1376.acd) !== 0 } : {}),
    ...(frame.pw === null ? {} : { pw: toHex(frame.pw) }),
    ...(frame.ec === null ? {} : { ec: toHex(frame.ec) }),
    ...(tp === null ? {} : { tp: toHex(tp) }),
    ...(timeTag === null ? {} : { timeTag }),
    da: toHex(Uint8Array.of(frame.da, frame.da >> 8)),
    dt: toHex(Uint8Array.of(frame.dt, frame.dt >> 8)),
    pn: pointsOf(frame.da),
    fn: functionsOf(frame.dt),
    data: toHex(frame.data),
    service,
    ...(item === undefined ? {} : { item: item.name, itemZh: item.zh }),
    ...(fault === null ? {} : { fault }),
    ...(meters === null ? {} : { meters }),
    ...contents(frame),
  };
}

function contents(frame: Frame1376): Partial<DescribedForward> | { results: UnitResult[] } {
  const message = readMessage(frame);
  switch (message.type) {
    case "results":
      return { results: message.results };
    case "forward":
      return {
        port: message.port,
        serial: serialSetting(message.serial),
        frameTimeoutMs: message.timeoutMs,
        byteTimeoutMs: message.gapMs,
        ...inner(message.content),
      };
    case "forwarded":
      return { port: message.port, ...inner(message.content) };
    default:
      return {};
  }
}

function inner(content: Bytes): Partial<DescribedForward> {
  const shown = { innerLength: content.length, inner: toHex(content) };
  const decoded = decodeFrame645(content);
  return decoded.ok ? { ...shown, innerDlt645: describe645(decoded.frame, decoded.preamble) } : shown;
}

function serialSetting(serial: number): Required<SerialSetting> {
  const data = serial & 3;
  return {
    baud: baudOf(serial),
    stopBits: (serial & 0x10) === 0 ? 1 : 2,
    parity: (serial & 0x08) === 0 ? "none" : (serial & 0x04) === 0 ? "even" : "odd",
    dataBits: data === 0 ? 5 : data === 1 ? 6 : data === 2 ? 7 : 8,
  };
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0").toUpperCase();
}
