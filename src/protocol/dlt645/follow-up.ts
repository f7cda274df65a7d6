import { type Bytes, concat } from "../bytes.ts";
import { addressMatches, CONTROL, FUNCTION } from "./control.ts";
import type { Frame645 } from "./frame.ts";
import { diFromWire, diToWire } from "./items.ts";

/** Follow-up numbers run from 1 to 255 (§7.2): the most parts that one answer can have behind its first. */
export const FOLLOW_UPS_MAX = 255;

/** What is to be done after a part: ask for the next, use the whole, or give up. */
export type Reassembled =
  | { state: "more"; next: Frame645 }
  | { state: "whole"; di: string; data: Bytes }
  | { state: "failed"; reason: "not_an_answer" | "other_meter" | "other_item" | "wrong_sequence" | "too_many_parts" };

/** Master: asks for the next part of an answer (12H, SEQ 1 … 255). */
export function encodeReadFollow(address: string, di: string, seq: number): Frame645 {
  return { address, control: FUNCTION.readFollow, data: concat(diToWire(di), Uint8Array.of(seq)) };
}

/**
 * Puts an answer together from 91/B1 and its follow-ups 92/B2 (§7.1, §7.2). `take` gets the answers in turn; after
 * `more` its `next` is to be asked. A refusal, a part of another meter or item, or one with another number fails the
 * whole: half an answer is none. A part that is repeated (the same SEQ twice) is a wrong sequence too, because the
 * master asks each number once.
 */
export function createReassembler(request: Frame645): { take(answer: Frame645): Reassembled } {
  const di = diFromWire(request.data) ?? "";
  const parts: Bytes[] = [];
  let seq = 0;

  function take({ address, control, data }: Frame645): Reassembled {
    const expected = (seq === 0 ? FUNCTION.read : FUNCTION.readFollow) | CONTROL.fromMeter;
    if ((control & ~CONTROL.moreFollows) !== expected) return { state: "failed", reason: "not_an_answer" };
    if (!addressMatches(request.address, address)) return { state: "failed", reason: "other_meter" };
    if (diFromWire(data) !== di) return { state: "failed", reason: "other_item" };
    const end = seq === 0 ? data.length : data.length - 1;
    if (seq > 0 && (end < 4 || data[end] !== seq)) return { state: "failed", reason: "wrong_sequence" };
    parts.push(data.slice(4, end));
    if ((control & CONTROL.moreFollows) === 0) return { state: "whole", di, data: concat(...parts) };
    if (seq === FOLLOW_UPS_MAX) return { state: "failed", reason: "too_many_parts" };
    seq++;
    return { state: "more", next: encodeReadFollow(request.address, di, seq) };
  }

  return { take };
}

/**
 * Meter: the answer in parts of at most `partBytes` of data, the first under 91/B1, the others under 92/B2 with their
 * numbers. The standard allows 200 bytes of DATA in all.
 */
export function encodeReadParts(address: string, di: string, data: Bytes, partBytes = 195): Frame645[] {
  const parts = Math.max(1, Math.ceil(data.length / partBytes));
  return Array.from({ length: parts }, (_, seq) => {
    const part = data.slice(seq * partBytes, (seq + 1) * partBytes);
    const more = seq < parts - 1 ? CONTROL.moreFollows : 0;
    const fn = seq === 0 ? FUNCTION.read : FUNCTION.readFollow;
    const tail = seq === 0 ? new Uint8Array(0) : Uint8Array.of(seq);
    return { address, control: fn | CONTROL.fromMeter | more, data: concat(diToWire(di), part, tail) };
  });
}
