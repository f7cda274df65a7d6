import { addDays, DAY_MS, dayOf, later } from "#base/time.ts";
import { type Permission, SCOPE_ALL } from "#domain/permission.ts";
import { scopeText } from "#flows/run-export.ts";
import { freshDatabase } from "#store/test-databases.ts";
import { systemClock } from "#system/clock.ts";
import type { AccessLine } from "./test-access-matrix.ts";
import { alarmBodies, alarmIdOf, prepareAlarms } from "./test-alarms.ts";
import { batchBodies, batchIdOf, prepareBatch } from "./test-batches.ts";
import { archiveUrl, prepareArchive } from "./test-concentrators.ts";
import { deskBodies, stopOrder } from "./test-desk.ts";
import { deviceBodies, deviceFor } from "./test-devices.ts";
import { differ } from "./test-difference.ts";
import { exportFor, testShelf } from "./test-exports.ts";
import { groupBodies, prepareGroup } from "./test-groups.ts";
import { importBodies, importId, prepareImport, smallImport } from "./test-imports.ts";
import { linkBodies } from "./test-links.ts";
import { loadGuardBodies, prepareLoadGuards } from "./test-load-guard.ts";
import { moveOutBodies, prepareMoveOut } from "./test-move-out.ts";
import { peopleBodies, preparePeople, userUrl } from "./test-people.ts";
import { quarantineBodies, quarantined } from "./test-quarantine.ts";
import { fillPurse, moveMoney, refundBodies, refundFor } from "./test-refund.ts";
import { safetyBodies } from "./test-safety.ts";
import { noteTown, prepareSetup, setupBodies } from "./test-setup.ts";
import { hvacUnit, shareRule, shareTerms } from "./test-share.ts";
import { asked, buildTown, enrol, type TestUser, testApp } from "./test-town.ts";
import { prepareTrials, trialBodies, trialUrl } from "./test-trials.ts";

const noCut = { scope: "project", refId: 1, name: "夜间", days: ["workday"], fromMinute: 1_020, toMinute: 510 };

/** See {@link accessTown}. */
export type Town = Awaited<ReturnType<typeof accessTown>>;

