/** What a developer has the pages show instead of what there is. */
export const forcedStates = ["none", "loading", "empty", "failed", "stale"] as const;
export type ForcedState = (typeof forcedStates)[number];

let now: ForcedState = "none";
const listeners = new Set<() => void>();

/** What is forced now. */
export const forcedState = (): ForcedState => now;

/** Tells whenever something else is forced; answers how to stop listening. */
export function whenForced(tell: () => void): () => void {
  listeners.add(tell);
  return () => listeners.delete(tell);
}

/** Forces another state, or none, from now on. */
export function force(state: ForcedState): void {
  now = state;
  for (const tell of [...listeners]) tell();
}
