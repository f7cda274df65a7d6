import { newKey } from "#web/shared/new-key.ts";

/**
 * The key of one move-out or move-in that is being entered, kept over reloads: a second click or a reload after a lost answer
 * finds what was begun instead of beginning again.
 */
export function draftKey(what: "move-out" | "move-in", meterId: number): string {
  const name = storedAs(what, meterId);
  const kept = sessionStorage.getItem(name);
  if (kept !== null) return kept;
  const key = newKey();
  sessionStorage.setItem(name, key);
  return key;
}

/** It is begun: the next one of this meter is another. */
export function forgetDraftKey(what: "move-out" | "move-in", meterId: number): void {
  sessionStorage.removeItem(storedAs(what, meterId));
}

function storedAs(what: string, meterId: number): string {
  return `jichao.${what}.${meterId}`;
}