/** A town in which every route of the matrix has something to do, and for each a request that would succeed. */
export async function accessTown(name: Parameters<typeof freshDatabase>[0]) {
  const shelf = testShelf();
  /** An approved change of prices that has not taken effect, by the meter that it is about. */
  const changes = new Map<number, string>();
  const windows = new Map<number, string>();
  /** What was shared of the public meter next door, and an indoor unit behind it, by the meter that takes part. */
  const shares = new Map<number, { run: string; unit: number }>();
  const yesterday = addDays(dayOf(systemClock()), -1);

  const db = await freshDatabase(name);
  await buildTown(db);
  const app = await testApp(db, { shelf, tryTown: () => noteTown(db) });
  const importFile = await smallImport();
  const admin = await enrol(db, {});
  const manager = await enrol(db, { areas: [1] });
  const order = await recharge(admin, 11, "first-order");
  const foreignOrder = await recharge(admin, 21, "other-order");
  const command = await read(admin, 11, "first-command");
  const alone = { kind: "price", on: false, limit: "0", reason: "一人值守" };
  await app.inject(asked(admin, "POST", "/api/approval-rules", alone));
  for (const meter of [11, 21]) {
    changes.set(meter, await newPrice(admin, meter));
    windows.set(meter, await newWindow(admin, meter));
  }
  const foreignCommand = await read(admin, 21, "other-command");
  await db.transact((tx) =>
    tx.insertInto("area").values({ id: 3, project_id: 1, parent_id: null, name: "3 号街", sort: 3 }).execute(),
  );
  await db.transact(async (tx) => {
    for (const [street, house] of [1, 2].flatMap((street) =>
      [1, 2].map((nth) => [street, street * 100 + nth] as const),
    )) {
      const area = { project_id: 1, parent_id: street, name: `${house} 号楼`, sort: house };
      await tx
        .insertInto("area")
        .values({ id: house, ...area })
        .execute();
      for (const ancestor of [street, house])
        await tx.insertInto("area_ancestor").values({ area_id: house, ancestor_id: ancestor }).execute();
    }
  });
  await preparePeople(db);
  for (const meter of [11, 21]) shares.set(meter, await share(admin, meter));

  async function recharge(user: TestUser, meterId: number, key: string): Promise<string> {
    const body = { key, meterId, amount: "100", channel: "cash" };
    return (await app.inject(asked(user, "POST", "/api/recharges", body))).json().orderNo;
  }
  async function newPrice(user: TestUser, meterId: number): Promise<string> {
    const body = priceChange(meterId, `price-of-${meterId}`, 2);
    return (await app.inject(asked(user, "POST", "/api/price-changes", body))).json().id;
  }
  async function newWindow(user: TestUser, meterId: number): Promise<string> {
    const body = { ...noCut, scope: "meter", refId: meterId, name: `${meterId}` };
    const { items } = (await app.inject(asked(user, "POST", "/api/no-cut-windows", body))).json();
    return items.find((each: { refId: number }) => each.refId === meterId).id;
  }
  function priceChange(meterId: number, key: string, daysAhead: number) {
    const what = { kind: "assignment", meters: { meterIds: [meterId] }, tariffId: null, price: "0.9" };
    return { key, what, from: systemClock() + daysAhead * DAY_MS, reason: "调价" };
  }
  async function read(user: TestUser, meterId: number, key: string): Promise<string> {
    return (await app.inject(asked(user, "POST", `/api/meters/${meterId}/commands`, { key, kind: "read" }))).json().id;
  }
  async function share(user: TestUser, meterId: number): Promise<{ run: string; unit: number }> {
    const source = meterId + 2;
    const area = Math.floor(meterId / 10);
    const box = 100 + area;
    await db.transact(async (tx) => {
      await tx
        .insertInto("box")
        .values({ id: box, area_id: area, name: `${area} 号箱` })
        .execute();
      await tx.updateTable("meter").set({ box_id: box, master_of: "area" }).where("id", "=", meterId).execute();
      const meter = await tx.selectFrom("meter").selectAll().where("id", "=", meterId).executeTakeFirstOrThrow();
      const lamp = { number: `E${source}`, address: String(source).padStart(12, "0"), mode: "public" as const };
      // In a street that the manager of the first one does not see.
      const place = { area_id: 3, account_id: null, label: `3-${source}` };
      await tx
        .insertInto("meter")
        .values({ ...meter, id: source, ...lamp, ...place })
        .execute();
      const day = { meter_id: source, day: yesterday, rev: 0, segment: 1, latest: 1 as const, ratio: 1, cost_e4: null };
      const open = { open_wh: 0, open_at: 1, open_source: "read" as const };
      const close = { close_wh: 500, close_at: 2, close_source: "read" as const, usage_wh: 500 };
      const made = { quality: "measured" as const, cause: "close" as const, made_at: 1, looked_at: 1 };
      await tx
        .insertInto("meter_day")
        .values({ ...day, ...open, ...close, ...made })
        .execute();
    });
    await app.inject(asked(user, "POST", "/api/shares/rules", shareRule(meterId, `share-of-${meterId}`, yesterday)));
    const run = { sourceMeterId: source, period: yesterday };
    const unit = await app.inject(asked(user, "POST", "/api/hvac/units", hvacUnit(meterId, `N${meterId}`)));
    return {
      run: (await app.inject(asked(user, "POST", "/api/shares/runs", run))).json().runId,
      unit: unit.json().unitId,
    };
  }

  /** A request that would succeed for somebody who may make it. */
  function example(
    [method, path]: AccessLine,
    of: {
      meter: number;
      order: string;
      command: string;
      refund?: string;
      moveOut?: string;
      device?: string;
      made?: string;
      group?: string;
      groupMeter?: number;
    },
  ) {
    // Of every two meters of a street the second has its credit on the server.
    const meter = /overdraft|emergency|ratio|mode/.test(path) ? of.meter + 1 : of.meter;
    const query: Record<string, string> = {
      "GET /api/calendar": "?year=2026",
      "GET /api/cuts/preview": `?at=${systemClock()}`,
      "DELETE /api/no-cut-windows/:id": "?rev=0",
    };
    const url = trialUrl(`${archiveUrl(path, of)}${query[`${method} ${path}`] ?? ""}`, of)
      .replace("/api/users/:id", userUrl(of.meter))
      .replace("/meters/:id", `/meters/${meter}`)
      .replace("/api/no-cut-windows/:id", `/api/no-cut-windows/${windows.get(of.meter) ?? "00000000000000000000"}`)
      .replace("/api/differences/:id", `/api/differences/difference-${of.meter}`)
      .replace("/api/alarms/:id", `/api/alarms/${alarmIdOf(of.meter)}`)
      .replace("/api/switch-batches/:id", `/api/switch-batches/${batchIdOf(of.meter)}`)
      .replace("/api/doubts/:id", `/api/doubts/${of.meter}`)
      .replace("/api/shares/sources/:id", `/api/shares/sources/${of.meter + 2}`)
      .replace("/api/shares/runs/:id", `/api/shares/runs/${shares.get(of.meter)?.run ?? "00000000000000000000"}`)
      .replace(/matrix(\/export)?$/, "$&?month=2026-03")
      .replace(/((reports\/(day|completeness)|slots)(\/export|\/missing)?|readings|curve)$/, "$&?day=2026-03-01")
      .replace(/reports\/(period|meters\/\d+|losses(\/area\/\d+)?)(\/export)?$/, "$&?period=2026-03")
      .replace(/shares\/sources$/, "$&?kind=box")
      .replace(/hvac\/inputs$/, method === "GET" ? `$&?outdoorMeterId=${of.meter + 2}&day=2026-03-01` : "$&")
      .replace("/api/price-changes/:id", `/api/price-changes/${changes.get(of.meter) ?? "00000000000000000000"}`)
      .replace("/api/imports/:id", `/api/imports/${importId(of.meter)}`)
      .replace(/imports(\/archive)?$/, method === "POST" ? "$&?projectId=1&name=a.xlsx" : "$&?projectId=1")
      .replace("/api/commands/:id", `/api/commands/${of.command}`)
      .replace("/api/exports/:id", `/api/exports/${of.made ?? "00000000000000000000"}`)
      .replace(/readings\/export|ranking(\/export)?$/, "$&?from=2026-03-01&to=2026-03-02")
      .replace("/api/customers/:id", `/api/customers/${of.meter}`)
      .replace("/api/rooms/:id", `/api/rooms/${of.meter}`)
      .replace("/api/shifts/:id", `/api/shifts/${of.meter === 99 ? 99 : 1}`) // the first payment opened it
      .replace(/statement(\/file)?$/, "$&?from=2026-01-01&to=2026-12-31")
      .replace(":paymentNo", of.order)
      .replace(":orderNo", of.order)
      .replace(":refundNo", of.refund ?? "F20260101999999")
      .replace(":moveOutNo", of.moveOut ?? "T20260101999999")
      .replace(":groupNo", of.group ?? "G99999999999999")
      .replace(":meterId", String(of.groupMeter ?? of.meter))
      .replace(/:(exchange|change)No/, of.device ?? "H20260101999999")
      .replace("mode-preview", "mode-preview?to=postpaid")
      .replace(/(options|tenant)$/, `$&?meterId=${of.meter}`);
    const bodies: Record<string, object> = {
      ...deskBodies(of),
      ...alarmBodies(of),
      ...batchBodies(of),
      ...trialBodies(of),
      ...setupBodies(of),
      ...loadGuardBodies(of),
      "/api/tariffs": { name: "单一价", kind: "electricity" },
      "/api/price-changes": priceChange(of.meter, `key-${of.meter}-matrix`, 3),
      "/api/price-changes/what-if": {
        month: "2026-03",
        what: { kind: "assignment", meters: { meterIds: [of.meter] }, tariffId: null, price: "0.9" },
      },
      "/api/price-changes/:id/revoke": { reason: "算错" },
      "/api/calendar": { days: [{ day: dayOf(later(systemClock(), 40 * DAY_MS)), kind: "holiday", name: "试" }] },
      "/api/no-cut-windows": noCut,
      ...linkBodies,
      ...quarantineBodies,
      ...peopleBodies,
      "/api/commands/:id/withdraw": { reason: "点错了" },
      "/api/meters/:id/guard": { on: true, reason: "诊所" },
      "/api/meters/:id/overdraft": { amount: "0", reason: "试" },
      "/api/meters/:id/emergency": { key: `key-${of.meter}-matrix`, amount: "5", reason: "夜间应急" },
      "/api/meters/:id/corrections": {
        key: `corrects-${of.meter}`,
        ...{ measuredAt: systemClock() - 1, decision: "correct", value: "1000", reason: "到现场看过" },
      },
      "/api/shares/preview": { ...shareTerms(of.meter), sharedFor: yesterday },
      "/api/shares/rules": shareRule(of.meter, `key-${of.meter}-matrix`, addDays(yesterday, 2)),
      "/api/shares/runs": { sourceMeterId: of.meter + 2, period: yesterday },
      "/api/areas/:id/move": {
        ...{ parentId: Math.floor(of.meter / 10) * 100 + 2, seenParentId: Math.floor(of.meter / 10), reason: "改建" },
      },
      "/api/boxes": { boxId: null, areaId: 1, name: "新箱", meterIds: [], reason: "新装" },
      "/api/hvac/units": hvacUnit(of.meter, `M${of.meter}`),
      "/api/hvac/inputs": {
        ...{ day: yesterday, source: "manual", reason: "" },
        units: [{ unitId: shares.get(of.meter)?.unit ?? 9, minutes: { low: 1, middle: 2, high: 3 } }],
      },
      ...refundBodies(of),
      ...moveOutBodies(of),
      ...deviceBodies(of),
      ...groupBodies(of),
      "/api/exports": { key: `key-${of.meter}-matrix`, report: "day", filter: { day: "2026-03-01" } },
      ...importBodies(importFile),
      ...safetyBodies,
      "/api/approval-rules": { kind: "refund", on: true, limit: "200", reason: "试" },
    };
    return { method, url, body: method === "POST" ? (bodies[path] ?? {}) : undefined };
  }

  /** What has to be so before a route about refunds has something to do. */
  async function prepareRefund(path: string): Promise<string | undefined> {
    if (path === "/api/refunds/preview") await moveMoney(db, "wallet", 50_000);
    if (path === "/api/refunds") await fillPurse(db);
    if (path === "/api/refunds/write-off") await moveMoney(db, "debt", -10_000);
    if (path === "/api/refunds/:refundNo/payout") await moveMoney(db, "refund_payable", 10_000);
    if (path === "/api/refunds/clear") {
      await db.transact((tx) => tx.updateTable("meter").set({ supply_guard: 0 }).where("id", "=", 11).execute());
      await db.transact((tx) =>
        tx.updateTable("recharge_order").set({ state: "withdrawn" }).where("meter_id", "=", 11).execute(),
      );
    }
    if (path === "/api/refunds/:refundNo/replacement") {
      await db.transact((tx) =>
        tx.updateTable("recharge_order").set({ state: "confirmed" }).where("order_no", "=", order).execute(),
      );
    }
    if (path === "/api/refunds/:refundNo/recheck") {
      await db.transact((tx) =>
        tx.updateTable("command").set({ state: "stopped" }).where("id", "=", command).execute(),
      );
    }
    return path.includes(":refundNo") ? refundFor(db, path, { meterId: 11, command }) : undefined;
  }

  /** Sees to it that a route has something to do, and that somebody with these permissions asks it for that. */
  async function readied(line: AccessLine, granted: readonly Permission[]) {
    const [, path] = line;
    if (path.startsWith("/api/differences/")) await differ(db, 11);
    if (path.startsWith("/api/quarantine/")) await quarantined(db, 11);
    if (path === "/api/recharges/:orderNo/recheck") await stopOrder(db, order);
    const refund = path.startsWith("/api/refunds") ? await prepareRefund(path) : undefined;
    const device = await deviceFor(db, path, { meter: 11, command });
    await prepareAlarms(db, path);
    await prepareBatch(db, path);
    await prepareTrials(db, path);
    await prepareSetup(db, path, command);
    await prepareLoadGuards(db, path);
    await prepareArchive(db, path);
    await prepareImport(db, path);
    await preparePeople(db);
    const user = await enrol(db, { permissions: granted });
    const waiting =
      path === "/api/commands/:id/withdraw" ? { command: await read(admin, 11, `withdrawn-${user.id}`) } : {};
    const group = await prepareGroup(db, path, command);
    const seen = { scope: scopeText({ scope: SCOPE_ALL, permissions: new Set(granted) }) };
    const exported = path.startsWith("/api/exports/:id") ? { made: await exportFor(db, shelf, user.id, seen) } : {};
    const made = { ...(refund && { refund }), ...(await prepareMoveOut(db, path)), ...device, ...group, ...exported };
    return { user, ...example(line, { meter: 11, order, command, ...made, ...waiting }) };
  }

  async function close(): Promise<void> {
    await app.close();
    await db.drop();
    await shelf.clear();
  }
  const mine = { order, command, manager };
  return { db, app, shelf, ...mine, foreignOrder, foreignCommand, example, readied, priceChange, close };
}
