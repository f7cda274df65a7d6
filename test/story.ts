import { expect } from "vitest";
import { type Actor, permissions, SCOPE_ALL } from "#domain/permission.ts";
import type { World } from "./world.ts";

/** How long a story of real programs over a bad line may take, on a machine that has other things to do. */
export const STORY_MS = 120_000;

/** The second person: who approves what {@link boss} of `world.ts` asks for. */
export const finance: Actor = {
  userId: 2,
  login: "li",
  name: "李会计",
  permissions: new Set(permissions),
  scope: SCOPE_ALL,
};

/** Books right and in balance, and nothing between two states. */
export async function expectSound(w: World): Promise<void> {
  await w.settle();
  const report = await w.verify();
  expect(report.problems).toEqual([]);
  expect(report.sumE4).toBe(0);
  const pending = await w.db.read
    .selectFrom("ledger_transfer")
    .leftJoin("ledger_resolution", "ledger_resolution.transfer_id", "ledger_transfer.id")
    .select("ledger_transfer.id")
    .where("ledger_transfer.pending", "=", 1)
    .where("ledger_resolution.transfer_id", "is", null)
    .execute();
  expect(pending).toEqual([]);
}
