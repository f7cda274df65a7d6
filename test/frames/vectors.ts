import { readFileSync } from "node:fs";
import { type Bytes, fromHex } from "#protocol/bytes.ts";

/** A published frame with its meaning, or one that is none and why. */
export type Vector = {
  id: string;
  hex: string;
  valid: boolean;
  category: string;
  /** `frame`: not a frame at all; `semantic`: a frame that means nothing good. */
  invalidKind?: "frame" | "semantic";
  reason?: string;
  meaning: Record<string, unknown>;
};

/** The vectors of one file of this folder: those that are frames, and those that are none. */
export function vectorsOf(name: string): { count: number; all: Vector[]; good: Vector[]; bad: Vector[] } {
  const text = readFileSync(new URL(`./${name}.json`, import.meta.url), "utf8");
  const { count, vectors }: { count: number; vectors: Vector[] } = JSON.parse(text);
  const isBad = (vector: Vector) => vector.invalidKind === "frame";
  return { count, all: vectors, good: vectors.filter((each) => !isBad(each)), bad: vectors.filter(isBad) };
}

/** The bytes of a vector. */
export function vectorBytes({ id, hex }: Pick<Vector, "id" | "hex">): Bytes {
  const bytes = fromHex(hex);
  if (bytes === null) throw new Error(`${id} is not hex`);
  return bytes;
}
