/** Meter models whose top-ups are protected by a key of ours. Others bring their own ways, or none. */
const KEYED_PROFILES: ReadonlySet<string> = new Set(["jc1"]);

/** Whether meters of this model have a key that comes from our root keys. */
export function hasMeterKey(profile: string): boolean {
  return KEYED_PROFILES.has(profile);
}

/** The last version that a root key can have: it travels in one byte. */
export const ROOT_KEY_VERSION_MAX = 255;

/** What a meter showed when it was asked for its key. `isOurs`: its check value is that of our key of this version. */
export type KeyShown = { version: number; isOurs: boolean };

/**
 * What follows for a change of key to version `to`: the meter has it; it has an earlier one of ours, so the change may be sent (again);
 * or it shows a key that is none of ours, or is already beyond, and nothing that we could send would be taken.
 */
export type KeyVerdict = "has_it" | "may_send" | "contradiction";

/** Judges what the meter showed. Only what it shows counts, never what it was told. */
export function judgeKey(shown: KeyShown, to: number): KeyVerdict {
  if (!shown.isOurs || shown.version > to) return "contradiction";
  return shown.version === to ? "has_it" : "may_send";
}
