import { asciiBytes, asciiText, type Bytes, fromHex, toHex, toHexReversed } from "../bytes.ts";
import type { Quantity } from "../register.ts";

/**
 * How one value of an item is written. Numbers are BCD, low byte first; `text` values (times, numbers of meters, bit
 * words) are shown and written back, never calculated with. `read` answers null for bytes that are no such value,
 * `write` for a text that is none.
 */
export type Form = ({ as: "number" } & Quantity) | TextForm;

/** A form whose values are texts. */
export type TextForm = {
  as: "text";
  bytes: number;
  read(bytes: Bytes, at: number): string | null;
  write(text: string): Bytes | null;
};

function number(bytes: number, decimals: number, unit: string, times = 1, over = 1): { as: "number" } & Quantity {
  return { as: "number", bytes, decimals, unit, signed: false, times, over };
}

function signed(form: { as: "number" } & Quantity): { as: "number" } & Quantity {
  return { ...form, signed: true };
}

/** XXXXXX.XX kWh; base unit Wh. */
export const ENERGY = number(4, 2, "kWh", 10);
/** The same with a sign: combined energy (组合有功). */
export const ENERGY_SIGNED = signed(ENERGY);
/** XXXXXX.XX kvarh. */
export const REACTIVE_ENERGY = number(4, 2, "kvarh", 10);
/** The same with a sign: combined reactive energy (组合无功). */
export const REACTIVE_ENERGY_SIGNED = signed(REACTIVE_ENERGY);
/** XXXXXX.XX kVAh. */
export const APPARENT_ENERGY = number(4, 2, "kVAh", 10);
/** XXXXXX.XX yuan; base unit 1/10000 yuan. */
export const MONEY = number(4, 2, "CNY", 100);
/** XXXX.XXXX yuan for one kWh; base unit 1/10000 yuan. */
export const PRICE = number(4, 4, "CNY/kWh");
/** NNN.N V; base unit mV. */
export const VOLTAGE = number(2, 1, "V", 100);
/** XX.XX V of a battery; base unit mV. */
export const BATTERY_VOLTAGE = number(2, 2, "V", 10);
/** NNN.NNN A with the direction as sign; base unit mA. */
export const CURRENT = signed(number(3, 3, "A"));
/** NN.NNNN A from which or up to which an event counts. */
export const CURRENT_THRESHOLD = number(3, 4, "A", 1, 10);
/** NNN.N A from which overcurrent counts. */
export const OVERCURRENT_THRESHOLD = number(2, 1, "A", 100);
/** XX.XXXX kW with the direction as sign; base unit W. */
export const POWER = signed(number(3, 4, "kW", 1, 10));
/** XX.XXXX kvar with the direction as sign. */
export const REACTIVE_POWER = signed(number(3, 4, "kvar", 1, 10));
/** XX.XXXX kVA. */
export const APPARENT_POWER = signed(number(3, 4, "kVA", 1, 10));
/** N.NNN with the direction as sign. */
export const FACTOR = signed(number(2, 3, ""));
/** NNN.N degrees. */
export const ANGLE = number(2, 1, "°");
/** XX.XX Hz. */
export const FREQUENCY = number(2, 2, "Hz", 10);
/** XX.XX per cent. */
export const PERCENT = number(2, 2, "%");
/** XXXX.XX per cent. */
export const PERCENT_WIDE = number(3, 2, "%");
/** NNN.N °C, minus below zero. */
export const TEMPERATURE = signed(number(2, 1, "°C"));
/** XXXXXX.XX Ah. */
export const CHARGE = number(4, 2, "Ah");
/** N.NNN of the transformer loss tables (铜损、铁损). */
export const COEFFICIENT = number(2, 3, "");

/** A plain number of so many bytes. */
export function count(bytes: number, unit = ""): Form {
  return number(bytes, 0, unit);
}

/** Digits or hex as printed: the highest byte first. */
export function printed(bytes: number): TextForm {
  return {
    as: "text",
    bytes,
    read: (data, at) => toHexReversed(data.subarray(at, at + bytes)).toUpperCase(),
    write: (text) => hexOf(text, bytes)?.reverse() ?? null,
  };
}

