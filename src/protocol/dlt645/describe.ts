import { type Bytes, toHex } from "../bytes.ts";
import { CONTROL, FUNCTION, refusalCode } from "./commands.ts";
import type { Frame645 } from "./frame.ts";
import { type Details, functions645 } from "./functions.ts";
import { diFromWire, itemOf, itemValues } from "./items.ts";
import { bitsIn, ERR_BITS, SERR_BITS, STATUS_3_BITS } from "./status.ts";

/** One value of a description: a decimal string (null: no such phase); `unit` is left out where there is none. */
export type DescribedValue = { name: string; value: string | null; unit?: string };

/** A good DL/T 645-2007 frame in plain data, with the keys of the frame vectors. */
export type Description645 = {
  ok: true;
  protocol: "dlt645-2007";
  preambleFE: number;
  address: string;
  /** Two hex digits. */
  control: string;
  length: number;
  fromMeter: boolean;
  abnormal: boolean;
  moreFollows: boolean;
  /** DATA as sent, less 33H, in hex. */
  dataMinus33: string;
  function: string;
  di?: string;
  /** What the table calls the item, when it knows it and the frame carries its data. */
  item?: string;
  values: DescribedValue[];
  /** Status word 3: the names of the bits that are set. */
  bits?: string[];
  /** ERR byte, or the SERR bytes in wire order, of a refusal; their bits by name. */
  err?: string;
  serr?: string;
  errBits?: string[];
} & Details;

/** Puts a frame into plain data. Knows more items than the system acts on; shows the bytes of the others. */
export function describe645(frame: Frame645, preamble: number): Description645 {
  const { control, data } = frame;
  const code = control & CONTROL.function;
  const fn = functions645[code];
  const fromMeter = (control & CONTROL.fromMeter) !== 0;
  const abnormal = (control & CONTROL.abnormal) !== 0;
  const description: Description645 = {
    ok: true,
    protocol: "dlt645-2007",
    preambleFE: preamble,
    address: frame.address,
    control: hexUpper(control),
    length: data.length,
    fromMeter,
    abnormal,
    moreFollows: (control & CONTROL.moreFollows) !== 0,
    dataMinus33: toHex(data),
    function: fn?.name ?? "unknown",
    values: [],
  };
  if (abnormal) return { ...description, ...refusal(code, data) };
  const details = (fromMeter ? fn?.reply : fn?.request)?.(data) ?? {};
  const di = fn?.hasDi ? diFromWire(data) : null;
  if (di === null) return { ...description, ...details };
  return { ...description, di, ...details, ...(fromMeter ? contents(code, di, data) : {}) };
}

/** Item and values of an answer to a read. */
function contents(code: number, di: string, data: Bytes): Partial<Description645> {
  const item = itemOf(di);
  if (item === undefined || (code !== FUNCTION.read && code !== FUNCTION.readFollow)) return {};
  const upTo = code === FUNCTION.readFollow ? data.length - 1 : data.length;
  const values = itemValues(item, data.subarray(0, upTo), 4) ?? [];
  const known = {
    item: item.name,
    values: values.map(({ name, value, unit }) => (unit === "" ? { name, value } : { name, value, unit })),
  };
  if (item.reads !== "status3" || values.length === 0) return known;
  return { ...known, bits: bitsIn(refusalCode(data.subarray(4)), STATUS_3_BITS).map((bit) => bit.name) };
}

function refusal(code: number, data: Bytes): Partial<Description645> {
  const security = code === FUNCTION.security;
  const errBits = bitsIn(refusalCode(data), security ? SERR_BITS : ERR_BITS).map((bit) => bit.name);
  return security ? { serr: toHex(data), errBits } : { err: hexUpper(data[0] ?? 0), errBits };
}

function hexUpper(byte: number): string {
  return byte.toString(16).padStart(2, "0").toUpperCase();
}
