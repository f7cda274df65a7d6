import type { FastifyInstance } from "fastify";
import { afterEach, describe, expect, test } from "vitest";
import { DAY_MS, type Day, dayOf, HOUR_MS, instant, later, MINUTE_MS, startOfDay } from "#base/time.ts";
import type { PriceChange, TermsOnWire } from "#contract/prices.ts";
import type { Permission } from "#domain/permission.ts";
import { applyPrices } from "#flows/apply-prices.ts";
import { settleDueMeters } from "#flows/settle-usage.ts";
import { verifyLedger } from "#flows/verify-ledger.ts";
import { asked, buildTown, contextOf, enrol, type TestUser, testApp } from "#server/test-town.ts";
import { freshDatabase, type TestDatabase, testDatabases } from "#store/test-databases.ts";
import { systemClock } from "#system/clock.ts";

const day = [
  { fromMinute: 0, toMinute: 480, rate: "valley" },
  { fromMinute: 480, toMinute: 1_440, rate: "peak" },
] as const;
const TOU: TermsOnWire = {
  kind: "tou",
  seasons: [
    {
      name: "全年",
      from: "01-01",
      to: "12-31",
      prices: { peak: "1.2345", valley: "0.3" },
      days: { workday: [...day] },
    },
  ],
};
const STEPS: TermsOnWire = {
  kind: "tiered",
  per: "month",
  tiers: [
    { fromWh: 0, price: "0.5" },
    { fromWh: 200_000, price: "0.8" },
  ],
};