/** Hex in the order of the wire: operator codes (C0 … C3) and passwords (PA P0 P1 P2). */
export function wireHex(bytes: number): TextForm {
  return {
    as: "text",
    bytes,
    read: (data, at) => toHex(data.subarray(at, at + bytes)),
    write: (text) => hexOf(text, bytes),
  };
}

/** A word of bits, low byte first: `0x0050`. */
export function word(bytes: number): TextForm {
  return {
    as: "text",
    bytes,
    read: (data, at) => `0x${toHexReversed(data.subarray(at, at + bytes)).toUpperCase()}`,
    write: (text) => (text.startsWith("0x") ? (hexOf(text.slice(2), bytes)?.reverse() ?? null) : null),
  };
}

/**
 * ASCII, the last character first like every other item, filled up with NUL behind the text (§A.5 note 3). A byte that
 * is neither printable nor such a filler makes it no text.
 */
export function ascii(bytes: number): TextForm {
  return {
    as: "text",
    bytes,
    read(data, at) {
      const characters = data.slice(at, at + bytes).reverse();
      const end = characters.findLastIndex((character) => character !== 0) + 1;
      return asciiText(characters.subarray(0, end));
    },
    write(text) {
      if (text.length > bytes || !/^[\x20-\x7e]*$/.test(text)) return null;
      const data = new Uint8Array(bytes);
      data.set(asciiBytes(text));
      return data.reverse();
    },
  };
}

/**
 * A time or another group of digit pairs, low byte first. Each `#` of the pattern is a digit, the highest byte first:
 * `20##-##-##` for YYMMDD. Impossible dates are shown as they stand; a nibble that is no digit makes it no time.
 */
export function digits(bytes: number, pattern: string): TextForm {
  const places = new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("#", "(\\d)")}$`);
  return {
    as: "text",
    bytes,
    read(data, at) {
      const hex = toHexReversed(data.subarray(at, at + bytes));
      if (/[a-f]/.test(hex)) return null;
      let next = 0;
      return pattern.replaceAll("#", () => hex[next++] ?? "");
    },
    write(text) {
      const found = places.exec(text);
      return found === null ? null : (hexOf(found.slice(1).join(""), bytes)?.reverse() ?? null);
    },
  };
}

/** YYMMDDWW; 0 is Sunday. */
export const DATE_WEEK = digits(4, "20##-##-## week##");
/** hhmmss. */
export const TIME = digits(3, "##:##:##");
/** YYMMDDWWhhmmss. */
export const DATE_WEEK_TIME = digits(7, "20##-##-## week## ##:##:##");
/** YYMMDDhhmm. */
export const MINUTE = digits(5, "20##-##-## ##:##");
/** YYMMDDhhmmss. */
export const SECOND = digits(6, "20##-##-## ##:##:##");
/** MMDDhhmm. */
export const MONTH_MINUTE = digits(4, "##-## ##:##");
/** hhmm. */
export const HOUR_MINUTE = digits(2, "##:##");
/** DDhh of a settlement day; 99 99 is shown as it stands: the day is not set. */
export const DAY_HOUR = digits(2, "##日##时");
/** hhmmNN: from when on which tariff holds. */
export const PERIOD = digits(3, "##:## ‹##›");
/** MMDDNN: from when on which day table holds. */
export const SEASON = digits(3, "##-## ‹##›");
/** YYMMDDNN: a holiday and its day table. */
export const HOLIDAY = digits(4, "20##-##-## ‹##›");

/** An identifier that a record names; FFFFFFFF fills up and is none. */
export const IDENTIFIER: TextForm = {
  ...printed(4),
  read: (data, at) => {
    const text = toHexReversed(data.subarray(at, at + 4)).toUpperCase();
    return text === "FFFFFFFF" ? null : text;
  },
};

function hexOf(text: string, bytes: number): Bytes | null {
  const data = fromHex(text);
  return data !== null && data.length === bytes ? data : null;
}
