import { type Bytes, toHex, toHexReversed } from "../bytes.ts";
import type { DescribedValue } from "../description.ts";
import { bitsIn } from "../dlt645/status.ts";
import { decimalText } from "../register.ts";
import { CONTROL_97, decodeRequest97, FUNCTION_97, writeIn97 } from "./commands.ts";
import { decodeFrame97, type Frame97 } from "./frame.ts";
import type { Items97 } from "./item.ts";
import { diFromWire97, itemValues97 } from "./items.ts";
import { purchaseIn97, type Relay97, refundIn97, refundResultIn97, relayIn97, sf97Items } from "./sf97.ts";
import { ERR_BITS_97 } from "./status.ts";

/** A good DL/T 645-1997 frame in plain data, with the keys of the frame vectors. */
export type Description97 = {
  ok: true;
  protocol: "dlt645-1997";
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
  /** `func` and the code in hex when the edition has no such function. */
  function: string;
  di?: string;
  /** What the table calls the item, when it knows it and the frame carries its data. */
  item?: string;
  values: DescribedValue[];
  err?: string;
  errBits?: string[];
  password?: string;
  writeData?: string;
  newAddress?: string;
  time?: string;
  baudWord?: string;
  relay?: Relay97;
  purchase?: { purchaseCount: number; energy: string; unit: string };
  refund?: { purchaseCount: number };
  /** Why a meter must refuse a request although the frame is whole. */
  fault?: string;
};

/** Read in the 2007 edition; no function in this one, but masters are known to mix the two up. */
const FUNCTION_2007_READ = 0x11;

const NAMES: Readonly<Record<number, string>> = {
  [FUNCTION_97.read]: "read",
  [FUNCTION_97.readFollow]: "read-follow",
  [FUNCTION_97.readAgain]: "read-again",
  [FUNCTION_97.write]: "write",
  [FUNCTION_97.clockSet]: "broadcast-time",
  [FUNCTION_97.writeAddress]: "write-address",
  [FUNCTION_97.setBaud]: "set-baud",
  [FUNCTION_97.setPassword]: "set-password",
  [FUNCTION_97.clearDemand]: "clear-demand",
};

/**
 * Describes one frame with its preamble; never throws. Makers' items are shown by the table that is given: by default
 * with the prepaid items of sf97, which another maker may use for something else.
 */
export function describe97(bytes: Bytes, items: Items97 = sf97Items): Description97 | { ok: false; reason: string } {
  const decoded = decodeFrame97(bytes);
  if (!decoded.ok) return { ok: false, reason: decoded.detail };
  return describeFrame97(decoded.frame, decoded.preamble, items);
}

/** Puts a frame into plain data. */
export function describeFrame97(frame: Frame97, preamble: number, items: Items97 = sf97Items): Description97 {
  const { control, data } = frame;
  const code = control & CONTROL_97.function;
  const fromMeter = (control & CONTROL_97.fromMeter) !== 0;
  const abnormal = (control & CONTROL_97.abnormal) !== 0;
  const description: Description97 = {
    ok: true,
    protocol: "dlt645-1997",
    preambleFE: preamble,
    address: frame.address,
    control: hexUpper(control),
    length: data.length,
    fromMeter,
    abnormal,
    moreFollows: (control & CONTROL_97.moreFollows) !== 0,
    dataMinus33: toHex(data),
    function: NAMES[code] ?? `func${hexUpper(code)}`,
    values: [],
  };
  if (abnormal) return { ...description, ...refusal(data) };
  return { ...description, ...(fromMeter ? reply(code, data, items) : request(frame)) };
}

function refusal(data: Bytes): Partial<Description97> {
  const err = data[0] ?? 0;
  return { err: hexUpper(err), errBits: bitsIn(err, ERR_BITS_97).map((bit) => bit.name) };
}

function reply(code: number, data: Bytes, items: Items97): Partial<Description97> {
  switch (code) {
    case FUNCTION_97.read:
    case FUNCTION_97.readFollow:
    case FUNCTION_97.readAgain: {
      const di = diFromWire97(data);
      if (di === null) return {};
      const item = items.get(di);
      if (item === undefined) return { di };
      const values = itemValues97(item, data.subarray(2)) ?? [];
      return { di, item: item.name, values: values.map(withoutEmptyUnit) };
    }
    case FUNCTION_97.write: {
      const result = refundResultIn97(data);
      if (result === null) return {};
      const kwh = (name: string, steps: number) => ({ name, value: decimalText(steps, 2), unit: "kWh" });
      const { used, remaining, overdraft, count } = result;
      const energies = [kwh("used", used), kwh("remaining", remaining), kwh("overdraft", overdraft)];
      return { item: "refund result", values: [...energies, { name: "purchaseCount", value: String(count) }] };
    }
    case FUNCTION_97.setBaud:
      return data.length === 1 ? { baudWord: hexUpper(data[0]!) } : {};
    default:
      return {};
  }
}

function request(frame: Frame97): Partial<Description97> {
  const { control, data } = frame;
  switch (control & CONTROL_97.function) {
    case FUNCTION_97.read:
    case FUNCTION_97.readFollow: {
      const di = diFromWire97(data);
      return di === null ? {} : { di };
    }
    case FUNCTION_97.write:
      return writeRequest(data);
    case FUNCTION_97.writeAddress:
      return data.length === 6 ? { newAddress: toHexReversed(data).toUpperCase() } : {};
    case FUNCTION_97.setBaud:
      return data.length === 1 ? { baudWord: hexUpper(data[0]!) } : {};
    case FUNCTION_97.clockSet: {
      const decoded = decodeRequest97(frame);
      if (!decoded.ok || decoded.request.kind !== "clockSet") return { fault: "the time is none" };
      const { year, month, day, hour, minute, second } = decoded.request.time;
      const two = (part: number) => String(part).padStart(2, "0");
      return { time: `${year}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)}:${two(second)}` };
    }
    case FUNCTION_2007_READ:
      return data.length === 2 ? { fault: "control code 11H with a 2-byte DI: a 2007 read code for a 1997 meter" } : {};
    default:
      return {};
  }
}

function writeRequest(data: Bytes): Partial<Description97> {
  const write = writeIn97(data);
  if (write === null) return {};
  const { di, password } = write;
  const described: Partial<Description97> = { di, password, writeData: toHex(write.data) };
  const purchase = purchaseIn97(write);
  if (purchase !== null) {
    described.purchase = { purchaseCount: purchase.count, energy: decimalText(purchase.amount, 2), unit: "kWh" };
  }
  const refund = refundIn97(write);
  if (refund !== null) described.refund = { purchaseCount: refund };
  const relay = relayIn97(write);
  if (relay !== null) described.relay = relay;
  return described;
}

function withoutEmptyUnit(value: { name: string; value: string | null; unit: string }): DescribedValue {
  return value.unit === "" ? { name: value.name, value: value.value } : value;
}

function hexUpper(byte: number): string {
  return byte.toString(16).padStart(2, "0").toUpperCase();
}
