import { type Bytes, concat } from "#protocol/bytes.ts";
import type { Seedling } from "./corpus.ts";
import type { Random } from "./random.ts";

/** One input: the bytes, and where a stream of them is cut. */
export type Input = { bytes: Bytes; cuts: readonly number[] };

/** Bytes that mean something in one of the protocols. */
const LOADED = [0x00, 0x01, 0x16, 0x33, 0x43, 0x4a, 0x68, 0x7f, 0x80, 0x99, 0xaa, 0xcc, 0xfe, 0xff];
/** Inputs that are not a changed frame but long and made to cost time: one in so many. */
const EVIL_ONE_IN = 4000;
const EVIL_MAX = 16_384;
const CHANGES_MAX = 4;

/** A changed frame: broken in one of many ways, made whole again or not, among noise or other frames, and cut. */
export function mutate(random: Random, corpus: readonly Seedling[]): Input {
  if (random.below(EVIL_ONE_IN) === 0) return { bytes: evil(random, corpus), cuts: [] };
  if (random.chance(4)) return cut(random, garbage(random, random.below(120)));
  const { bytes: original, letter } = random.pick(corpus);
  let wakeUp = 0;
  while (original[wakeUp] === 0xfe) wakeUp++;
  let bytes: Bytes = original.slice(wakeUp);
  for (let changes = random.below(CHANGES_MAX + 1); changes > 0; changes--) {
    bytes = change(random, bytes, corpus, letter?.lengthAt ?? []);
  }
  if (random.chance(55)) letter?.repair(bytes, random.chance(60));
  const parts = [new Uint8Array(random.chance(50) ? wakeUp : random.below(6)).fill(0xfe), bytes];
  if (random.chance(15)) parts.unshift(garbage(random, random.below(20)));
  if (random.chance(15)) parts.push(garbage(random, random.below(20)));
  if (random.chance(20)) parts.push(random.pick(corpus).bytes);
  return cut(random, concat(...parts));
}

function change(random: Random, bytes: Bytes, corpus: readonly Seedling[], lengthAt: readonly number[]): Bytes {
  const at = random.below(bytes.length + 1);
  const to = Math.min(bytes.length, at + random.below(8));
  switch (random.below(10)) {
    case 0: {
      if (at < bytes.length) bytes[at]! ^= 1 << random.below(8);
      return bytes;
    }
    case 1: {
      if (at < bytes.length) bytes[at] = random.byte();
      return bytes;
    }
    case 2: {
      if (at < bytes.length) bytes[at] = random.pick(LOADED);
      return bytes;
    }
    case 3:
      return concat(bytes.subarray(0, at), garbage(random, 1 + random.below(4)), bytes.subarray(at));
    case 4:
      return concat(bytes.subarray(0, at), bytes.subarray(to));
    case 5:
      return concat(bytes.subarray(0, to), bytes.subarray(at));
    case 6:
      return lied(random, bytes, lengthAt);
    case 7: {
      const other = random.pick(corpus).bytes;
      return concat(bytes.subarray(0, at), other.subarray(random.below(other.length + 1)));
    }
    case 8:
      return bytes.slice(0, at);
    default: {
      // The same eight bits twice: flips that a sum does not see.
      const other = random.below(bytes.length + 1);
      if (at >= bytes.length || other >= bytes.length) return bytes;
      const kept = bytes[at]!;
      bytes[at] = bytes[other]!;
      bytes[other] = kept;
      return bytes;
    }
  }
}

/** L says something else: a little off, or anything; where it stands twice, both places agree now and then. */
function lied(random: Random, bytes: Bytes, lengthAt: readonly number[]): Bytes {
  const first = lengthAt[0];
  if (first === undefined || bytes.length <= (lengthAt.at(-1) ?? 0)) return bytes;
  const lie = random.chance(50) ? bytes[first]! + random.below(9) - 4 : random.byte();
  bytes[random.pick(lengthAt)] = lie;
  if (lengthAt.length === 4 && random.chance(60)) {
    bytes[1] = bytes[3] = lie;
    bytes[2] = bytes[4] = random.chance(50) ? bytes[2]! : random.byte();
  }
  return bytes;
}

function garbage(random: Random, length: number): Bytes {
  const loaded = random.chance(50);
  return Uint8Array.from({ length }, () => (loaded && random.chance(40) ? random.pick(LOADED) : random.byte()));
}

/** A short piece over and over: false starts that announce much, heads without bodies, near misses by the thousand. */
function evil(random: Random, corpus: readonly Seedling[]): Bytes {
  const { bytes, letter } = random.pick(corpus);
  const piece = concat(
    bytes.subarray(0, 1 + random.below(Math.min(bytes.length, 24))),
    garbage(random, random.below(3)),
  );
  lied(random, piece, letter?.lengthAt ?? []);
  const whole = new Uint8Array(1 + random.below(EVIL_MAX));
  for (let at = 0; at < whole.length; at++) whole[at] = piece[at % piece.length]!;
  return whole;
}

function cut(random: Random, bytes: Bytes): Input {
  const cuts: number[] = [];
  if (random.chance(10)) for (let at = 1; at < bytes.length; at++) cuts.push(at);
  else for (let more = random.below(5); more > 0; more--) cuts.push(random.below(bytes.length + 1));
  return { bytes, cuts: cuts.sort((a, b) => a - b) };
}
