import { type Bytes, fromHex } from "./bytes.ts";
import { encodeFrame188, isMeterType } from "./cjt188/frame.ts";
import { encodeFrame645 } from "./dlt645/frame.ts";
import { auxiliary, EC_LENGTH, encodeFrame1376, PW_LENGTH, TP_LENGTH } from "./gw1376/frame.ts";
import { daOfAll, dtOfAll } from "./gw1376/points.ts";

/** The bytes of a frame, or which field of its description is missing or wrong. */
export type Remade = { ok: true; bytes: Bytes } | { ok: false; reason: string };

/** The most wake-up bytes that a description may ask for. */
const PREAMBLE_MAX = 64;

/** A field that is not as it must be: told, never thrown on. */
class WrongField extends Error {}

/**
 * The other direction of `describeFrame`: the wire bytes of a meter or terminal frame from its description in plain data
 * (`protocol`, `address`, `control` and the data in hex; `values` and other readings of the data are not looked at).
 * Takes what people and programs write by hand: everything is checked, nothing is thrown.
 */
export function remakeFrame(description: object): Remade {
  try {
    const of = fieldsOf(description);
    return { ok: true, bytes: made(of) };
  } catch (error) {
    if (error instanceof WrongField) return { ok: false, reason: error.message };
    throw error;
  }
}

type Fields = {
  protocol: unknown;
  preamble: number;
  has(name: string): boolean;
  number(name: string, max: number): number;
  hex(name: string, length?: number): Bytes;
  byte(name: string): number;
  digits(name: string, length: number): string;
  value(name: string): unknown;
};

function made(of: Fields): Bytes {
  switch (of.protocol) {
    case "dlt645-2007":
    case "dlt645-1997": {
      const frame = { address: of.digits("address", 12), control: of.byte("control"), data: of.hex("dataMinus33") };
      if (frame.data.length > 0xff) throw new WrongField("dataMinus33 has more bytes than L can tell");
      return encodeFrame645(frame, of.preamble);
    }
    case "cjt188": {
      const meterType = of.byte("meterType");
      if (!isMeterType(meterType)) throw new WrongField("meterType is none");
      const frame = { meterType, address: of.digits("address", 14), control: of.byte("control"), data: of.hex("data") };
      if (frame.data.length > 0xff) throw new WrongField("data has more bytes than L can tell");
      return encodeFrame188(frame, of.preamble);
    }
    case "qgdw1376.1":
      return made1376(of);
    default:
      throw new WrongField(`protocol is none that frames are made of: ${String(of.protocol)}`);
  }
}

function made1376(of: Fields): Bytes {
  const [control, afn, seq] = [of.byte("control"), of.byte("afn"), of.byte("seq")];
  const has = auxiliary(control, afn, seq);
  const data = of.hex("data");
  if (data.length > DATA_1376_MAX) throw new WrongField("data has more bytes than L can tell");
  const frame = {
    protocolId: of.number("protocolId", 3),
    control,
    a1: of.digits("a1", 4),
    a2: of.number("a2", 0xffff),
    a3: of.number("a3", 0xff),
    afn,
    seq,
    da: of.has("da") ? word(of.hex("da", 2)) : identifier("pn", daOf(of.value("pn"))),
    dt: of.has("dt") ? word(of.hex("dt", 2)) : identifier("fn", dtOf(of.value("fn"))),
    data,
    pw: has.pw ? of.hex("pw", PW_LENGTH) : null,
    ec: has.ec ? of.hex("ec", EC_LENGTH) : null,
    tp: has.tp ? of.hex("tp", TP_LENGTH) : null,
  };
  return encodeFrame1376(frame, of.preamble);
}

/** What L can tell, less everything else that user data can hold. */
const DATA_1376_MAX = 0x3fff - 12 - PW_LENGTH - EC_LENGTH - TP_LENGTH;

function daOf(points: unknown): number | null {
  return points === "all" || isNumbers(points) ? daOfAll(points) : null;
}

function dtOf(functions: unknown): number | null {
  return isNumbers(functions) ? dtOfAll(functions) : null;
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((each) => typeof each === "number");
}

function identifier(name: string, code: number | null): number {
  if (code === null) throw new WrongField(`${name} is no list that one identifier names`);
  return code;
}

function word(bytes: Bytes): number {
  return bytes[0]! | (bytes[1]! << 8);
}

function fieldsOf(description: object): Fields {
  const fields = new Map<string, unknown>(Object.entries(description));
  const number = (name: string, max: number): number => {
    const value = fields.get(name);
    if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > max) {
      throw new WrongField(`${name} is no whole number from 0 to ${max}`);
    }
    return value;
  };
  const hex = (name: string, length?: number): Bytes => {
    const value = fields.get(name);
    const bytes = typeof value === "string" ? fromHex(value) : null;
    if (bytes === null || (length !== undefined && bytes.length !== length)) {
      throw new WrongField(`${name} is not ${length ?? "whole"} bytes of hex`);
    }
    return bytes;
  };
  const digits = (name: string, length: number): string => {
    const value = fields.get(name);
    if (typeof value !== "string" || value.length !== length || !/^[0-9A-Fa-f]+$/.test(value)) {
      throw new WrongField(`${name} is not ${length} digits`);
    }
    return value.toUpperCase();
  };
  return {
    protocol: fields.get("protocol"),
    preamble: fields.has("preambleFE") ? number("preambleFE", PREAMBLE_MAX) : 0,
    has: (name) => fields.has(name),
    number,
    hex,
    byte: (name) => hex(name, 1)[0]!,
    digits,
    value: (name) => fields.get(name),
  };
}
