import type { Bytes } from "../bytes.ts";
import { DTU_PACKET_MAX, hexSteps, type Step, textSteps } from "./dtu-syntax.ts";

/**
 * What a DTU says besides meter frames, as an operator writes it down. `text` is a regular expression of the simple
 * kind: characters, `\d \w \s \r \n \t \xHH`, `.`, classes, `? * + {n} {n,m}`, and one group that holds the id; anchors
 * at the ends are allowed and mean nothing, since a pattern always begins where a packet begins. `hex` is a packet of
 * bytes: `..` for any byte, and parentheses around the id: `f800000e00(............)0000000000..00..16`.
 */
export type DtuPattern = { text: string } | { hex: string };

/** What a pattern found: how many bytes, and the id where it has one (text as it is, bytes as lower-case hex). */
export type PatternMatch = { length: number; id: string | null };

/**
 * A pattern that is ready for bytes. `match` looks at the bytes from `at` on: the longest match so far, and whether more
 * bytes could make it one or a longer one. It costs bytes × steps at most: there is no backtracking to blow up.
 */
export type CompiledPattern = { match(bytes: Bytes, at: number): { found: PatternMatch | null; open: boolean } };

/** The pattern made ready, or why it is none. */
export function compilePattern(
  pattern: DtuPattern,
): { ok: true; pattern: CompiledPattern; holdsId: boolean } | { ok: false; reason: string } {
  const isText = "text" in pattern;
  const steps = isText ? textSteps(pattern.text) : hexSteps(pattern.hex);
  if (typeof steps === "string") return { ok: false, reason: steps };
  if (steps.length > DTU_PACKET_MAX) return { ok: false, reason: `longer than ${DTU_PACKET_MAX} bytes` };
  if (steps.every((step) => step.optional)) return { ok: false, reason: "matches nothing" };
  return { ok: true, pattern: matcher(steps, isText), holdsId: steps.some((step) => step.inId) };
}

const NO_MATCH = { found: null, open: false };

/**
 * Follows all ways through the steps at once, byte by byte. The lists of places are made once for the pattern: hostile
 * bytes by the megabyte must not become garbage by the gigabyte.
 */
function matcher(steps: readonly Step[], isText: boolean): CompiledPattern {
  let [now, next] = [places(), places()];
  const end = steps.length;

  function match(bytes: Bytes, at: number) {
    now.clear();
    now.add(steps, 0, -1, -1);
    const upTo = Math.min(bytes.length, at + DTU_PACKET_MAX);
    let [length, idFrom, idTo] = [0, -1, -1];
    for (let i = at; i < upTo && now.count > 0; i++) {
      const byte = bytes[i]!;
      next.clear();
      for (let k = 0; k < now.count; k++) {
        const place = now.at[k]!;
        const step = steps[place];
        if (step === undefined || step.fits[byte] === 0) continue;
        const from = step.inId && now.from[k]! < 0 ? i : now.from[k]!;
        const to = step.inId ? i + 1 : now.to[k]!;
        if (step.repeats) next.add(steps, place, from, to);
        next.add(steps, place + 1, from, to);
      }
      [now, next] = [next, now];
      const done = now.find(end);
      if (done < 0) continue;
      [length, idFrom, idTo] = [i + 1 - at, now.from[done]!, now.to[done]!];
    }
    const open = bytes.length - at < DTU_PACKET_MAX && now.count > (now.find(end) < 0 ? 0 : 1);
    if (length === 0) return open ? { found: null, open } : NO_MATCH;
    return { found: { length, id: idFrom < 0 ? null : idText(bytes.subarray(idFrom, idTo), isText) }, open };
  }

  return { match };
}

/** Places in a pattern that the bytes so far can lead to, and where the id began and ended on the way to each. */
function places() {
  const at = new Uint8Array(DTU_PACKET_MAX + 1);
  const from = new Int32Array(DTU_PACKET_MAX + 1);
  const to = new Int32Array(DTU_PACKET_MAX + 1);
  const present = new Uint8Array(DTU_PACKET_MAX + 1);
  const list = {
    at,
    from,
    to,
    count: 0,
    clear() {
      present.fill(0);
      list.count = 0;
    },
    /** Adds a place and those behind steps that may be left out; the first way to a place keeps it. */
    add(steps: readonly Step[], place: number, idFrom: number, idTo: number) {
      for (let each = place; present[each] === 0; each++) {
        present[each] = 1;
        at[list.count] = each;
        from[list.count] = idFrom;
        to[list.count] = idTo;
        list.count++;
        if (!steps[each]?.optional) break;
      }
    },
    find: (place: number) => (present[place] === 0 ? -1 : at.subarray(0, list.count).indexOf(place)),
  };
  return list;
}

function idText(bytes: Bytes, isText: boolean): string {
  let id = "";
  for (const byte of bytes) id += isText ? String.fromCharCode(byte) : byte.toString(16).padStart(2, "0");
  return id;
}
