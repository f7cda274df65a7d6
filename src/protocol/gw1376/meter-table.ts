import { assert } from "#base/errors.ts";
import { type Bytes, concat, ownHex, toHexReversed } from "../bytes.ts";
import { BAUD_RATES } from "../link/serial.ts";
import type { Frame1376 } from "./frame.ts";
import { encodeRequest1376, type RequestOptions, type Terminal } from "./messages.ts";
import { AFN } from "./names.ts";
import { DA_TERMINAL, dtOf } from "./points.ts";

/** What a terminal calls the protocol of a meter (F10). */
export const METER_PROTOCOL = { dlt645v1997: 1, cjt188: 8, dlt645v2007: 30 } as const;

/** One meter in the table of a terminal (AFN 04H F10): which meter is behind which port, and how it talks. */
export type TableMeter = {
  /** Place in the table, from 1. */
  index: number;
  /** The measuring point (Pn) under which the terminal serves it; 0 removes the meter. */
  point: number;
  port: number;
  /** Null leaves the rate to the terminal. */
  baud: number | null;
  /** One of {@link METER_PROTOCOL}, or what the terminal's maker defines. */
  protocol: number;
  /** 12 digits, high first. */
  address: string;
  /** 12 hex digits, high first. */
  password: string;
  tariffs: number;
  /** Digits of an index before (4–7) and behind (1–4) the point. */
  integerDigits: number;
  decimalDigits: number;
  /** Address of the collector (采集器) that the meter hangs on, 12 digits, zeros for none. */
  collector: string;
  /** Class of user: D7–D4 large, D3–D0 small. */
  userClass: number;
};

/** How many meters go into one frame: small frames get through bad radio. */
export const TABLE_METERS_MAX = 10;

const F10 = dtOf(10);
const METER_LENGTH = 27;
const COUNT_LENGTH = 2;

/** The frame that writes meters into a terminal's table; at most {@link TABLE_METERS_MAX} at once. */
export function encodeMeterTable(
  terminal: Terminal,
  meters: readonly TableMeter[],
  options: RequestOptions,
): Frame1376 {
  assert(meters.length > 0 && meters.length <= TABLE_METERS_MAX, `${meters.length} meters in one frame`);
  const data = meterTableData(meters);
  return encodeRequest1376(terminal, { afn: AFN.setParameters, da: DA_TERMINAL, dt: F10, data }, options);
}

/** The meters of a frame that writes the table or answers a query of it (AFN 0AH F10); null for any other frame. */
export function decodeMeterTable(frame: Frame1376): TableMeter[] | null {
  const isTable = frame.afn === AFN.setParameters || (frame.afn === AFN.queryParameters && frame.control >= 0x80);
  if (!isTable || frame.da !== DA_TERMINAL || frame.dt !== F10) return null;
  const { data } = frame;
  const count = (data[0] ?? 0) | ((data[1] ?? 0) << 8);
  if (data.length !== COUNT_LENGTH + count * METER_LENGTH) return null;
  return Array.from({ length: count }, (_, i) =>
    meterIn(data.subarray(COUNT_LENGTH + i * METER_LENGTH, COUNT_LENGTH + (i + 1) * METER_LENGTH)),
  );
}

/** The content of F10: the count and 27 bytes a meter. */
export function meterTableData(meters: readonly TableMeter[]): Bytes {
  return concat(Uint8Array.of(meters.length, meters.length >> 8), ...meters.map(meterBytes));
}

function meterBytes(meter: TableMeter): Bytes {
  const { index, point, port, integerDigits, decimalDigits } = meter;
  const rate = meter.baud === null ? 0 : BAUD_RATES.indexOf(meter.baud);
  assert(meter.baud === null || rate > 0, `no such baud rate: ${meter.baud}`);
  assert(port >= 0 && port <= 0x1f, `no such port: ${port}`);
  assert(integerDigits >= 4 && integerDigits <= 7 && decimalDigits >= 1 && decimalDigits <= 4, "digits of an index");
  return concat(
    Uint8Array.of(index, index >> 8, point, point >> 8, (rate << 5) | port, meter.protocol),
    ownHex(meter.address, 6).reverse(),
    ownHex(meter.password, 6).reverse(),
    Uint8Array.of(meter.tariffs, ((integerDigits - 4) << 2) | (decimalDigits - 1)),
    ownHex(meter.collector, 6).reverse(),
    Uint8Array.of(meter.userClass),
  );
}

function meterIn(bytes: Bytes): TableMeter {
  const rate = bytes[4]! >> 5;
  const digits = bytes[19]!;
  return {
    index: bytes[0]! | (bytes[1]! << 8),
    point: bytes[2]! | (bytes[3]! << 8),
    port: bytes[4]! & 0x1f,
    baud: rate === 0 ? null : BAUD_RATES[rate]!,
    protocol: bytes[5]!,
    address: toHexReversed(bytes.subarray(6, 12)).toUpperCase(),
    password: toHexReversed(bytes.subarray(12, 18)),
    tariffs: bytes[18]!,
    integerDigits: ((digits >> 2) & 3) + 4,
    decimalDigits: (digits & 3) + 1,
    collector: toHexReversed(bytes.subarray(20, 26)).toUpperCase(),
    userClass: bytes[26]!,
  };
}
