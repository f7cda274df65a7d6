import { type CommandKind, isCredit } from "./command.ts";
import type { Permission } from "./permission.ts";
import type { Relay } from "./switching.ts";

/** Why a command to a meter that waits was ended by hand (撤回); kept with it. */
export const TAKEN_BACK = "taken_back";

/**
 * Whether a command can be withdrawn. `sent`: a byte of it may have left, so only the meter can say what happened. `money`: what it carries is booked, and
 * is taken back with its order, refund, change of mode, exchange or merge. `system`: nobody asked for it, and it would be asked for again.
 */
export const withdrawals = ["may", "sent", "ended", "money", "system"] as const;
export type Withdrawal = (typeof withdrawals)[number];

/** What people ask a meter to do by hand, and who may: he may also take it back. */
const permissionOf: Readonly<Partial<Record<CommandKind, Permission>>> = {
  trip: "meter.trip",
  close: "meter.close",
  permit_close: "meter.close",
  read: "meter.read",
  set_load_guard: "loadguard.set",
  release_load_guard: "loadguard.release",
};

/** Whoever may withdraw anything. */
export const withdrawPermissions = [
  "meter.trip",
  "meter.close",
  "meter.read",
  "loadguard.set",
  "loadguard.release",
] as const satisfies readonly Permission[];

/** A command as far as its withdrawal looks at it. `isAtWork`: a collector holds it now. */
export type WithdrawnFacts = {
  readonly kind: CommandKind;
  readonly cause: string;
  readonly state: string;
  readonly wasSent: boolean;
  readonly isAtWork: boolean;
};

/** The permission that sends a command of this kind; null where nobody does by hand. */
export function withdrawPermission(kind: CommandKind): Permission | null {
  return permissionOf[kind] ?? null;
}

/** See {@link withdrawals}. Nobody notes when a question left, so one that a collector holds counts as sent. */
export function withdrawalOf({ kind, cause, state, wasSent, isAtWork }: WithdrawnFacts): Withdrawal {
  if (isCredit(kind)) return "money";
  if (cause !== "operator" || withdrawPermission(kind) === null) return "system";
  if (state === "sent" || state === "unknown") return "sent";
  if (state !== "waiting") return "ended";
  return wasSent || (kind === "read" && isAtWork) ? "sent" : "may";
}

/**
 * Whether supply stays off, or may go off and stay so, when a command is withdrawn: it was to bring supply back, and the meter is not seen closed or was last
 * told to open.
 */
export function leavesOff(kind: CommandKind, seen: { relay: Relay | null; relayCommanded: Relay | null }): boolean {
  if (kind !== "close" && kind !== "permit_close") return false;
  return seen.relay !== "closed" || seen.relayCommanded === "open";
}
