import { performance } from "node:perf_hooks";

/** So often a long work tells how far it is. */
const TELL_MS = 5_000;

/**
 * Tells on stderr how far a long work is, now and then and at its end: what is made, how many of how many, how many a second, and how long
 * the rest will take. Answers what is called with each part that is done.
 */
export function progress(what: string, of: number): (done: number) => void {
  const began = performance.now();
  let [sum, told] = [0, began];
  return (done) => {
    sum += done;
    const now = performance.now();
    if (now - told < TELL_MS && sum < of) return;
    told = now;
    const seconds = (now - began) / 1000;
    const left = sum === 0 ? 0 : (seconds / sum) * (of - sum);
    console.error(
      `${what}: ${sum} of ${of} in ${Math.round(seconds)} s, ${Math.round(sum / seconds)} a second, ${Math.round(left)} s to go`,
    );
  };
}
