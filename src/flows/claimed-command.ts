import type { Instant } from "#base/time.ts";
import type { CommandKind, CreditKind } from "#domain/command.ts";
import type { LoadGuardSettings } from "#domain/load-guard.ts";
import type { CommandCause } from "#store/schema-commands.ts";

/** A command that this collector may carry out until its lease ends. */
export type ClaimedCommand = {
  id: string;
  meterId: number;
  /** Which of the devices that have been in the meter's place the command is for. */
  installation: number;
  concentratorId: number;
  kind: CommandKind;
  cause: CommandCause;
  attempts: number;
  /** When it was asked for. */
  createdAt: Instant;
  leaseToken: string;
  /** It was sent before, so it may have happened: read back first, never send blindly. */
  mayHaveHappened: boolean;
  priority: number;
  address: string;
  bus: number;
  /** Address of the gateway meter behind which it hangs. */
  via: string | null;
  profile: string;
  closesBy: "direct" | "button";
  /** What is done to the credit: amount in hundredths of a unit, and the customer number that the meter knows. */
  topUp: { act: CreditKind; amount: number; customer: string } | null;
  /** Purchase count that the meter should show before this top-up. */
  expectedCount: number | null;
  purchaseNumber: number | null;
  frameHex: string | null;
  /** Version of the meter's key under which `frameHex` was made. */
  keyVersion: number | null;
  /** change_key: the version that it leads to. */
  keyVersionTo: number | null;
  /** read: its clock as well. */
  withClock: boolean;
  /** set_load_guard: what the guard is to watch for; release_load_guard: how often it had tripped when somebody looked into it. */
  loadGuard: { settings: LoadGuardSettings } | { total: number } | null;
  expiresAt: Instant;
};
