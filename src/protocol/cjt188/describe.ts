import { type Bytes, bcdAt, toHex, toHexReversed } from "../bytes.ts";
import type { DescribedValue } from "../description.ts";
import { decimalText } from "../register.ts";
import { CONTROL_188, purchaseIn188, valveAction } from "./commands.ts";
import { decodeFrame188, type Frame188 } from "./frame.ts";
import { DI_188, type DiOrder, diFromWire188, type Field188, FUNCTION_188, layoutFor } from "./items.ts";
import { clockAt, status188 } from "./readings.ts";
import { meterTypeName, units188 } from "./units.ts";

/** A number with the unit code that came with it; `value` counts in `unit`, the ×10 and ×100 of the code included. */
export type DescribedMeasure = { value: string; unitCode: string; unit: string };

/** A good CJ/T 188 frame in plain data, with the keys of the frame vectors. */
export type Description188 = {
  ok: true;
  protocol: "cjt188";
  preambleFE: number;
  /** T in hex. */
  meterType: string;
  meterTypeName: string;
  address: string;
  /** Two hex digits. */
  control: string;
  length: number;
  fromMeter: boolean;
  abnormal: boolean;
  /** Never: CJ/T 188 has no answers in parts. */
  moreFollows: false;
  /** D5: a function of the maker's own, whose data is not interpreted. */
  vendor: boolean;
  data: string;
  function: string;
  /** The identifier's bytes as they came, and what they name in `diOrder`. */
  diWire?: string;
  di?: string;
  diOrder?: DiOrder;
  item?: string;
  ser?: number;
  values: DescribedValue[];
  /** The volume of 901F and of the freezes; heat meters fill `settlementHeat` and the like. */
  current?: DescribedMeasure;
  settlement?: DescribedMeasure;
  clockRaw?: string;
  clock?: string;
  /** ST in wire order. */
  st?: string;
  valve?: "open" | "closed" | "abnormal";
  batteryLow?: boolean;
  valveCommand?: string;
  valveCommandName?: "open" | "close" | "vendor";
  purchaseSeq?: number;
  amount?: string;
  amountRaw?: string;
  newAddress?: string;
  writeData?: string;
  errorData?: string;
} & { [heat in "settlementHeat" | "currentHeat" | "heatPower" | "flow" | "volume"]?: DescribedMeasure };

const NAMES: Readonly<Record<number, string>> = {
  [FUNCTION_188.read]: "read",
  [FUNCTION_188.readAddress]: "read-address",
  [FUNCTION_188.write]: "write",
  [FUNCTION_188.readKeyVersion]: "read-key-version",
  [FUNCTION_188.writeAddress]: "write-address",
  [FUNCTION_188.writeBase]: "write-base",
};

const MEASURES = ["current", "settlement", "settlementHeat", "currentHeat", "heatPower", "flow", "volume"] as const;

/** Describes one frame with its preamble; never throws. */
export function describe188(bytes: Bytes): Description188 | { ok: false; reason: string } {
  const decoded = decodeFrame188(bytes);
  if (!decoded.ok) return { ok: false, reason: decoded.detail };
  return describeFrame188(decoded.frame, decoded.preamble);
}

/** Puts a frame into plain data. */
export function describeFrame188(frame: Frame188, preamble: number): Description188 {
  const { control, data } = frame;
  const code = control & CONTROL_188.function;
  const fromMeter = (control & CONTROL_188.fromMeter) !== 0;
  const abnormal = (control & CONTROL_188.abnormal) !== 0;
  const vendor = (control & CONTROL_188.vendor) !== 0;
  const description: Description188 = {
    ok: true,
    protocol: "cjt188",
    preambleFE: preamble,
    meterType: hexUpper(frame.meterType),
    meterTypeName: meterTypeName(frame.meterType).name,
    address: frame.address,
    control: hexUpper(control),
    length: data.length,
    fromMeter,
    abnormal,
    moreFollows: false,
    vendor,
    data: toHex(data),
    function: vendor ? "vendor" : (NAMES[code] ?? `func${hexUpper(code)}`),
    values: [],
  };
  if (abnormal) return { ...description, errorData: toHex(data) };
  const head = diFromWire188(data);
  if (head === null) return description;
  const payload = data.subarray(3);
  const { item } = head;
  const known: Description188 = {
    ...description,
    diWire: toHex(data.subarray(0, 2)).toUpperCase(),
    di: head.di,
    diOrder: head.order,
    ...(item === undefined ? {} : { item: item.name }),
    ...(data.length > 2 ? { ser: data[2]! } : {}),
  };
  if (!fromMeter) return { ...known, ...request(code, head.di, payload) };
  const isRead =
    code === FUNCTION_188.read || code === FUNCTION_188.readAddress || code === FUNCTION_188.readKeyVersion;
  if (vendor || !isRead)
    return { ...known, ...(payload.length === 1 || payload.length === 2 ? { st: toHex(payload) } : {}) };
  const layout = item === undefined ? undefined : layoutFor(item, payload.length);
  return layout === undefined ? known : { ...known, ...contents(layout, payload) };
}

