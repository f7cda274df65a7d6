import { HOUR_MS, type Instant, instant, later } from "#base/time.ts";
import type { Actor } from "#domain/permission.ts";
import { batchView } from "#store/switch-batch-pages.ts";
import { actorOf } from "#store/users.ts";
import { enrol } from "../server/test-town.ts";
import { approvalEffects } from "./approval-effects.ts";
import { decideApproval } from "./decide-approval.ts";
import { type BatchAsked, requestBatch } from "./request-batch.ts";
import { runBatches } from "./run-batches.ts";
import { building } from "./test-building.ts";

const START = instant(Date.UTC(2026, 7, 1, 2));
const METERS = 26;

/** A house of 26 meters, the last two in another area, and three people who may do everything; the clock is that of the test. */
export async function batchHouse(name: "sqlite" | "mariadb") {
  const house = await building(
    name,
    START,
    Array.from({ length: METERS }, (_, i) => ({ area: i < 24 ? "A座" : "B座" })),
  );
  let now: Instant = START;
  let keys = 0;
  const person = async (areas?: readonly number[]): Promise<Actor> => {
    const actor = await actorOf(house.db.read, (await enrol(house.db, areas === undefined ? {} : { areas })).id);
    if (!actor) throw new Error("the user was enrolled");
    return actor;
  };
  const [wang, li, zhao] = [await person(), await person(), await person()];
  const pass = (ms: number): void => {
    now = later(now, ms);
    house.at(now);
  };
  /** All is as on another day: nothing is on its way, nothing off or guarded, and what was tripped is over a day ago. */
  const newDay = async (): Promise<void> => {
    pass(25 * HOUR_MS);
    await house.db.transact(async (tx) => {
      await tx.updateTable("meter").set({ supply_guard: 0, switch_kind: "relay" }).execute();
      await tx.updateTable("meter_state").set({ off_cause: null, relay: "closed" }).execute();
      const open = ["running", "requested"] as const;
      await tx.updateTable("switch_batch").set({ state: "done" }).where("state", "in", open).execute();
      await tx.updateTable("command").set({ state: "confirmed" }).execute();
      await tx.deleteFrom("setting").where("key", "like", "off_%").execute();
    });
  };
  const ids = (...places: number[]): number[] => places.map((place) => house.meters[place] ?? 0);
  const asking = (over: Partial<BatchAsked> = {}): BatchAsked => {
    const meterIds = over.meterIds ?? ids(0, 1, 2);
    const given = { key: `batch-key-${++keys}`, kind: "trip", reason: "台风来袭", againOf: null, ip: "" } as const;
    return { ...given, meterIds, typed: meterIds.length, ...over };
  };
  const ask = async (over: Partial<BatchAsked> = {}, by = wang) =>
    (await requestBatch(house.ctx, by, asking(over))).batchId;
  const seen = async (id: string, by: Actor = wang) => {
    const found = await batchView(house.db.read, by, id, now);
    if (!found) throw new Error(`no batch ${id}`);
    return found;
  };
  const approve = async (id: string, by = li, over: { seen?: string; verdict?: "approve" | "reject" } = {}) => {
    const { approval, list } = await seen(id, li);
    if (!approval) throw new Error("nobody was asked");
    const decision = { id: approval.id, verdict: "approve", version: 0, seen: list, reason: "不同意", ip: "" } as const;
    return decideApproval(house.ctx, approvalEffects, by, { ...decision, ...over });
  };
  const run = (limit = 100) => runBatches(house.ctx, limit);
  const commandsOf = (id: string) =>
    house.db.read
      .selectFrom("switch_batch_meter")
      .innerJoin("command", "command.id", "switch_batch_meter.command_id")
      .selectAll("command")
      .where("batch_id", "=", id)
      .orderBy("switch_batch_meter.position")
      .execute();
  const set = (meterId: number, change: { sent_at?: number; state?: "sent" | "confirmed" | "refused" }) =>
    house.db.transact((tx) =>
      tx
        .updateTable("command")
        .set(change)
        .where("meter_id", "=", meterId)
        .where("state", "in", ["waiting", "sent"])
        .execute(),
    );
  const steps = async (id: string) => {
    const { steps } = await seen(id);
    return Object.fromEntries(Object.entries(steps).filter(([, count]) => count > 0));
  };
  return {
    ...house,
    wang,
    li,
    zhao,
    person,
    now: () => now,
    pass,
    newDay,
    ids,
    asking,
    ask,
    seen,
    approve,
    run,
    commandsOf,
    set,
    steps,
  };
}
