import { type Bytes, toHex } from "#protocol/bytes.ts";
import type { Letter } from "./letter.ts";
import { must, same, type Target } from "./must.ts";
import type { Input } from "./mutate.ts";

/** What of a frame protocol is tried: decoder and encoder, deframer, description, and what reads its frames further. */
export type Codec<F> = {
  name: string;
  letter: Letter;
  mayRefuse?: boolean;
  heldMax: number;
  decode(bytes: Bytes): { ok: true; frame: F; preamble: number; length: number } | { ok: false };
  encode(frame: F, preamble: number): Bytes;
  deframer(): { push(chunk: Bytes): F[]; flush(): F[]; pending(): number };
  describe(bytes: Bytes): { ok: boolean };
  understand(frame: F): unknown[];
};

/** A decoder and its deframer held against the letter; see {@link Letter}. */
export function codec<F>(of: Codec<F>): Target {
  /** Decodes what stands at the beginning and holds it against the letter. */
  function alone({ bytes }: Input): boolean {
    let wakeUp = 0;
    while (bytes[wakeUp] === 0xfe) wakeUp++;
    const should = of.letter.wholeLength(bytes.subarray(wakeUp));
    const decoded = of.decode(bytes);
    if (!decoded.ok) {
      must(should === null || of.mayRefuse === true, "a frame that is right by the letter was refused");
    } else {
      must(should !== null, "accepted under a wrong checksum, length or end");
      must(decoded.length === wakeUp + should && decoded.preamble === wakeUp, "another length than the letter's");
      const again = of.encode(decoded.frame, decoded.preamble);
      must(same(again, bytes.subarray(0, decoded.length)), () => `encoded again to other bytes: ${toHex(again)}`);
      must(allFinite(of.understand(decoded.frame)), "a number in what was understood is none");
    }
    const described = of.describe(bytes);
    must(decoded.ok === described.ok, "described otherwise");
    return decoded.ok;
  }

  /** Finds frames in the cut stream; every one must stand in the bytes, whole by the letter, behind the one before. */
  function streamed({ bytes, cuts }: Input): boolean {
    const deframer = of.deframer();
    const frames: F[] = [];
    let from = 0;
    for (const to of [...cuts, bytes.length]) {
      frames.push(...deframer.push(bytes.subarray(from, to)));
      must(deframer.pending() <= of.heldMax, `${deframer.pending()} bytes held back`);
      from = to;
    }
    frames.push(...deframer.flush());
    let behind = 0;
    for (const frame of frames) {
      const wire = of.encode(frame, 0);
      const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(wire, behind);
      must(at >= behind && of.letter.wholeLength(wire) === wire.length, "the stream gave a frame that was not in it");
      behind = at + wire.length;
    }
    return frames.length > 0;
  }

  return {
    name: of.name,
    accepts(input) {
      const one = alone(input);
      const some = streamed(input);
      must(!one || some, "decoded alone but not found in the stream");
      return some;
    },
  };
}

/** No NaN and no infinity anywhere: a digit that is none must not become a number. */
function allFinite(understood: unknown): boolean {
  if (typeof understood === "number") return Number.isFinite(understood);
  if (typeof understood !== "object" || understood === null || understood instanceof Uint8Array) return true;
  return Object.values(understood).every(allFinite);
}
