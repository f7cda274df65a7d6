import type { Bytes } from "#protocol/bytes.ts";

/**
 * What the codecs are measured against: for each protocol a decoder and an encoder written by hand for one kind of frame
 * and nothing else. Every offset, length and identifier stands in the code; there is no table and no loop over items.
 *
 * They are meant to be as good as such code gets, not a straw man. Each refuses a frame with a wrong length, start, end,
 * checksum, identifier, digit or unit, and gives an object with all that our own decoder says of such a frame, made of
 * the same types. What they do not do is what only a general codec must: look for the layout of an identifier, keep DATA
 * as bytes of its own between frame and meaning, and serve both directions of every other function.
 */
export type Floor<Result> = { decode(wire: Bytes): Result; encode(result: Result): Bytes };

type Energy = { address: string; control: number; di: string; reading: { item: "energyTotal"; wh: number } };

/** FE ×4, 68 A 68 91 08 33 33 34 33 e e e e CS 16: forward active energy of DL/T 645-2007. */
export const floor645: Floor<Energy> = {
  decode(w) {
    if (w.length !== 24 || w[0] !== 0xfe || w[1] !== 0xfe || w[2] !== 0xfe || w[3] !== 0xfe) throw new Error("frame");
    if (w[4] !== 0x68 || w[11] !== 0x68 || w[12] !== 0x91 || w[13] !== 8 || w[23] !== 0x16) throw new Error("frame");
    if (w[14] !== 0x33 || w[15] !== 0x33 || w[16] !== 0x34 || w[17] !== 0x33) throw new Error("identifier");
    let sum = 0;
    for (let i = 4; i < 22; i++) sum += w[i]!;
    if ((sum & 0xff) !== w[22]) throw new Error("checksum");
    const wh = (shifted(w[21]!) * 1_000_000 + shifted(w[20]!) * 10_000 + shifted(w[19]!) * 100 + shifted(w[18]!)) * 10;
    return { address: address12(w, 5), control: 0x91, di: "00010000", reading: { item: "energyTotal", wh } };
  },
  encode({ address, reading }) {
    const out = new Uint8Array(24);
    out[0] = out[1] = out[2] = out[3] = 0xfe;
    out[4] = out[11] = 0x68;
    let sum = 0x68 + 0x68 + 0x91 + 8 + 0x33 + 0x33 + 0x34 + 0x33 + putAddress12(out, 5, address);
    out[12] = 0x91;
    out[13] = 8;
    out[14] = out[15] = out[17] = 0x33;
    out[16] = 0x34;
    const hundredths = (reading.wh / 10) | 0;
    sum += out[18] = bcdOf(hundredths % 100) + 0x33;
    sum += out[19] = bcdOf(((hundredths / 100) | 0) % 100) + 0x33;
    sum += out[20] = bcdOf(((hundredths / 10_000) | 0) % 100) + 0x33;
    sum += out[21] = bcdOf((hundredths / 1_000_000) | 0) + 0x33;
    out[22] = sum;
    out[23] = 0x16;
    return out;
  },
};

/** FE ×4, 68 A 68 81 06 43 C3 e e e e CS 16: the same of DL/T 645-1997. */
export const floor97: Floor<Energy> = {
  decode(w) {
    if (w.length !== 22 || w[0] !== 0xfe || w[1] !== 0xfe || w[2] !== 0xfe || w[3] !== 0xfe) throw new Error("frame");
    if (w[4] !== 0x68 || w[11] !== 0x68 || w[12] !== 0x81 || w[13] !== 6 || w[21] !== 0x16) throw new Error("frame");
    if (w[14] !== 0x43 || w[15] !== 0xc3) throw new Error("identifier");
    let sum = 0;
    for (let i = 4; i < 20; i++) sum += w[i]!;
    if ((sum & 0xff) !== w[20]) throw new Error("checksum");
    const wh = (shifted(w[19]!) * 1_000_000 + shifted(w[18]!) * 10_000 + shifted(w[17]!) * 100 + shifted(w[16]!)) * 10;
    return { address: address12(w, 5), control: 0x81, di: "9010", reading: { item: "energyTotal", wh } };
  },
  encode({ address, reading }) {
    const out = new Uint8Array(22);
    out[0] = out[1] = out[2] = out[3] = 0xfe;
    out[4] = out[11] = 0x68;
    let sum = 0x68 + 0x68 + 0x81 + 6 + 0x43 + 0xc3 + putAddress12(out, 5, address);
    out[12] = 0x81;
    out[13] = 6;
    out[14] = 0x43;
    out[15] = 0xc3;
    const hundredths = (reading.wh / 10) | 0;
    sum += out[16] = bcdOf(hundredths % 100) + 0x33;
    sum += out[17] = bcdOf(((hundredths / 100) | 0) % 100) + 0x33;
    sum += out[18] = bcdOf(((hundredths / 10_000) | 0) % 100) + 0x33;
    sum += out[19] = bcdOf((hundredths / 1_000_000) | 0) + 0x33;
    out[20] = sum;
    out[21] = 0x16;
    return out;
  },
};