function request(code: number, di: string, payload: Bytes): Partial<Description188> {
  if (code === FUNCTION_188.writeAddress) {
    return payload.length === 7 ? { newAddress: toHexReversed(payload).toUpperCase() } : {};
  }
  if (code !== FUNCTION_188.write && code !== FUNCTION_188.writeBase) return {};
  if (di === DI_188.valve && payload.length > 0) {
    return { valveCommand: toHex(payload).toUpperCase(), valveCommandName: valveAction(payload[0]!) ?? "vendor" };
  }
  const purchase = di === DI_188.purchase ? purchaseIn188(payload) : null;
  if (purchase !== null) {
    return {
      purchaseSeq: purchase.seq,
      amount: decimalText(purchase.amount, 2),
      amountRaw: toHex(payload.subarray(1)),
    };
  }
  return { writeData: toHex(payload) };
}

/** Every field of a layout, once as a labelled value and, where the vectors name it, under its own key. */
function contents(layout: readonly Field188[], payload: Bytes): Partial<Description188> {
  const described: Partial<Description188> = {};
  const values: DescribedValue[] = [];
  let at = 0;
  for (const field of layout) {
    const bytes = payload.subarray(at, at + field.bytes);
    switch (field.as) {
      case "measured": {
        const measure = measureAt(payload, at, field.decimals);
        const key = MEASURES.find((name) => name === field.name);
        if (key !== undefined && measure !== null) described[key] = measure;
        values.push({ name: field.name, value: measure?.value ?? null, ...(measure && { unit: measure.unit }) });
        at++;
        break;
      }
      case "number": {
        const digits = bcdAt(payload, at, field.bytes, 0xff);
        const value = Number.isNaN(digits) ? null : decimalText(digits, field.decimals);
        values.push(field.unit === "" ? { name: field.name, value } : { name: field.name, value, unit: field.unit });
        break;
      }
      case "byte":
        values.push({ name: field.name, value: String(bytes[0]!) });
        break;
      case "clock": {
        const clock = clockText(payload, at);
        described.clockRaw = toHex(bytes);
        if (clock !== null) described.clock = clock;
        values.push({ name: field.name, value: clock });
        break;
      }
      case "address":
        values.push({ name: field.name, value: toHexReversed(bytes).toUpperCase() });
        break;
      case "status": {
        const { valve, batteryLow } = status188(bytes[0]! | (bytes[1]! << 8));
        Object.assign(described, { st: toHex(bytes), valve, batteryLow });
        break;
      }
      case "raw":
        values.push({ name: field.name, value: toHex(bytes) });
    }
    at += field.bytes;
  }
  return { ...described, values };
}

function measureAt(payload: Bytes, at: number, decimals: number): DescribedMeasure | null {
  const digits = bcdAt(payload, at, 4, 0xff);
  if (Number.isNaN(digits)) return null;
  const code = payload[at + 4]!;
  const unit = units188.get(code);
  const value = decimalText(digits * 10 ** (unit?.shift ?? 0), decimals);
  return { value, unitCode: hexUpper(code), unit: unit?.unit ?? "unknown" };
}

function clockText(payload: Bytes, at: number): string | null {
  const time = clockAt(payload, at);
  if (time === null) return null;
  const two = (part: number) => String(part).padStart(2, "0");
  const { year, month, day, hour, minute, second } = time;
  return `${year}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)}:${two(second)}`;
}

function hexUpper(byte: number): string {
  return byte.toString(16).padStart(2, "0").toUpperCase();
}
