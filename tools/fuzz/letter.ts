import type { Bytes } from "#protocol/bytes.ts";

/**
 * What the standards say a frame is, written down a second time and as plainly as possible, so that the decoders have
 * something to be judged by that is not themselves. Also the way back: making a frame whole again by the letter.
 */
export type Letter = {
  /** Whether the bytes, without wake-up, begin with a frame whose lengths, checksum and end are right; its length. */
  wholeLength(bytes: Bytes): number | null;
  /** Writes start, end and checksum so that the bytes are one frame; with `length`, also L. Too short ones stay. */
  repair(bytes: Bytes, length: boolean): void;
  /** Where L stands, for lies about it. */
  lengthAt: readonly number[];
};

const sumOf = (bytes: Bytes) => bytes.reduce((sum, byte) => sum + byte, 0) % 256;

/** 68 A0–A5 68 C L DATA CS 16. */
export const letter645: Letter = {
  wholeLength(bytes) {
    const length = 12 + (bytes[9] ?? 256);
    const closed = bytes[0] === 0x68 && bytes[7] === 0x68 && bytes[length - 1] === 0x16;
    return closed && sumOf(bytes.subarray(0, length - 2)) === bytes[length - 2] ? length : null;
  },
  repair(bytes, length) {
    if (bytes.length < 12) return;
    bytes[0] = bytes[7] = 0x68;
    if (length) bytes[9] = bytes.length - 12;
    close(bytes, 0);
  },
  lengthAt: [9],
};

/** 68 T A0–A6 C L DATA CS 16, T among the types that there are. */
export const letter188: Letter = {
  wholeLength(bytes) {
    const length = 13 + (bytes[10] ?? 256);
    const type = bytes[1] ?? 0;
    const typed = [1, 2, 3, 4].includes(type >> 4) || type === 0xaa || type === 0x99;
    const closed = bytes[0] === 0x68 && typed && bytes[length - 1] === 0x16;
    return closed && sumOf(bytes.subarray(0, length - 2)) === bytes[length - 2] ? length : null;
  },
  repair(bytes, length) {
    if (bytes.length < 13) return;
    bytes[0] = 0x68;
    if (length) bytes[10] = bytes.length - 13;
    close(bytes, 0);
  },
  lengthAt: [10],
};

/** 68 L L 68 C A AFN SEQ DA DT … CS 16 with room for PW, EC and Tp. */
export const letter1376: Letter = {
  wholeLength(bytes) {
    const [l0 = 0, l1 = 0] = [bytes[1], bytes[2]];
    const user = (l0 + 256 * l1) >> 2;
    const length = user + 8;
    if (bytes[0] !== 0x68 || bytes[3] !== l0 || bytes[4] !== l1 || bytes[5] !== 0x68) return null;
    if (bytes[length - 1] !== 0x16 || sumOf(bytes.subarray(6, length - 2)) !== bytes[length - 2]) return null;
    const [control = 0, afn = 0, seq = 0] = [bytes[6], bytes[12], bytes[13]];
    const pw = control < 128 && [1, 4, 5, 6, 15, 16].includes(afn) ? 16 : 0;
    const ec = control >= 128 && control & 32 ? 2 : 0;
    return user >= 12 + pw + ec + (seq >= 128 ? 6 : 0) ? length : null;
  },
  repair(bytes, length) {
    if (bytes.length < 20) return;
    bytes[0] = bytes[5] = 0x68;
    if (length) {
      const l = ((bytes.length - 8) << 2) | 2;
      bytes[1] = bytes[3] = l;
      bytes[2] = bytes[4] = l >> 8;
    }
    close(bytes, 6);
  },
  lengthAt: [1, 2, 3, 4],
};

/** 4A 43 01 type seq 2 length 2 payload CRC16; numbers high byte first. */
export const letterLink: Letter = {
  wholeLength(bytes) {
    if (bytes[0] !== 0x4a || bytes[1] !== 0x43 || bytes[2] !== 1) return null;
    const length = 10 + (bytes[6] ?? 0) * 256 + (bytes[7] ?? 0);
    if (length > 4106 || length > bytes.length) return null;
    const crc = slowCrc(bytes.subarray(2, length - 2));
    return bytes[length - 2] === crc >> 8 && bytes[length - 1] === (crc & 255) ? length : null;
  },
  repair(bytes, length) {
    if (bytes.length < 10) return;
    bytes.set([0x4a, 0x43, 0x01]);
    if (length) bytes.set([(bytes.length - 10) >> 8, (bytes.length - 10) & 255], 6);
    const crc = slowCrc(bytes.subarray(2, bytes.length - 2));
    bytes.set([crc >> 8, crc & 255], bytes.length - 2);
  },
  lengthAt: [6, 7],
};

function close(bytes: Bytes, sumFrom: number): void {
  bytes[bytes.length - 1] = 0x16;
  bytes[bytes.length - 2] = sumOf(bytes.subarray(sumFrom, bytes.length - 2));
}

/** CRC16-CCITT (FALSE) bit by bit. */
function slowCrc(bytes: Bytes): number {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
  }
  return crc;
}
