/** How a check went: fine, worth looking at, or something that must be mended before people rely on the system. */
export type State = "ok" | "warn" | "fail";

/** A sentence in both languages. */
export type Words = readonly [zh: string, en: string];

/** What one check found: why it is so, and what to do when it is not fine. */
export type Finding = { check: string; state: State; why: Words; todo?: Words };

/** All is well. */
export function ok(check: string, ...why: Words): Finding {
  return { check, state: "ok", why };
}

/** It goes on like this, but somebody should look. */
export function warn(check: string, why: Words, todo: Words): Finding {
  return { check, state: "warn", why, todo };
}

/** It must be mended. */
export function fail(check: string, why: Words, todo: Words): Finding {
  return { check, state: "fail", why, todo };
}
