import { type Bytes, toHex } from "../bytes.ts";
import type { DescribedValue, Description } from "../description.ts";
import { refusalCode } from "./commands.ts";
import { CONTROL, FUNCTION } from "./control.ts";
import type { Frame645 } from "./frame.ts";
import { type Details, functions645 } from "./functions.ts";
import { classOf, diFromWire, itemOf, itemValues, type PlacedValue } from "./items.ts";
import { loadRecordBlocks, loadRecordOf } from "./load-record.ts";
import { BAUD_WORDS, decodeRequest } from "./requests.ts";
import { bitsIn, ERR_BITS, SERR_BITS, STATUS_WORDS } from "./status.ts";

/** One block of a load record: its time, whether the meter calls it bad, and what makes it unreadable. */
export type DescribedBlock = { time: string | null; marked: boolean; fault: string | null; values: DescribedValue[] };

/** A good DL/T 645-2007 frame in plain data, with the keys of the frame vectors. */
export type Description645 = Omit<Description, "values"> & {
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
  /** What kind of data the identifier is for, when an answer carries data that the table cannot read; `raw` are its bytes. */
  itemClass?: string;
  raw?: string;
  values: DescribedValue[];
  blocksRead?: DescribedBlock[];
  /** A status word: the names of the bits that are set. In the block of all words the number of the word stands first. */
  bits?: string[];
  /** ERR byte, or the SERR bytes in wire order, of a refusal; their bits by name. */
  err?: string;
  serr?: string;
  errBits?: string[];
  /** Why a meter must refuse a request although the frame is whole. */
  fault?: string;
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
  const fault = fault645(frame);
  return {
    ...description,
    ...(di === null ? {} : { di }),
    ...details,
    ...(di !== null && fromMeter ? contents(code, di, data) : {}),
    ...(fault === null ? {} : { fault }),
  };
}

/**
 * Why a meter must refuse a request although the frame is whole: its length, time, rate or signal is none. Null when
 * nothing speaks against it as far as the bytes go; what makers put into functions 03 and 1C is theirs to judge.
 */
export function fault645(frame: Frame645): string | null {
  const { control, data } = frame;
  if ((control & CONTROL.fromMeter) !== 0 || control === FUNCTION.security) return null;
  const decoded = decodeRequest(frame);
  if (decoded.ok) return null;
  switch (decoded.reason) {
    case "wrong_length":
      return `DATA of ${data.length} bytes does not fit function ${hexUpper(control & CONTROL.function)}H`;
    case "not_a_time":
      return "the time is none";
    case "not_digits":
      return "the new address is not digits";
    case "signal_unknown":
      return `no such output signal: ${hexUpper(data[0]!)}H`;
    case "baud_word_unknown":
      return baudFault(data[0]!);
    case "unknown_function":
      return `control code ${hexUpper(control)}H is no request of the 2007 edition`;
    default:
      return null;
  }
}

/** A word that is good as it stood on the wire was sent by somebody who forgot the 33H. */
function baudFault(word: number): string {
  const bits = word === 0 ? "no bit set" : "several bits set or one that names no rate";
  if (BAUD_WORDS[(word + 0x33) & 0xff] === undefined) return `the baud word ${hexUpper(word)}H has ${bits}`;
  return `data field was sent without +33H; decodes to a baud word ${hexUpper(word)}H that has several bits set`;
}

/** Item and values of an answer to a read; bytes where the table does not know the identifier or the length. */
function contents(code: number, di: string, data: Bytes): Partial<Description645> {
  if (code !== FUNCTION.read && code !== FUNCTION.readFollow) return {};
  const end = code === FUNCTION.readFollow ? data.length - 1 : data.length;
  if (end <= 4) return {};
  const body = data.subarray(0, end);
  const record = loadRecordOf(di);
  if (record !== undefined && code === FUNCTION.read) return { item: "load record", blocksRead: blocksIn(body) };
  const item = itemOf(di);
  const values = item === undefined ? null : itemValues(item, body, 4);
  const raw = { itemClass: classOf(di).name, raw: toHex(body.subarray(4)) };
  if (item === undefined) return raw;
  if (values === null) return { item: item.name, ...raw };
  const known = { item: item.name, values: values.map(described) };
  const bits = statusBits(di, body);
  return bits === null ? known : { ...known, bits };
}

function blocksIn(body: Bytes): DescribedBlock[] {
  return loadRecordBlocks(body.subarray(4)).map(({ time, marked, fault, values }) => {
    return { time, marked, fault, values: values.map(described) };
  });
}

function described({ name, value, unit }: PlacedValue): DescribedValue {
  return unit === "" ? { name, value } : { name, value, unit };
}

/** The set bits of status word 1 to 7, or of all words: `3:relay-open`. Null for any other item. */
function statusBits(di: string, body: Bytes): string[] | null {
  if (di === "040005FF") {
    return STATUS_WORDS.flatMap((_, word) => bitsOfWord(word, body, 4 + 2 * word).map((bit) => `${word + 1}:${bit}`));
  }
  const [, word] = /^0400050([1-7])$/.exec(di) ?? [];
  return word === undefined ? null : bitsOfWord(Number(word) - 1, body, 4);
}

function bitsOfWord(word: number, body: Bytes, at: number): string[] {
  const bits = body[at]! | (body[at + 1]! << 8);
  return bitsIn(bits, STATUS_WORDS[word] ?? []).map((bit) => bit.name);
}

function refusal(code: number, data: Bytes): Partial<Description645> {
  const security = code === FUNCTION.security;
  const errBits = bitsIn(refusalCode(data), security ? SERR_BITS : ERR_BITS).map((bit) => bit.name);
  return security ? { serr: toHex(data), errBits } : { err: hexUpper(data[0] ?? 0), errBits };
}

function hexUpper(byte: number): string {
  return byte.toString(16).padStart(2, "0").toUpperCase();
}
