import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addDays, DAY_MS, type Day, HOUR_MS, type Instant, later, startOfDay } from "#base/time.ts";
import { runningOutQuery } from "#contract/running-out.ts";
import { type Actor, SCOPE_ALL, type Scope } from "#domain/permission.ts";
import { customerDetail } from "#store/customers.ts";
import { type RunningOutAsked, runningOutReport } from "#store/running-out.ts";
import { testDatabases } from "#store/test-databases.ts";
import { customerTimeline } from "#store/timeline.ts";
import { closeDueDays } from "./close-days.ts";
import { noteTold } from "./tell-customers.ts";
import { type Building, boss, building } from "./test-building.ts";

const FIRST = "2026-12-27" as Day; // over the end of a month and of a year
const DAYS = 8;
const at = (n: number, hours: number): Instant => later(startOfDay(addDays(FIRST, n)), Math.round(hours * HOUR_MS));
const ASKED: RunningOutAsked = { days: 3, show: "due", sort: "days", search: "" };

/** What each meter uses a day; the last three hang on one account, which lies in two areas. */
const METERS = [
  { name: "soon", area: "A座", creditAt: "meter", openingCreditWh: 60_000, use: 6_000 },
  { name: "later", area: "A座", creditAt: "meter", openingCreditWh: 900_000, use: 6_000 },
  { name: "idle", area: "A座", creditAt: "meter", openingCreditWh: 1_000, use: 0 },
  { name: "onServer", area: "B座", creditAt: "server", openingCreditWh: 60_000, use: 6_000 },
  { name: "arrears", area: "B座", creditAt: "server", openingCreditWh: 10_000, use: 6_000 },
  { name: "postpaid", area: "B座", creditAt: "server", openingCreditWh: 0, use: 6_000, mode: "postpaid" },
  { name: "main", area: "A座", creditAt: "server", openingCreditWh: 100_000, use: 2_000 },
  { name: "sub", area: "A座", creditAt: "server", openingCreditWh: 0, use: 2_000 },
  { name: "far", area: "B座", creditAt: "server", openingCreditWh: 0, use: 2_000 },
] as const;
type Name = (typeof METERS)[number]["name"] | "unread";

