import { assert } from "#base/errors.ts";

/** The baud rates that the control byte can name (Q/GDW 1376.1, AFN 10H F1, bits 7–5). */
export const BAUD_RATES: readonly number[] = [300, 600, 1200, 2400, 4800, 7200, 9600, 19200];

/** How a bus talks. DL/T 645 wants even parity, 8 data bits, 1 stop bit. */
export type SerialSetting = {
  baud: number;
  parity?: "none" | "even" | "odd";
  dataBits?: 5 | 6 | 7 | 8;
  stopBits?: 1 | 2;
};

/** 2400 baud, 8E1: the default of RS-485 meters (DL/T 645-2007 §5.3). */
export const SERIAL_2400_8E1 = 0x6b;

/** The control byte: D7–5 baud, D4 two stop bits, D3 parity, D2 odd, D1–0 data bits − 5. Defaults are 8E1. */
export function serialControl({ baud, parity = "even", dataBits = 8, stopBits = 1 }: SerialSetting): number {
  const rate = BAUD_RATES.indexOf(baud);
  assert(rate >= 0, `no such baud rate: ${baud}`);
  const parityBits = { none: 0x00, even: 0x08, odd: 0x0c }[parity];
  return (rate << 5) | (stopBits === 2 ? 0x10 : 0) | parityBits | (dataBits - 5);
}

/** The baud rate that a control byte names. */
export function baudOf(serial: number): number {
  return BAUD_RATES[(serial >> 5) & 7]!;
}

/** The control byte as technicians say it: `2400 8E1`. */
export function serialText(serial: number): string {
  const parity = (serial & 0x08) === 0 ? "N" : (serial & 0x04) === 0 ? "E" : "O";
  return `${baudOf(serial)} ${(serial & 3) + 5}${parity}${(serial & 0x10) === 0 ? 1 : 2}`;
}
