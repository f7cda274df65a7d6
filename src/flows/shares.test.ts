import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addDays, type Day, HOUR_MS, type Instant, later, startOfDay } from "#base/time.ts";
import type { ShareRuleRequest } from "#contract/shares.ts";
import { balanceOf } from "#store/ledger.ts";
import type { ShareLineTable } from "#store/schema-shares.ts";
import { linesOf } from "#store/shares.ts";
import { testDatabases } from "#store/test-databases.ts";
import { closeDueDays } from "./close-days.ts";
import { shareDue } from "./due-shares.ts";
import { enterRunTimes, saveHvacUnit } from "./hvac.ts";
import { recharge } from "./recharge.ts";
import { recloseDays } from "./reclose-days.ts";
import { makeShareRule, previewShare } from "./share-rules.ts";
import { runShare } from "./share-run.ts";
import { type Building, boss, building } from "./test-building.ts";

const FIRST = "2026-07-30" as Day;
const day = (n: number) => addDays(FIRST, n);
const at = (n: number, hours: number): Instant => later(startOfDay(day(n)), hours * HOUR_MS);
const factors = { low: 60, middle: 80, high: 100 };

for (const { name, available, why } of testDatabases) {
  describe.skipIf(!available)(`shares on ${name}${why ? ` (${why})` : ""}`, () => {
    let b: Building;
    const id = { a: 0, b: 0, c: 0, lamp: 0, elsewhere: 0, outdoor: 0 };
    let keys = 0;

    beforeAll(async () => {
      b = await building(name, at(0, 10), [
        { creditAt: "server" },
        { creditAt: "meter" },
        { creditAt: "server" },
        { mode: "public" },
        {},
        { mode: "public", priceE4: 9_000 },
      ]);
      [id.a = 0, id.b = 0, id.c = 0, id.lamp = 0, id.elsewhere = 0, id.outdoor = 0] = b.meters;
      await b.db.transact(async (tx) => {
        await tx.insertInto("box").values({ id: 1, area_id: 1, name: "1 号箱" }).execute();
        await tx.updateTable("meter").set({ box_id: 1 }).where("id", "in", [id.a, id.b, id.c, id.lamp]).execute();
      });
    });
    afterAll(() => b?.db.drop());

    const rule = (more: Partial<ShareRuleRequest> = {}): ShareRuleRequest & { ip: string } => ({
      key: `rule-key-${++keys}`,
      kind: "box",
      sourceMeterId: id.lamp,
      period: "day",
      method: "ratio",
      price: null,
      propertyBp: 0,
      factors,
      members: [
        { id: id.a, ratioBp: 5_000, areaCm: 0 },
        { id: id.b, ratioBp: 3_000, areaCm: 0 },
        { id: id.c, ratioBp: 2_000, areaCm: 0 },
      ],
      effectiveDay: day(1),
      reason: "测试",
      ip: "",
      ...more,
    });
    const refused = (request: ShareRuleRequest & { ip: string }) => expect(makeShareRule(b.ctx, boss, request)).rejects;
    const close = async () => {
      for (let more = true; more; ) more = (await closeDueDays(b.ctx)).more;
      while ((await recloseDays(b.ctx, 100)).corrected > 0);
    };
    const accountOf = async (meterId: number) => {
      const row = await b.db.read
        .selectFrom("meter")
        .innerJoin("account", "account.id", "meter.account_id")
        .select(["account.id", "account.customer_id"])
        .where("meter.id", "=", meterId)
        .executeTakeFirstOrThrow();
      return row;
    };
    const balance = async (meterId: number) =>
      (await balanceOf(b.db.read, { kind: "balance", ref: (await accountOf(meterId)).id })).posted;
    const ofCustomer = async (kind: "debt" | "wallet", meterId: number) =>
      (await balanceOf(b.db.read, { kind, ref: (await accountOf(meterId)).customer_id })).posted;
    const parts = (lines: readonly ShareLineTable[]) => lines.map((line) => line.share_wh);

    test("refuses rules that cannot hold", async () => {
      await refused(rule({ members: [{ id: id.elsewhere, ratioBp: 10_000, areaCm: 0 }] })).toMatchObject({
        code: "share_other_box",
      });
      await refused(rule({ members: [{ id: id.lamp, ratioBp: 10_000, areaCm: 0 }] })).toMatchObject({
        code: "share_other_box",
      });
      await refused(rule({ propertyBp: 1 })).toMatchObject({ code: "share_ratio_sum", details: { sum: "100.01" } });
      await refused(rule({ sourceMeterId: id.a })).toMatchObject({ code: "share_source_not_public" });
      await refused(rule({ method: "runtime" })).toMatchObject({ code: "share_terms_invalid" });
      await refused(rule({ method: "area" })).toMatchObject({ code: "share_terms_invalid" });
      await refused(rule({ effectiveDay: "2026-05-31" })).toMatchObject({ code: "share_day_too_old" });
      await refused(rule({ effectiveDay: "2026-02-30" })).toMatchObject({ code: "invalid_input" });
      const member = { id: id.a, ratioBp: 5_000, areaCm: 0 };
      await refused(rule({ members: [member, member] })).toMatchObject({ code: "share_member_twice" });
      const stranger = { ...boss, scope: { all: false as const, areaIds: [], meterIds: [id.a] } };
      await expect(makeShareRule(b.ctx, stranger, rule())).rejects.toMatchObject({ code: "meter_not_found" });
      expect(await b.db.read.selectFrom("share_rule").selectAll().execute()).toEqual([]);
    });

    test("the same key makes one rule, and another rule under it is refused", async () => {
      const first = rule();
      const made = await makeShareRule(b.ctx, boss, first);
      expect(await makeShareRule(b.ctx, boss, first)).toEqual({ ...made, created: false });
      await refused({ ...first, method: "equal" }).toMatchObject({ code: "share_key_conflict" });
    });

    test("12.34 kWh of a day by 50/30/20 are charged once, to balances and as a debt, whoever shares at the same time", async () => {
      for (const [n, lamp] of [
        [1, 10_000],
        [2, 22_340],
      ] as const) {
        b.at(at(n, 0));
        for (const meter of b.meters) await b.read(meter, at(n, 0), meter === id.lamp ? lamp : n * 10_000);
        await b.settle();
      }
      const before = { a: await balance(id.a), c: await balance(id.c) };
      expect(await runShare(b.ctx, boss, { sourceMeterId: id.lamp, period: day(1) })).toMatchObject({
        outcome: "waiting",
        why: "not_closed",
      });
      b.at(at(2, 1));
      await close();
      const all = await Promise.all([
        runShare(b.ctx, boss, { sourceMeterId: id.lamp, period: day(1) }),
        runShare(b.ctx, boss, { sourceMeterId: id.lamp, period: day(1) }),
        shareDue(b.ctx),
      ]);
      const runs = await b.db.read.selectFrom("share_run").selectAll().execute();
      expect(runs, JSON.stringify(all)).toHaveLength(1);
      const lines = await linesOf(b.db.read, runs[0]?.id ?? "");
      expect(parts(lines)).toEqual([6_170, 3_700, 2_470, 0]);
      expect(lines.map((line) => line.charged_to)).toEqual(["balance", "debt", "balance", "property"]);
      // 6.17, 3.70 and 2.47 kWh at 0.80 yuan each
      expect(before.a - (await balance(id.a))).toBe(49_360);
      expect(await ofCustomer("debt", id.b)).toBe(-29_600);
      expect(before.c - (await balance(id.c))).toBe(19_760);
      expect(await b.verify()).toMatchObject({ ok: true });
    });

    test("the debt is taken at the next recharge", async () => {
      await recharge(b.ctx, boss, {
        ...{ key: "pay-the-share", meterId: id.b, amount: "10", channel: "cash" as const, note: "", ip: "" },
      });
      expect(await ofCustomer("debt", id.b)).toBe(0);
    });

    test("a corrected reading of the public meter makes a correction for the difference, beside the old lines", async () => {
      const before = { a: await balance(id.a), wallet: await ofCustomer("wallet", id.b) };
      await b.db.transact(async (tx) => {
        await tx
          .insertInto("reading_correction")
          .values({
            ...{ id: "c1", idem_key: "c1", request_hash: "", meter_id: id.lamp, register: 1, decision: "correct" },
            ...{
              measured_at: at(2, 0),
              value_wh: 20_010,
              raw_wh: 22_340,
              raw_verdict: 0,
              good_wh: null,
              good_at: null,
            },
            ...{ reason: "看错", made_by: "boss", made_at: b.ctx.clock() },
          })
          .execute();
        await tx
          .insertInto("day_recheck")
          .values({ meter_id: id.lamp, day: day(2), cause: "correction", asked_at: b.ctx.clock() })
          .execute();
      });
      b.at(at(2, 2));
      await close();
      expect(await shareDue(b.ctx)).toBe(1);
      expect(await shareDue(b.ctx)).toBe(0);
      const runs = await b.db.read.selectFrom("share_run").selectAll().orderBy("rev").execute();
      expect(runs.map((run) => [run.rev, run.latest, run.source_wh])).toEqual([
        [0, 0, 12_340],
        [1, 1, 10_010],
      ]);
      const lines = await linesOf(b.db.read, runs[1]?.id ?? "");
      expect(lines.map((line) => [line.share_wh, line.before_wh])).toEqual([
        [5_010, 6_170],
        [3_000, 3_700],
        [2_000, 2_470],
        [0, 0],
      ]);
      expect((await balance(id.a)) - before.a).toBe(9_280);
      // The debt was paid meanwhile: what was too much goes into the wallet.
      expect((await ofCustomer("wallet", id.b)) - before.wallet).toBe(5_600);
      expect(await ofCustomer("debt", id.b)).toBe(0);
      expect(await b.verify()).toMatchObject({ ok: true });
    });

    test("a new rule never touches a day that was shared, and a member that is missing is waited for", async () => {
      await refused(rule({ effectiveDay: day(1) })).toMatchObject({
        code: "share_day_closed",
        details: { day: day(1) },
      });
      await makeShareRule(
        b.ctx,
        boss,
        rule({ method: "usage", propertyBp: 1_000, effectiveDay: day(2), price: "1.5" }),
      );
      expect(await shareDue(b.ctx)).toBe(0);
      b.at(at(3, 1));
      await b.read(id.lamp, at(3, 0), 30_010);
      await b.read(id.a, at(3, 0), 23_000);
      await b.read(id.b, at(3, 0), 21_000);
      await b.settle();
      await close();
      expect(await runShare(b.ctx, boss, { sourceMeterId: id.lamp, period: day(2) })).toMatchObject({
        outcome: "waiting",
        why: "members_missing",
        missing: ["A座-3"],
      });
      await b.read(id.c, at(3, 0), 20_000);
      await b.settle();
      b.at(at(3, 3));
      await close();
      expect(await shareDue(b.ctx)).toBe(1);
      const runs = await b.db.read.selectFrom("share_run").selectAll().where("period", "=", day(2)).execute();
      const lines = await linesOf(b.db.read, runs[0]?.id ?? "");
      expect(parts(lines)).toEqual([6_750, 2_250, 0, 1_000]);
      expect(lines[0]).toMatchObject({ price_e4: 15_000, cost_e4: 101_250 });
      expect(await b.verify()).toMatchObject({ ok: true });
    });

    test("a preview says what a rule would do, by the same code, and books nothing", async () => {
      const { key: _, effectiveDay: __, reason: ___, ip: ____, ...terms } = rule({ method: "equal" });
      const preview = await previewShare(b.ctx, boss, { ...terms, sharedFor: day(2) });
      expect(preview.outcome === "ready" && preview.plan.lines.map((line) => line.share_wh)).toEqual([
        3_340, 3_330, 3_330, 0,
      ]);
      expect(await b.db.read.selectFrom("share_run").selectAll().where("period", "=", day(2)).execute()).toHaveLength(
        1,
      );
    });

    test("indoor units share 100 kWh by run time, exactly; run times that are corrected correct the shares", async () => {
      b.at(at(3, 4));
      const units: number[] = [];
      for (const [i, payer] of [id.a, id.b, id.c, null].entries()) {
        const unit = { unitId: null, version: 0, number: `N${i}`, label: `内机${i}`, outdoorMeterId: id.outdoor };
        const more = { payerMeterId: payer, ratedW: 2_000 + i * 500, areaCm: 3_000, ownMeterId: null, disabled: false };
        units.push(await saveHvacUnit(b.ctx, boss, { ...unit, ...more, reason: "新装", ip: "" }));
      }
      const members = units.map((unit) => ({ id: unit, ratioBp: 0, areaCm: 0 }));
      const hvac = { kind: "hvac" as const, sourceMeterId: id.outdoor, members, method: "runtime" as const };
      await makeShareRule(b.ctx, boss, rule({ ...hvac, effectiveDay: day(3) }));
      b.at(at(4, 1));
      for (const meter of b.meters) await b.read(meter, at(4, 0), meter === id.outdoor ? 120_000 : 50_000);
      await b.settle();
      await b.read(id.outdoor, at(3, 0), 20_000); // comes late
      b.at(at(4, 3));
      await close();
      expect(await runShare(b.ctx, boss, { sourceMeterId: id.outdoor, period: day(3) })).toMatchObject({
        why: "members_missing",
        missing: ["内机0", "内机1", "内机2", "内机3"],
      });
      const input = (first: number, reason = "") => ({
        ...{ day: day(3), source: "manual" as const, reason, ip: "" },
        units: units.map((unitId, i) => ({
          unitId,
          minutes: { low: 60, middle: i * 100, high: i === 0 ? first : 240 },
        })),
      });
      expect(await enterRunTimes(b.ctx, boss, input(480))).toBe(4);
      expect(await enterRunTimes(b.ctx, boss, input(480))).toBe(0);
      await expect(enterRunTimes(b.ctx, boss, input(500))).rejects.toMatchObject({ code: "hvac_reason_required" });
      await expect(enterRunTimes(b.ctx, boss, input(1_400, "x"))).rejects.toMatchObject({
        code: "hvac_minutes_invalid",
      });
      await expect(enterRunTimes(b.ctx, boss, { ...input(1), day: day(4) })).rejects.toMatchObject({
        code: "day_not_over",
      });
      expect(await shareDue(b.ctx)).toBe(2); // the lamp's day too
      const run = () =>
        b.db.read
          .selectFrom("share_run")
          .selectAll()
          .where("source_meter_id", "=", id.outdoor)
          .where("latest", "=", 1)
          .executeTakeFirstOrThrow();
      const first = await linesOf(b.db.read, (await run()).id);
      expect(first.reduce((sum, line) => sum + line.share_wh, 0)).toBe(100_000);
      // (60 × 0.6 + 480) × 2000 W against (36 + 80 + 240) × 2500, (36 + 160 + 240) × 3000, (36 + 240 + 240) × 3500
      expect(first.map((line) => line.weight)).toEqual([103_200_000, 89_000_000, 130_800_000, 180_600_000, 0]);
      expect(first[3]).toMatchObject({ charged_to: "property", cost_e4: 0 });
      b.at(at(4, 5));
      expect(await enterRunTimes(b.ctx, boss, input(240, "抄错"))).toBe(1);
      expect(await shareDue(b.ctx)).toBe(1);
      const second = await linesOf(b.db.read, (await run()).id);
      expect(second.reduce((sum, line) => sum + line.share_wh, 0)).toBe(100_000);
      expect(second[0]?.before_wh).toBe(first[0]?.share_wh);
      expect(await b.verify()).toMatchObject({ ok: true });
    });

    test("a month is shared once all its days are known", async () => {
      await makeShareRule(b.ctx, boss, rule({ period: "month", effectiveDay: "2026-09-01" }));
      b.at(later(startOfDay("2026-10-01" as Day), HOUR_MS));
      for (const meter of b.meters) await b.read(meter, later(b.ctx.clock(), -HOUR_MS), 400_000);
      await b.settle();
      await close();
      await shareDue(b.ctx);
      const run = await b.db.read
        .selectFrom("share_run")
        .select(["period", "source_wh"])
        .where("source_meter_id", "=", id.lamp)
        .where("period", "=", "2026-09")
        .executeTakeFirstOrThrow();
      const month = await b.db.read
        .selectFrom("meter_month")
        .select("usage_wh")
        .where("meter_id", "=", id.lamp)
        .where("month", "=", "2026-09")
        .executeTakeFirstOrThrow();
      expect(run.source_wh).toBe(month.usage_wh);
      expect(await b.verify()).toMatchObject({ ok: true });
    });
  });
}
