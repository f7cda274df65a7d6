import type { Db } from "#store/db.ts";
import { upsert } from "#store/portable.ts";

/** A concentrator at which nothing hangs, an item set that nothing uses, a meter where nobody lives: each has this id. */
const EMPTY = 7;

/** What each route about concentrators, channels and archives is asked by somebody who may, by its path. */
export function concentratorBodies(of: { meter: number }): Record<string, object> {
  const reason = { reason: "改造" };
  const device = { profile: "jc1", switchKind: "relay", closesBy: "direct" };
  return {
    "/api/concentrators": {
      ...{ key: `concentrator-${of.meter}`, areaId: 1, code: `N${of.meter}`, name: "新集中器", linkKind: "jichao" },
      linkKey: "11".repeat(16),
    },
    "/api/concentrators/:id/edit": { name: "一号", readIntervalS: 300, version: 0 },
    "/api/concentrators/:id/link": {
      ...{ linkKind: "jichao", direction: "dials_in", host: null, port: null, trust: "full", channel: "plain" },
      ...{
        sources: ["10.8.0.0/16"],
        lockSource: true,
        forgetSource: false,
        fingerprint: null,
        linkKey: "22".repeat(16),
      },
      ...{ version: 0, confirmed: true, ...reason },
    },
    "/api/concentrators/:id/channels": {
      ...{ bus: 9, name: "九号", kind: "rs485", baud: 2400, enabled: true, readIntervalS: null, itemSetId: null },
      version: null,
    },
    "/api/concentrators/:id/replace": {
      ...{ key: `replace-${of.meter}`, code: `R${of.meter}`, linkKey: null, version: 0, confirmed: true },
      ...reason,
    },
    "/api/concentrators/:id/retire": { version: 0, confirmed: true, ...reason },
    "/api/meters": {
      ...{ key: `meter-${of.meter}-new`, concentratorId: 1, bus: 1, gatewayId: null, areaId: 2, label: "2-新" },
      ...{ number: `NEW${of.meter}`, address: "777777777777", kind: "electricity", mode: "prepaid", ...device },
      ...{ price: "0.8", ratio: 1, openIndex: "0" },
    },
    "/api/meters/:id/edit": { label: "1-改名", itemSetId: null, version: 0 },
    "/api/meters/:id/protocol": { ...device, address: "555555555555", version: 0, confirmed: true, ...reason },
    "/api/meters/:id/move": { concentratorId: 1, bus: 2, gatewayId: null, version: 0, ...reason },
    "/api/meters/:id/retire": { version: 0, confirmed: true, ...reason },
    "/api/collection/defaults": { projectId: 1, readIntervalS: 300, itemSetId: null, version: 0 },
    "/api/collection/clock": { mode: "auto", version: 0, confirmed: true, ...reason },
    "/api/collection/item-sets": {
      ...{ id: null, projectId: 1, name: `方案${of.meter}`, version: 0 },
      items: [{ item: "power", every: 1 }],
    },
    "/api/collection/item-sets/:id/remove": { version: 0 },
  };
}

/** Makes what such a route needs: nothing under way, nobody living there, versions from 0, an item set to be removed. */
export async function prepareArchive(db: Db, path: string): Promise<void> {
  if (!/\/api\/(concentrators|collection)|\/api\/meters(\/:id\/(edit|protocol|move|retire))?$/.test(path)) return;
  await db.transact(async (tx) => {
    await tx.updateTable("command").set({ state: "cancelled" }).execute();
    await tx.updateTable("meter_exchange").set({ open_meter_id: null }).execute();
    await tx.updateTable("mode_change").set({ open_meter_id: null }).execute();
    await tx.updateTable("ratio_change").set({ open_meter_id: null }).execute();
    await tx.updateTable("move_out_meter").set({ open_meter_id: null }).execute();
    await tx.updateTable("group_member").set({ open_meter_id: null }).execute();
    await tx.updateTable("meter").set({ version: 0 }).execute();
    await tx.updateTable("concentrator").set({ version: 0 }).execute();
    // The town numbered its concentrators by hand.
    if (path === "/api/concentrators") {
      await upsert(tx, "sequence", [{ name: "concentrator", next: 50 }], ["name"], ["next"]);
    }
    if (path.endsWith("/remove")) {
      await tx
        .insertInto("item_set")
        .values({ id: EMPTY, project_id: 1, name: "不用", items: "[]", version: 0, updated_by: "test", updated_at: 1 })
        .execute();
    }
    if (path === "/api/concentrators/:id/retire") {
      const model = await tx.selectFrom("concentrator").selectAll().where("id", "=", 1).executeTakeFirstOrThrow();
      await tx
        .insertInto("concentrator")
        .values({ ...model, id: EMPTY, code: "EMPTY" })
        .execute();
    }
    if (path === "/api/meters/:id/retire") {
      const model = await tx.selectFrom("meter").selectAll().where("id", "=", 21).executeTakeFirstOrThrow();
      const state = await tx.selectFrom("meter_state").selectAll().where("meter_id", "=", 21).executeTakeFirstOrThrow();
      const { settle_due: _, ...row } = state as typeof state & { settle_due?: number };
      const own = { id: EMPTY, number: "EMPTY", address: "888888888888", account_id: null };
      await tx
        .insertInto("meter")
        .values({ ...model, ...own })
        .execute();
      await tx
        .insertInto("meter_state")
        .values({ ...row, meter_id: EMPTY, index_at: 0, suspect_wh: null })
        .execute();
    }
  });
}

/** Which object such a path is about, for the meter of a street. */
export function archiveUrl(path: string, of: { meter: number }): string {
  const street = of.meter === 99 ? 99 : Math.floor(of.meter / 10);
  const isEmpty = path === "/api/concentrators/:id/retire" && street === 1;
  return path
    .replace("/losses/:type/:id", `/losses/area/${street}`)
    .replace("/api/areas/:id", `/api/areas/${street}01`)
    .replace("move-preview", `move-preview?parentId=${street}02`)
    .replace("/api/meters/:id/retire", `/api/meters/${street === 1 ? EMPTY : of.meter}/retire`)
    .replace("/api/concentrators/:id", `/api/concentrators/${isEmpty ? EMPTY : street}`)
    .replace("/api/collection/item-sets/:id", `/api/collection/item-sets/${street === 1 ? EMPTY : 99}`);
}
