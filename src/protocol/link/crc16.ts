import type { Bytes } from "../bytes.ts";

const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  return crc;
});

/** CRC16-CCITT (FALSE): polynomial 1021H, start FFFFH, nothing reflected; `"123456789"` gives 29B1H. */
export function crc16(bytes: Bytes, from: number, to: number): number {
  let crc = 0xffff;
  for (let i = from; i < to; i++) crc = ((crc << 8) & 0xffff) ^ TABLE[(crc >> 8) ^ bytes[i]!]!;
  return crc;
}
