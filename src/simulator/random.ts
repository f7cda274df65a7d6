/**
 * A number in 0 … 1 that depends only on its inputs: the same seed and place give the same chance in every run,
 * however often and in whatever order it is asked. (A 32-bit mixer; good enough for weather, not for secrets.)
 */
export function chance(...parts: readonly number[]): number {
  let state = 0x9e3779b9;
  for (const part of parts) {
    state = mix(state ^ (part >>> 0));
    state = mix(state ^ (Math.floor(part / 2 ** 32) >>> 0));
  }
  return state / 2 ** 32;
}

/** A stream of numbers in 0 … 1 from one seed. */
export function randomStream(...seed: readonly number[]): () => number {
  let step = 0;
  return () => chance(...seed, step++);
}

/** A whole number from … to, both possible. */
export function between(random: () => number, from: number, to: number): number {
  return from + Math.floor(random() * (to - from + 1));
}

/** One of the list, each as likely as another. */
export function pick<T>(random: () => number, list: readonly [T, ...T[]]): T {
  return list[Math.floor(random() * list.length)] ?? list[0];
}

/** A 32-bit number for a text, so that a name can be part of a seed. */
export function numberOf(text: string): number {
  let state = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) state = mix(state ^ text.charCodeAt(i));
  return state;
}

function mix(value: number): number {
  let x = (value + 0x6d2b79f5) | 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return (x ^ (x >>> 15)) >>> 0;
}
