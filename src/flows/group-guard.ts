import { AppError } from "#base/errors.ts";
import type { Tx } from "#store/db.ts";
import { membershipOf } from "#store/groups.ts";

/**
 * Refuses what only the main meter of a group (合并账户) may be asked, and what may not happen while a meter is on its way into a group
 * or out of it. A single meter, and a main meter, pass.
 */
export async function refuseToSub(tx: Tx, meterId: number): Promise<void> {
  const membership = await membershipOf(tx, meterId);
  if (membership === null) return;
  const { label, mainLabel, isMain, state } = membership;
  if (state !== "merged") throw new AppError("group_in_flight", { label });
  if (!isMain) throw new AppError("meter_is_sub", { main: mainLabel });
}

/** Refuses what cannot be done with a meter as long as it belongs to a group at all: it has to be taken out first. */
export async function refuseToMember(tx: Tx, meterId: number): Promise<void> {
  const membership = await membershipOf(tx, meterId);
  if (membership === null) return;
  const { label, mainLabel: main, state } = membership;
  throw state === "merged"
    ? new AppError("group_member_already", { label, main })
    : new AppError("group_in_flight", { label });
}