type Clock = { year: number; month: number; day: number; hour: number; minute: number; second: number };

type Volume = {
  meterType: number;
  address: string;
  control: number;
  di: string;
  ser: number;
  order: "high-first";
  reading: {
    item: "volume";
    litres: number;
    settlementLitres: number;
    clock: Clock;
    status: { word: number; valve: "open" | "closed" | "abnormal"; batteryLow: boolean };
  };
};

/** FE ×3, 68 T A 81 16 90 1F SER, two volumes in cubic metres, clock, ST, CS 16: the reading of a CJ/T 188 meter. */
export const floor188: Floor<Volume> = {
  decode(w) {
    if (w.length !== 38 || w[0] !== 0xfe || w[1] !== 0xfe || w[2] !== 0xfe) throw new Error("frame");
    if (w[3] !== 0x68 || w[12] !== 0x81 || w[13] !== 22 || w[37] !== 0x16) throw new Error("frame");
    if (w[14] !== 0x90 || w[15] !== 0x1f || w[21] !== 0x2c || w[26] !== 0x2c) throw new Error("item");
    let sum = 0;
    for (let i = 3; i < 36; i++) sum += w[i]!;
    if ((sum & 0xff) !== w[36]) throw new Error("checksum");
    const clock = {
      year: plain(w[33]!) * 100 + plain(w[32]!),
      month: plain(w[31]!),
      day: plain(w[30]!),
      hour: plain(w[29]!),
      minute: plain(w[28]!),
      second: plain(w[27]!),
    };
    if (clock.month < 1 || clock.month > 12 || clock.day < 1 || clock.day > 31) throw new Error("date");
    if (clock.hour > 23 || clock.minute > 59 || clock.second > 59) throw new Error("time");
    const word = w[34]! | (w[35]! << 8);
    const valve = (word & 2) !== 0 ? "abnormal" : (word & 1) !== 0 ? "closed" : "open";
    return {
      meterType: w[4]!,
      address: address14(w, 5),
      control: 0x81,
      di: "901F",
      ser: w[16]!,
      order: "high-first",
      reading: {
        item: "volume",
        litres: plain4(w, 17) * 10,
        settlementLitres: plain4(w, 22) * 10,
        clock,
        status: { word, valve, batteryLow: (word & 4) !== 0 },
      },
    };
  },
  encode({ meterType, address, ser, reading }) {
    const { litres, settlementLitres, clock, status } = reading;
    const out = new Uint8Array(38);
    out[0] = out[1] = out[2] = 0xfe;
    out[3] = 0x68;
    out[4] = meterType;
    putAddress12(out, 5, address.slice(2));
    out[11] = pairAt(address, 0);
    out[12] = 0x81;
    out[13] = 22;
    out[14] = 0x90;
    out[15] = 0x1f;
    out[16] = ser;
    putPlain4(out, 17, (litres / 10) | 0);
    putPlain4(out, 22, (settlementLitres / 10) | 0);
    out[21] = out[26] = 0x2c;
    out[27] = bcdOf(clock.second);
    out[28] = bcdOf(clock.minute);
    out[29] = bcdOf(clock.hour);
    out[30] = bcdOf(clock.day);
    out[31] = bcdOf(clock.month);
    out[32] = bcdOf(clock.year % 100);
    out[33] = bcdOf((clock.year / 100) | 0);
    out[34] = status.word;
    out[35] = status.word >> 8;
    let sum = 0;
    for (let i = 3; i < 36; i++) sum += out[i]!;
    out[36] = sum;
    out[37] = 0x16;
    return out;
  },
};

type Forwarded = {
  control: number;
  a1: string;
  a2: number;
  a3: number;
  seq: number;
  message: { type: "forwarded"; port: number; content: Bytes };
};