for (const { name, available, why } of testDatabases) {
  describe.skipIf(!available)(`who runs out on ${name}${why ? ` (${why})` : ""}`, () => {
    let b: Building;
    let now: Instant;
    let areas: Map<string, number>;
    const id = (of: Name): number =>
      b.meters[of === "unread" ? METERS.length : METERS.findIndex((each) => each.name === of)] ?? 0;
    const nameOf = (meterId: number) => METERS[b.meters.indexOf(meterId)]?.name ?? "unread";
    const ask = (asked: Partial<RunningOutAsked> & { limit?: number; after?: number } = {}, scope: Scope = SCOPE_ALL) =>
      runningOutReport(b.db.read, scope, { ...ASKED, after: 0, limit: 100, ...asked, now });
    const listed = async (asked: Partial<RunningOutAsked> = {}, scope: Scope = SCOPE_ALL) =>
      (await ask(asked, scope)).items.map((row) => nameOf(row.meterId));
    const rowOf = async (of: Name, asked: Partial<RunningOutAsked> = {}, scope: Scope = SCOPE_ALL) => {
      const row = (await ask(asked, scope)).items.find((each) => each.meterId === id(of));
      if (row === undefined) throw new Error(`${of} is not listed`);
      return row;
    };
    const only = (area: string): Scope => ({ all: false, areaIds: [areas.get(area) ?? 0], meterIds: [] });
    const change = (meter: Name, what: object) =>
      b.db.transact((tx) => tx.updateTable("meter").set(what).where("id", "=", id(meter)).execute());
    const state = (meter: Name, what: object) =>
      b.db.transact((tx) => tx.updateTable("meter_state").set(what).where("meter_id", "=", id(meter)).execute());

    beforeAll(async () => {
      b = await building(name, at(0, 0), [
        ...METERS.map(({ name: _, use: __, ...archive }) => archive),
        { area: "B座", creditAt: "meter" as const },
      ]);
      areas = new Map((await b.db.read.selectFrom("area").selectAll().execute()).map((row) => [row.name, row.id]));
      const accountOf = async (meter: Name) =>
        (await b.db.read.selectFrom("meter").select("account_id").where("id", "=", id(meter)).executeTakeFirstOrThrow())
          .account_id;
      for (const each of ["sub", "far"] as const) await change(each, { account_id: await accountOf("main") });
      for (let n = 0; n <= DAYS; n++) {
        for (const each of METERS) {
          b.at(at(n, 0));
          await b.read(id(each.name), at(n, 0), each.use * n);
        }
        b.at(at(n, 0.1));
        await b.settle();
      }
      for (const each of METERS.filter(({ creditAt }) => creditAt === "meter"))
        await state(each.name, { remaining_wh: each.openingCreditWh - each.use * DAYS, remaining_at: at(DAYS, 0) });
      await state("unread", { remaining_wh: null, index_wh: null });
      b.at(at(DAYS, 3));
      for (let more = true; more; ) more = (await closeDueDays(b.ctx)).more;
      now = b.ctx.clock();
    });
    afterAll(() => b?.db.drop());

    test("who runs out in time is listed, the soonest first, with what rests on the last seven closed days", async () => {
      expect(await listed()).toEqual(["arrears", "soon", "onServer"]);
      const report = await ask();
      expect([report.useFrom, report.useTo]).toEqual([addDays(FIRST, 1), addDays(FIRST, DAYS - 1)]);
      expect(report).toMatchObject({ total: 3, customers: 3, counts: { due: 3, unused: 1, unknown: 1, all: 7 } });
      expect(await rowOf("soon")).toMatchObject({
        ...{ state: "lasts", leftWh: 12_000, leftYuan: "9.60", usePerDayWh: 6_000, costPerDay: "4.80", useDays: 7 },
        ...{
          daysLeftTenths: 20,
          runsOutOn: addDays(FIRST, DAYS + 2),
          elsewhere: false,
          lastRecharge: null,
          told: null,
        },
      });
      expect(await rowOf("arrears")).toMatchObject({ state: "arrears", daysLeftTenths: 0 });
      const sum = report.items.reduce((all, row) => all + Number(row.leftYuan), 0);
      expect(Number(report.leftYuan)).toBeCloseTo(sum, 4);
      expect(await listed({ days: 1 })).toEqual(["arrears"]);
      expect(await listed({ days: 14 })).toEqual(["arrears", "soon", "onServer", "main"]);
      expect(await listed({ sort: "room" })).toEqual(["soon", "onServer", "arrears"]);
      expect(await listed({ sort: "left" })).toEqual(["arrears", "soon", "onServer"]);
    });

    test("who uses nothing is told from him of whom nothing is known, and a postpaid meter is in no list", async () => {
      expect(await listed({ show: "unused" })).toEqual(["idle"]);
      expect(await rowOf("idle", { show: "unused" })).toMatchObject({ state: "unused", usePerDayWh: 0, useDays: 7 });
      expect(await listed({ show: "unknown" })).toEqual(["unread"]);
      expect(await rowOf("unread", { show: "unknown" })).toMatchObject({
        ...{ state: "unread", leftWh: null, usePerDayWh: null, useDays: 0, daysLeftTenths: null, runsOutOn: null },
      });
    });

    test("days left and use are those of the account's page, of every account and in every scope", async () => {
      for (const scope of [SCOPE_ALL, only("A座"), only("B座")]) {
        for (const show of ["due", "unknown", "unused"] as const) {
          for (const row of (await ask({ show, days: 14 }, scope)).items) {
            const page = await customerDetail(b.db.read, scope, row.customerId, now);
            const shown = page?.meters.find(({ tile }) => tile.meterId === row.meterId);
            const { daysLeftTenths, usePerDayWh } = shown ?? {};
            expect({ id: row.meterId, daysLeftTenths }).toEqual({
              id: row.meterId,
              daysLeftTenths: row.daysLeftTenths,
            });
            if (row.meters.length === 1 && !row.elsewhere) expect(usePerDayWh).toBe(row.usePerDayWh);
          }
        }
      }
    });

    test("of an account with meters outside the scope neither their use nor what follows from it is told", async () => {
      expect(await rowOf("main", { days: 14 })).toMatchObject({
        ...{ elsewhere: false, costPerDay: "4.80", usePerDayWh: null, daysLeftTenths: 86 },
      });
      const [a, b2] = [only("A座"), only("B座")];
      expect(await listed({ days: 14 }, a)).toEqual(["soon"]);
      expect(await rowOf("main", { show: "unknown" }, a)).toMatchObject({
        ...{ elsewhere: true, costPerDay: null, usePerDayWh: null, daysLeftTenths: null, useDays: 0 },
      });
      const far = await rowOf("far", { show: "unknown" }, b2);
      expect(far).toMatchObject({ elsewhere: true, costPerDay: null });
      expect(far.meters.map(({ meterId }) => meterId)).toEqual([id("far")]);
      expect((await ask({}, a)).counts).toEqual({ due: 1, unused: 1, unknown: 1, all: 4 });
      const none: Scope = { all: false, areaIds: [], meterIds: [] };
      expect(await ask({}, none)).toMatchObject({ items: [], total: 0, customers: 0, leftYuan: "0.00" });
      const one: Scope = { all: false, areaIds: [], meterIds: [id("soon")] };
      expect(await ask({ show: "due" }, one)).toMatchObject({ total: 1, counts: { all: 1 } });
    });

    test("area and text narrow it, also the sums; pages hold each row once; nonsense is refused", async () => {
      expect(await listed({ areaId: areas.get("B座") ?? 0 })).toEqual(["arrears", "onServer"]);
      expect(await listed({ areaId: areas.get("B座") ?? 0 }, only("A座"))).toEqual([]);
      expect(await listed({ search: "住户4" })).toEqual(["onServer"]);
      expect(await listed({ search: "13800000001" })).toEqual(["soon"]);
      expect(await listed({ search: "%" })).toEqual([]);
      expect((await ask({ search: "住户4" })).customers).toBe(1);
      const pages = [await ask({ limit: 2 }), await ask({ limit: 2, after: 2 })];
      expect(pages.map((page) => page.next)).toEqual([2, null]);
      expect(pages.flatMap((page) => page.items.map((row) => nameOf(row.meterId)))).toEqual(await listed());
      expect(runningOutQuery.parse({})).toMatchObject({ days: 3, show: "due", sort: "days", after: 0 });
      expect(runningOutQuery.parse({ days: "14" }).days).toBe(14);
      const nonsense = [
        ...[{ days: "2" }, { days: "" }, { days: "1e9" }, { days: "3;drop" }, { show: "all" }, { sort: "phone" }],
        ...[{ areaId: "-1" }, { areaId: "x" }, { after: "-1" }, { limit: "501" }, { search: "x".repeat(65) }],
      ];
      for (const each of nonsense)
        expect({ each, ok: runningOutQuery.safeParse(each).success }).toEqual({ each, ok: false });
    });

    test("supply that is off is said, and what a tenant before used is not this one's use", async () => {
      await state("soon", { relay: "open", off_cause: "arrears" });
      expect(await rowOf("soon")).toMatchObject({ state: "off", daysLeftTenths: 20 });
      await state("soon", { relay: "closed", off_cause: null });
      const meter = await b.db.read
        .selectFrom("meter")
        .innerJoin("account", "account.id", "meter.account_id")
        .select(["account.id", "account.customer_id"])
        .where("meter.id", "=", id("soon"))
        .executeTakeFirstOrThrow();
      const movedIn = { meter_id: id("soon"), account_id: meter.id, customer_id: meter.customer_id };
      await b.db.transact(async (tx) => {
        await tx.deleteFrom("tenancy").where("meter_id", "=", id("soon")).execute();
        await tx
          .insertInto("tenancy")
          .values({
            ...{ ...movedIn, id: "moved-in", room_id: null, until_at: null, move_out_no: null },
            ...{ idem_key: "moved-in-1", from_at: at(DAYS - 2, 15) },
          })
          .execute();
      });
      expect(await rowOf("soon")).toMatchObject({ useDays: 1, usePerDayWh: 6_000 });
      await b.db.transact((tx) =>
        tx
          .updateTable("tenancy")
          .set({ from_at: at(DAYS, 1) })
          .where("id", "=", "moved-in")
          .execute(),
      );
      expect(await rowOf("soon", { show: "unknown" })).toMatchObject({ state: "unknown", daysLeftTenths: null });
      await b.db.transact((tx) => tx.deleteFrom("tenancy").where("id", "=", "moved-in").execute());
    });

    test("that somebody was told stands in the list, in his story and in the audit, once, and in the own scope alone", async () => {
      const manager: Actor = { ...boss, userId: 2, login: "chen", name: "陈经理", scope: only("A座") };
      const told = { key: "told-once", meterIds: [id("soon"), id("onServer"), 999_999], note: "已电话通知", ip: "" };
      for (let i = 0; i < 2; i++) expect(await noteTold(b.ctx, manager, told)).toEqual([id("soon")]);
      expect((await rowOf("soon")).told).toEqual({ at: now, by: "陈经理", note: "已电话通知" });
      expect((await rowOf("onServer")).told).toBeNull();
      const audit = await b.db.read.selectFrom("audit").selectAll().where("action", "=", "customer.tell").execute();
      expect(audit.map((row) => [row.actor, row.object, row.reason])).toEqual([
        ["chen", `meter:${id("soon")}`, "已电话通知"],
      ]);
      const { customerId } = await rowOf("soon");
      const story = await customerTimeline(b.db.read, SCOPE_ALL, customerId, { before: null, limit: 20 });
      expect(story?.items.filter((entry) => entry.kind === "customer_told")).toHaveLength(1);
      // Of a tenant who came later nobody says that he was told.
      const event = b.db.read.selectFrom("meter_event").selectAll().where("kind", "=", "customer_told");
      const { id: eventId, detail } = await event.executeTakeFirstOrThrow();
      const another = JSON.stringify({ ...JSON.parse(detail), customerId: customerId + 1_000 });
      await b.db.transact((tx) =>
        tx.updateTable("meter_event").set({ detail: another }).where("id", "=", eventId).execute(),
      );
      expect((await rowOf("soon")).told).toBeNull();
      expect((await ask()).asOf - now).toBeLessThan(DAY_MS);
    });
  });
}
