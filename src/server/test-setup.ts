import type { Db } from "#store/db.ts";
import { nextNumbers } from "#store/sequences.ts";
import { saveSetting } from "#store/settings.ts";
import { DEMO_SETTING } from "#store/setup.ts";
import { systemClock } from "#system/clock.ts";

/** Sees to it that a route of the set-up assistant has something to do. */
export async function prepareSetup(db: Db, path: string, command: string): Promise<void> {
  if (path === "/api/setup/areas") await leaveAreaNumbers(db);
  if (path === "/api/setup/faces") await readDone(db, command, 1_000_000);
}

/** Enrols no town, but says that one was: a town is there already. */
export async function noteTown(db: Db): Promise<boolean> {
  await db.transact((tx) => saveSetting(tx, { key: DEMO_SETTING, value: "1", by: "user1", at: systemClock() }));
  return true;
}

/** Areas of these tests have numbers that no sequence gave: the next ones are others. */
export async function leaveAreaNumbers(db: Db): Promise<void> {
  await db.transact((tx) => nextNumbers(tx, "area", 10_000));
}

/** A reading command that has just read this. */
export async function readDone(db: Db, command: string, energyWh: number): Promise<void> {
  const change = { state: "confirmed" as const, result: JSON.stringify({ energyWh }), done_at: systemClock() };
  await db.transact((tx) => tx.updateTable("command").set(change).where("id", "=", command).execute());
}

/** Bodies of its requests. */
export const setupBodies = (of: { meter: number; command: string }): Record<string, object> => ({
  "/api/setup/project": { name: "测试项目", electricityPrice: "0.8", version: 0 },
  "/api/setup/areas": { topId: Math.floor(of.meter / 10), text: "新楼\t1 层" },
  "/api/setup/skip": { step: "messages", skipped: true },
  "/api/setup/faces": { meterId: of.meter, commandId: of.command, typed: "1000" },
});