/** 68 L L 68 88 A1 A2 A3 10 SEQ 00 00 01 00, port, length, content, CS 16: an answer forwarded by a Q/GDW 1376.1 terminal. */
export const floor1376: Floor<Forwarded> = {
  decode(w) {
    const user = w.length - 8;
    if (user < 15 || w[0] !== 0x68 || w[5] !== 0x68 || w[w.length - 1] !== 0x16) throw new Error("frame");
    if (w[1] !== w[3] || w[2] !== w[4] || (w[1]! | (w[2]! << 8)) !== ((user << 2) | 2)) throw new Error("length");
    let sum = 0;
    for (let i = 6; i < 6 + user; i++) sum += w[i]!;
    if ((sum & 0xff) !== w[6 + user]) throw new Error("checksum");
    if (w[6] !== 0x88 || w[12] !== 0x10 || w[14] !== 0 || w[15] !== 0 || w[16] !== 1 || w[17] !== 0)
      throw new Error("unit");
    if ((w[13]! & 0x80) !== 0) throw new Error("time tag");
    const length = w[19]! | (w[20]! << 8);
    if (length !== user - 15) throw new Error("content");
    const content = new Uint8Array(length);
    for (let i = 0; i < length; i++) content[i] = w[21 + i]!;
    return {
      control: 0x88,
      a1: PAIRS[w[8]!]! + PAIRS[w[7]!]!,
      a2: w[9]! | (w[10]! << 8),
      a3: w[11]!,
      seq: w[13]!,
      message: { type: "forwarded", port: w[18]!, content },
    };
  },
  encode({ a1, a2, a3, seq, message }) {
    const { port, content } = message;
    const length = content.length;
    const l = ((length + 15) << 2) | 2;
    const out = new Uint8Array(length + 23);
    out[0] = out[5] = 0x68;
    out[1] = out[3] = l;
    out[2] = out[4] = l >> 8;
    out[6] = 0x88;
    out[7] = pairAt(a1, 2);
    out[8] = pairAt(a1, 0);
    out[9] = a2;
    out[10] = a2 >> 8;
    out[11] = a3;
    out[12] = 0x10;
    out[13] = seq;
    out[16] = 1;
    out[18] = port;
    out[19] = length;
    out[20] = length >> 8;
    let sum = 0;
    for (let i = 6; i < 21; i++) sum += out[i]!;
    for (let i = 0; i < length; i++) sum += out[21 + i] = content[i]!;
    out[21 + length] = sum;
    out[22 + length] = 0x16;
    return out;
  },
};

/** The floor of deframing: walks from frame to frame by L and adds the bytes up; copies and names nothing. */
export function framesBare(stream: Bytes): number {
  let found = 0;
  for (let at = 0; at < stream.length; ) {
    while (stream[at] === 0xfe) at++;
    const end = at + 10 + stream[at + 9]!;
    let sum = 0;
    for (let i = at; i < end; i++) sum += stream[i]!;
    if ((sum & 0xff) === stream[end] && stream[end + 1] === 0x16) found++;
    at = end + 2;
  }
  return found;
}

const PAIRS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0").toUpperCase());

/** Six bytes low first as twelve digits: one call with all character codes, which is the fastest way there is. */
function address12(w: Bytes, at: number): string {
  const [a, b, c, d, e, f] = [w[at]!, w[at + 1]!, w[at + 2]!, w[at + 3]!, w[at + 4]!, w[at + 5]!];
  return String.fromCharCode(
    code(f >> 4),
    code(f),
    code(e >> 4),
    code(e),
    code(d >> 4),
    code(d),
    code(c >> 4),
    code(c),
    code(b >> 4),
    code(b),
    code(a >> 4),
    code(a),
  );
}

function address14(w: Bytes, at: number): string {
  const [a, b, c, d, e, f, g] = [w[at]!, w[at + 1]!, w[at + 2]!, w[at + 3]!, w[at + 4]!, w[at + 5]!, w[at + 6]!];
  return String.fromCharCode(
    code(g >> 4),
    code(g),
    code(f >> 4),
    code(f),
    code(e >> 4),
    code(e),
    code(d >> 4),
    code(d),
    code(c >> 4),
    code(c),
    code(b >> 4),
    code(b),
    code(a >> 4),
    code(a),
  );
}

function code(nibble: number): number {
  const value = nibble & 0x0f;
  return value < 10 ? 48 + value : 55 + value;
}

/** Twelve digits low byte first; returns the sum of the bytes. */
function putAddress12(out: Bytes, at: number, address: string): number {
  let sum = 0;
  sum += out[at] = pairAt(address, 10);
  sum += out[at + 1] = pairAt(address, 8);
  sum += out[at + 2] = pairAt(address, 6);
  sum += out[at + 3] = pairAt(address, 4);
  sum += out[at + 4] = pairAt(address, 2);
  sum += out[at + 5] = pairAt(address, 0);
  return sum;
}

/** Two digits of a text at `at` as a byte. */
function pairAt(text: string, at: number): number {
  return ((text.charCodeAt(at) - 48) << 4) | (text.charCodeAt(at + 1) - 48);
}

/** Four bytes of BCD without the offset of DL/T 645. */
function plain4(w: Bytes, at: number): number {
  return plain(w[at + 3]!) * 1e6 + plain(w[at + 2]!) * 1e4 + plain(w[at + 1]!) * 100 + plain(w[at]!);
}

function putPlain4(out: Bytes, at: number, value: number): void {
  let rest = value;
  for (let i = at; i < at + 4; i++) {
    out[i] = bcdOf(rest % 100);
    rest = (rest / 100) | 0;
  }
}

function shifted(wireByte: number): number {
  return plain((wireByte - 0x33) & 0xff);
}

function plain(byte: number): number {
  if (byte > 0x99 || (byte & 0x0f) > 9) throw new Error("digit");
  return (byte >> 4) * 10 + (byte & 0x0f);
}

function bcdOf(pair: number): number {
  return (((pair / 10) | 0) << 4) | (pair % 10);
}