describe.each(testDatabases)("prices on $name", ({ name, available }) => {
  const on = test.skipIf(!available);
  let db: TestDatabase;
  let app: FastifyInstance;
  afterEach(async () => {
    await app?.close();
    await db?.drop();
  });

  async function town() {
    db = await freshDatabase(name);
    await buildTown(db);
    let aheadMs = 0;
    const clock = () => later(systemClock(), aheadMs);
    app = await testApp(db, { clock });
    const ctx = { ...contextOf(db), clock };
    const li = await enrol(db, {});
    const zhang = await enrol(db, {});
    let keys = 0;
    const send = async <T>(user: TestUser, method: "GET" | "POST", url: string, body?: object) => {
      const answer = await app.inject(asked(user, method, url, body));
      return { status: answer.statusCode, code: answer.json().code as string, ...(answer.json() as T) };
    };
    const tomorrow = () => startOfDay(dayOf(later(clock(), DAY_MS)));
    /** Time passes; nobody's login, nor the proof of who he is, runs out meanwhile. */
    const letPass = async (ms: number) => {
      aheadMs += ms;
      const awake = { seen_at: clock(), proved_at: clock(), expires_at: later(clock(), DAY_MS) };
      await db.transact((tx) => tx.updateTable("session").set(awake).execute());
    };
    await letPass(tomorrow() + 10 * HOUR_MS - clock()); // whenever this runs, it is ten in the morning
    return {
      ctx,
      li,
      zhang,
      send,
      tomorrow,
      letPass,
      ask: (user: TestUser, what: object, over: object = {}) =>
        send<PriceChange>(user, "POST", "/api/price-changes", {
          key: `change-${++keys}-of-a-test`,
          from: tomorrow(),
          reason: "季度调价",
          what,
          ...over,
        }),
      approve: (user: TestUser, change: { approvalId: string | null }) =>
        send(user, "POST", `/api/approvals/${change.approvalId}/decision`, {
          verdict: "approve",
          version: 0,
          reason: "",
        }),
      async tariff(title: string, kind = "electricity") {
        return (await send<{ id: number; rev: number }>(li, "POST", "/api/tariffs", { name: title, kind })).id;
      },
      async revOf(id: number) {
        const { items } = await send<{ items: { id: number; rev: number }[] }>(li, "GET", "/api/tariffs");
        return items.find((each) => each.id === id)?.rev ?? -1;
      },
      priceOf: async (meterId: number) =>
        (await db.read.selectFrom("meter").select("price_e4").where("id", "=", meterId).executeTakeFirstOrThrow())
          .price_e4,
    };
  }
  const flat = (price: string, meters: object) => ({ kind: "assignment", meters, tariffId: null, price });

  on(
    "of an area change from an instant on, once somebody else has approved; what was used before keeps its price",
    async () => {
      const w = await town();
      const change = await w.ask(w.li, flat("0.95", { areaId: 2 }));
      expect(change).toMatchObject({
        status: 201,
        state: "requested",
        meters: 2,
        terms: { kind: "flat", price: "0.95" },
      });
      expect(await w.approve(w.li, change)).toMatchObject({ status: 403, code: "approval_same_person" });
      expect(await w.approve(w.zhang, change)).toMatchObject({ status: 200 });

      const at = w.tomorrow();
      await applyPrices(w.ctx);
      expect(await w.priceOf(22)).toBe(8_000);
      const shown = await w.send<{ items: object[] }>(w.li, "GET", "/api/meters/22/prices");
      expect(shown.items).toMatchObject([
        { from: 0, terms: { price: "0.80" }, current: true },
        { from: at, terms: { price: "0.95" }, current: false, approvedBy: w.zhang.login },
      ]);
      await db.transact((tx) =>
        tx
          .updateTable("meter_state")
          .set({ index_wh: 1_010_000, index_at: at - 1 })
          .where("meter_id", "=", 22)
          .execute(),
      );
      await w.letPass(at - w.ctx.clock() + HOUR_MS);
      await applyPrices(w.ctx);
      expect([await w.priceOf(11), await w.priceOf(21), await w.priceOf(22)]).toEqual([8_000, 9_500, 9_500]);
      const settle = () => settleDueMeters(w.ctx, { limit: 10, after: 0 });
      await settle();
      const before = await db.read.selectFrom("usage_charge").selectAll().where("meter_id", "=", 22).execute();
      expect(before).toMatchObject([{ price_e4: 8_000, amount_e4: 80_000, estimated: 0 }]);
      await db.transact((tx) =>
        tx
          .updateTable("meter_state")
          .set({ index_wh: 1_020_000, index_at: at + HOUR_MS })
          .where("meter_id", "=", 22)
          .execute(),
      );
      await settle();
      const after = await db.read
        .selectFrom("usage_charge")
        .selectAll()
        .where("meter_id", "=", 22)
        .orderBy("reading_at")
        .orderBy("line")
        .execute();
      expect(after.slice(0, 1)).toEqual(before);
      expect(after.at(-1)).toMatchObject({ price_e4: 9_500 });
      expect((await verifyLedger(w.ctx)).problems).toEqual([]);
      const audit = await db.read.selectFrom("audit").select(["actor", "action"]).execute();
      const told = audit.map((row) => `${row.actor} ${row.action}`);
      for (const line of [`${w.li.login} price.request`, `${w.zhang.login} approval.approve`, "prices price.apply"])
        expect(told).toContain(line);
    },
  );

  on("in the past, too soon, too far, absurd or for nobody are refused, and nothing is kept", async () => {
    const w = await town();
    const one = { meterIds: [12] };
    const refused = async (what: object, over: object = {}) => (await w.ask(w.li, what, over)).code;
    expect(await refused(flat("0.9", one), { from: w.ctx.clock() - DAY_MS })).toBe("price_too_soon");
    expect(await refused(flat("0.9", one), { from: w.ctx.clock() + MINUTE_MS })).toBe("price_too_soon");
    expect(await refused(flat("0.9", one), { from: w.ctx.clock() + 500 * DAY_MS })).toBe("price_too_far");
    expect(await refused(flat("0.9", one), { from: 0.5 })).toBe("invalid_input");
    for (const price of ["0", "-1", "0.00001", "1e3", "", "abc", "100.01", "999999999"])
      expect(await refused(flat(price, one))).toBe("price_out_of_range");
    expect(await refused(flat("0.9", {}))).toBe("no_meters_chosen");
    expect(await refused(flat("0.9", { areaId: 999 }))).toBe("no_meters_chosen");
    expect(await refused(flat("0.9", { meterIds: [12, 999] }))).toBe("meter_not_found");
    expect(await refused({ kind: "assignment", meters: one, tariffId: 999, price: null })).toBe("tariff_not_found");
    expect(await refused(flat("0.9", one), { reason: " " })).toBe("reason_required");
    expect(await refused({ kind: "gift" })).toBe("invalid_input");
    expect(await db.read.selectFrom("price_change").select("id").execute()).toEqual([]);
    expect(await db.read.selectFrom("approval").select("id").execute()).toEqual([]);
  });

  on("are asked for once under one key, and never twice for one meter and instant", async () => {
    const w = await town();
    const first = await w.ask(w.li, flat("0.9", { meterIds: [12] }), { key: "pressed-twice" });
    const again = await w.ask(w.li, flat("0.9", { meterIds: [12] }), { key: "pressed-twice" });
    expect([first.status, again.status, again.id]).toEqual([201, 200, first.id]);
    expect((await w.ask(w.li, flat("0.8", { meterIds: [12] }), { key: "pressed-twice" })).code).toBe(
      "price_key_conflict",
    );
    expect((await w.ask(w.zhang, flat("0.7", { areaId: 1 }))).code).toBe("price_overlaps");
    const hourLater = { from: w.tomorrow() + HOUR_MS };
    expect((await w.ask(w.zhang, flat("0.7", { areaId: 1 }), hourLater)).status).toBe(201);
    await w.approve(w.zhang, first);
    expect((await w.ask(w.li, flat("0.6", { meterIds: [12] }))).code).toBe("price_overlaps");
  });

  on(
    "that wait too long cannot be approved any more, and an approved change can be taken back until it holds",
    async () => {
      const w = await town();
      const slow = await w.ask(w.li, flat("0.9", { meterIds: [12] }));
      const good = await w.ask(w.li, flat("0.9", { meterIds: [22] }), { from: w.tomorrow() + 2 * DAY_MS });
      await w.approve(w.zhang, good);
      await w.letPass(DAY_MS + HOUR_MS);
      expect((await w.approve(w.zhang, slow)).code).toBe("price_too_soon");
      const back = (id: string) =>
        w.send<PriceChange>(w.zhang, "POST", `/api/price-changes/${id}/revoke`, { reason: "算错了" });
      expect((await back(slow.id)).code).toBe("price_change_not_revocable");
      expect(await back(good.id)).toMatchObject({ status: 200, state: "revoked" });
      await w.letPass(3 * DAY_MS);
      await applyPrices(w.ctx);
      expect(await w.priceOf(22)).toBe(8_000);
      const late = await w.ask(w.li, flat("1.1", { meterIds: [22] }));
      await w.approve(w.zhang, late);
      await w.letPass(2 * DAY_MS);
      expect((await back(late.id)).code).toBe("price_change_not_revocable");
    },
  );

  on(
    "by time of use and in steps are for credit on the server, and a tariff is edited by one person at a time",
    async () => {
      const w = await town();
      const id = await w.tariff("商业分时");
      expect((await w.send(w.li, "POST", "/api/tariffs", { name: "商业分时", kind: "electricity" })).code).toBe(
        "tariff_name_taken",
      );
      const version = (terms: TermsOnWire, seenRev: number) => ({ kind: "version", tariffId: id, seenRev, terms });
      const seen = await w.revOf(id);
      const [one, other] = await Promise.all([w.ask(w.li, version(TOU, seen)), w.ask(w.zhang, version(STEPS, seen))]);
      expect([one.status, other.status].sort()).toEqual([201, 409]);
      expect([one.code, other.code]).toContain("tariff_changed");
      const won = one.status === 201 ? { change: one, by: w.zhang } : { change: other, by: w.li };
      expect((await w.ask(w.li, version(TOU, await w.revOf(id)))).code).toBe("price_overlaps");
      expect((await w.approve(won.by, won.change)).status).toBe(200);

      const after = { from: w.tomorrow() + HOUR_MS };
      const assign = (meters: object, over = after) =>
        w.ask(w.li, { kind: "assignment", meters, tariffId: id, price: null }, over);
      expect((await assign({ meterIds: [12] }, { from: w.tomorrow() - HOUR_MS })).code).toBe("tariff_without_version");
      expect((await assign({ meterIds: [11, 12] })).code).toBe("tariff_needs_server");
      await db.transact((tx) => tx.updateTable("meter").set({ kind: "water" }).where("id", "=", 22).execute());
      expect((await assign({ meterIds: [22] })).code).toBe("tariff_kind_mismatch");
      const mixed = { kind: "assignment", meters: { meterIds: [12, 22] }, tariffId: null, price: "0.9" };
      expect((await w.ask(w.li, mixed)).code).toBe("price_kinds_mixed");
      const given = await assign({ meterIds: [12] });
      await w.approve(w.zhang, given);
      await w.letPass(2 * DAY_MS);
      await applyPrices(w.ctx);
      const { items } = await w.send<{ items: { id: number; meters: number; versions: object[] }[] }>(
        w.li,
        "GET",
        "/api/tariffs",
      );
      expect(items).toMatchObject([{ id, meters: 1 }]);
      expect(items[0]?.versions).toHaveLength(1);
      const shown = await w.send<{ items: object[] }>(w.li, "GET", "/api/prices/meters?search=1-12");
      expect(shown.items).toMatchObject([{ meterId: 12, tariffName: "商业分时" }]);

      // A meter that holds its own credit may have a tariff of one price, and then that tariff stays so.
      const plain = await w.tariff("统一价");
      const single = {
        kind: "version",
        tariffId: plain,
        seenRev: await w.revOf(plain),
        terms: { kind: "flat", price: "0.7" },
      };
      await w.approve(w.zhang, await w.ask(w.li, single));
      await w.approve(
        w.zhang,
        await w.ask(
          w.li,
          { kind: "assignment", meters: { meterIds: [11] }, tariffId: plain, price: null },
          { from: w.tomorrow() + HOUR_MS },
        ),
      );
      const worse = { ...single, seenRev: await w.revOf(plain), terms: TOU };
      expect((await w.ask(w.li, worse, { from: w.tomorrow() + DAY_MS })).code).toBe("tariff_needs_server");
    },
  );

  on("that make no sense are refused with what is wrong, where", async () => {
    const w = await town();
    const id = await w.tariff("试");
    const seenRev = await w.revOf(id);
    const refusal = async (terms: object) => {
      const answer = await w.ask(w.li, { kind: "version", tariffId: id, seenRev, terms });
      return answer.code;
    };
    const season = TOU.kind === "tou" ? TOU.seasons[0] : undefined;
    const tou = (change: object) => ({ kind: "tou", seasons: [{ ...season, ...change }] });
    expect(
      await refusal({
        ...STEPS,
        tiers: [
          { fromWh: 0, price: "0.5" },
          { fromWh: 0, price: "0.6" },
        ],
      }),
    ).toBe("tiers_not_ascending");
    expect(
      await refusal({
        ...STEPS,
        tiers: [
          { fromWh: 1, price: "0.5" },
          { fromWh: 2, price: "0.6" },
        ],
      }),
    ).toBe("tiers_not_from_zero");
    expect(
      await refusal({
        ...STEPS,
        tiers: [
          { fromWh: 0, price: "0.5" },
          { fromWh: 9, price: "0.4" },
        ],
      }),
    ).toBe("tier_prices_not_ascending");
    expect(await refusal(tou({ days: { workday: [day[0]] } }))).toBe("day_not_covered");
    expect(await refusal(tou({ days: { workday: [day[0], day[0], day[1]] } }))).toBe("day_overlaps");
    expect(await refusal(tou({ to: "12-30" }))).toBe("seasons_leave_gap");
    expect(await refusal(tou({ from: "02-30" }))).toBe("season_date_invalid");
    expect(await refusal(tou({ prices: { peak: "1" } }))).toBe("rate_without_price");
    expect(await refusal(tou({ prices: { peak: "1", valley: "0" } }))).toBe("price_out_of_range");
    expect(await refusal({ kind: "tou", seasons: [] })).toBe("seasons_missing");
    expect(await refusal({ kind: "tou", seasons: "all" })).toBe("invalid_input");
  });

  on("outside one's area are not seen, not changed, and not approved", async () => {
    const w = await town();
    const manager = await enrol(db, { areas: [1] });
    await w.letPass(0);
    expect((await w.ask(manager, flat("0.9", { meterIds: [12, 22] }))).code).toBe("meter_not_found");
    expect((await w.ask(manager, flat("0.9", { areaId: 2 }))).code).toBe("no_meters_chosen");
    const change = await w.ask(w.li, flat("0.9", { meterIds: [22] }));
    const { items } = await w.send<{ items: object[] }>(manager, "GET", "/api/price-changes");
    expect(items).toEqual([]);
    expect((await w.approve(manager, change)).code).toBe("approval_not_found");
    const only = await enrol(db, { permissions: ["price.view"] as Permission[] });
    await w.letPass(0);
    expect((await w.ask(only, flat("0.9", { meterIds: [12] }))).code).toBe("forbidden");

    const id = await w.tariff("全场");
    const version = { kind: "version", tariffId: id, seenRev: await w.revOf(id), terms: STEPS };
    await w.approve(w.zhang, await w.ask(w.li, version));
    const given = { kind: "assignment", meters: { meterIds: [12, 22] }, tariffId: id, price: null };
    await w.approve(w.zhang, await w.ask(w.li, given, { from: w.tomorrow() + HOUR_MS }));
    const theirs = { ...version, seenRev: await w.revOf(id) };
    expect((await w.ask(manager, theirs, { from: w.tomorrow() + DAY_MS })).code).toBe("tariff_outside_scope");
  });

  on("can be tried on a past month: what each meter would have paid, by the code that settles", async () => {
    const w = await town();
    const start = startOfDay("2026-03-01" as Day);
    await db.transact(async (tx) => {
      for (const [hour, wh] of [
        [0, 1_000_000],
        [8, 1_010_000],
        [24, 1_030_000],
      ] as const) {
        const reading = { meter_id: 12, register: 1, measured_at: instant(start + hour * HOUR_MS), value: wh };
        await tx
          .insertInto("reading")
          .values({ ...reading, verdict: 0, received_at: 0 })
          .execute();
      }
    });
    const id = await w.tariff("试算");
    const tried = (what: object) =>
      w.send<{ items: object[]; total: number }>(w.li, "POST", "/api/price-changes/what-if", {
        what,
        month: "2026-03",
      });
    expect(await tried(flat("1", { areaId: 1 }))).toMatchObject({
      total: 2,
      items: [
        { meterId: 11, usageWh: null, was: null, would: null },
        { meterId: 12, usageWh: 30_000, was: "24.00", would: "30.00", difference: "6.00", estimated: false },
      ],
    });
    const version = { kind: "version", tariffId: id, seenRev: await w.revOf(id), terms: TOU };
    await w.approve(w.zhang, await w.ask(w.li, version));
    await w.letPass(2 * DAY_MS);
    expect(await tried({ kind: "assignment", meters: { meterIds: [12] }, tariffId: id, price: null })).toMatchObject({
      items: [{ usageWh: 30_000, was: "24.00", would: "27.69", difference: "3.69", estimated: false }],
    });
    expect((await tried({ ...flat("1", { areaId: 1 }), price: "0" })).code).toBe("price_out_of_range");
  });
});
