import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addDays, type Day, daysOfMonth, type Month, monthOf } from "#base/time.ts";
import { parseMoney } from "#base/units.ts";
import type { MeterSlots } from "#contract/reports.ts";
import { usageThen } from "#domain/compared-period.ts";
import { SCOPE_ALL, type Scope } from "#domain/permission.ts";
import { verdicts } from "#domain/reading.ts";
import { lossPlace, lossReport } from "#store/losses.ts";
import { meterSlots } from "#store/meter-slots.ts";
import { up } from "#store/migrations/0018_month_days.ts";
import { rankingReport } from "#store/ranking.ts";
import { dayReport, matrixReport } from "#store/report-days.ts";
import { meterReport, periodReport } from "#store/report-periods.ts";
import { testDatabases } from "#store/test-databases.ts";
import { type RandomHistory, randomHistory } from "./test-history.ts";
import { figures, figuresOf, known, type RecountedDay, recount, recountSlots, yuan } from "./test-recount.ts";

const FIRST = "2026-12-19" as Day; // over the end of a month and of a year
const DAYS = 20;
const seed = Number(process.env.JICHAO_SEED ?? 20261127);
const EVERYTHING = { kind: "electricity" as const, search: "", after: 0, limit: 500 };

for (const { name, available, why } of testDatabases) {
  for (const run of name === "sqlite" ? [0, 1] : [0]) {
    describe.skipIf(!available)(
      `reports of a random past on ${name}${why ? ` (${why})` : ""}, seed ${seed + run}`,
      () => {
        let history: RandomHistory;
        let b: RandomHistory["building"];
        const counted = new Map<number, RecountedDay[]>();
        let areaOf: Map<number, number>;
        beforeAll(async () => {
          console.log(`random past: seed ${seed + run}`);
          history = await randomHistory(name, { seed: seed + run, first: FIRST, days: DAYS });
          b = history.building;
          for (const meter of history.meters) counted.set(meter.id, await recount(history, meter));
          await placeMasters();
          const rows = await b.db.read.selectFrom("meter").select(["id", "area_id"]).execute();
          areaOf = new Map(rows.map((row) => [row.id, row.area_id]));
        }, 240_000);
        afterAll(() => b?.db.drop());

        const days = Array.from({ length: DAYS }, (_, i) => addDays(FIRST, i));
        const months = [...new Set(days.map((day) => monthOf(day)))];
        const daysOf = (meterIds: Iterable<number>, period: string) =>
          [...meterIds].flatMap((id) => (counted.get(id) ?? []).filter((each) => each.day.startsWith(period)));
        const all = () => history.meters.map((meter) => meter.id);
        const box = { id: 77, name: "7 号箱", meters: new Set<number>(), area_id: 0 };
        const masters = new Map<number, "area" | "box">();
        /** Those that are in sums: whatever is not a master meter. */
        const counting = (ids: readonly number[] = all()) => ids.filter((id) => !masters.has(id));

        async function placeMasters(): Promise<void> {
          const [first = 0, second = 0, third = 0, fourth = 0, fifth = 0] = all();
          for (const id of [first, fourth]) masters.set(id, "area");
          masters.set(second, "box");
          for (const id of [second, third]) box.meters.add(id);
          await b.db.transact(async (tx) => {
            const at = await tx
              .selectFrom("meter")
              .select("area_id")
              .where("id", "=", second)
              .executeTakeFirstOrThrow();
            box.area_id = at.area_id;
            await tx.insertInto("box").values({ id: box.id, name: box.name, area_id: box.area_id }).execute();
            await tx.updateTable("meter").set({ box_id: box.id }).where("id", "in", [second, third]).execute();
            for (const [id, master_of] of masters) {
              await tx.updateTable("meter").set({ master_of }).where("id", "=", id).execute();
            }
            // Of a box that it is no longer in: it measures no place, and counts like any other.
            await tx.updateTable("meter").set({ master_of: "box" }).where("id", "=", fifth).execute();
          });
        }

        test("the past has something of everything", async () => {
          const noted = history.meters;
          expect(noted.flatMap((meter) => meter.breaks).length).toBeGreaterThan(1);
          expect(noted.flatMap((meter) => meter.prices ?? []).length).toBeGreaterThan(noted.length);
          const qualities = [...counted.values()].flat().flatMap((day) => day.segments.map((each) => each.quality));
          for (const quality of ["measured", "estimated", "missing"]) expect(qualities).toContain(quality);
          const rows = await b.db.read.selectFrom("reading").select("verdict").execute();
          const verdictsSeen = new Set(rows.map((row) => verdicts[row.verdict]));
          for (const verdict of ["rollover", "stale"]) expect(verdictsSeen).toContain(verdict);
          expect(verdictsSeen.has("backwards") || verdictsSeen.has("jump")).toBe(true);
          const again = await b.db.read.selectFrom("meter_day").select("rev").where("rev", ">", 0).execute();
          expect(again.length).toBeGreaterThan(0);
          expect(noted.map((meter) => areaOf.get(meter.id))).not.toEqual(history.areas);
        });

        test("the day report says of every meter what a recount of its readings says", async () => {
          for (const day of days) {
            const report = await dayReport(b.db.read, SCOPE_ALL, { ...EVERYTHING, day });
            for (const id of all()) {
              const [own] = daysOf([id], day);
              const rows = report.items.filter((row) => row.meterId === id);
              const told = rows.map(({ openWh, closeWh, ratio, usageWh, quality }) => {
                return { openWh, closeWh, ratio, usageWh, quality };
              });
              expect({ id, day, told }).toEqual({ id, day, told: own?.segments ?? [] });
              expect(rows.at(-1)?.cost ?? null).toBe(yuan(own?.cost ?? null));
              for (const row of rows) expect(row.isMaster).toBe(masters.has(id));
            }
            const { missing: _, estimated: __, ...sums } = figures(daysOf(counting(), day));
            expect({ usageWh: report.usageWh, cost: report.cost }).toEqual(sums);
            expect([report.total, report.masters]).toEqual([all().length, masters.size]);
          }
        });

        test("hours, and slots of minutes, say of usage and cost what a recount says; they add up to the day and to each hour, with gaps or without", async () => {
          const seenParts = { plain: 0, gap: 0, missing: 0, fine: 0, broken: 0, charged: 0 };
          for (const meter of history.meters) {
            const hours = new Map<Day, MeterSlots>();
            for (const minutes of [60, 30, 15, 10, 5]) {
              const own = await recountSlots(history, meter, { days, minutes });
              for (const day of days) {
                const report = await meterSlots(b.db.read, SCOPE_ALL, meter.id, { day, minutes });
                if (report === null) throw new Error("no report");
                const told = report.items.map(({ from, to, segment, usageWh, cost }) => {
                  return { from, to, segment, usageWh, cost: cost === null ? null : parseMoney(cost, 4) };
                });
                const [counts] = daysOf([meter.id], day);
                const right = counts === undefined ? [] : own.get(day);
                expect({ id: meter.id, day, minutes, told }).toEqual({ id: meter.id, day, minutes, told: right });
                for (const each of report.items) {
                  if (each.quality === "gap") seenParts.gap++;
                  else if (each.usageWh === null) seenParts.missing++;
                  else if (minutes === 60) seenParts.plain++;
                  else seenParts.fine++;
                  if (each.cost !== null) seenParts.charged++;
                  expect(each.quality === "missing").toBe(each.usageWh === null);
                  if (each.usageWh !== null) expect(each.usageWh).toBeGreaterThanOrEqual(0);
                }
                // Whatever was or was not read between them: where a line's two midnights are known, its parts are its day.
                for (const [i, segment] of (counts?.segments ?? []).entries()) {
                  const parts = report.items.filter((each) => each.segment === (report.items[0]?.segment ?? 0) + i);
                  if (segment.usageWh !== null) expect(known(parts.map((each) => each.usageWh))).toBe(segment.usageWh);
                }
                if ((counts?.segments.length ?? 0) > 1) seenParts.broken++;
                expect(report.cost).toBe(yuan(counts?.cost ?? null));
                if (minutes === 60) hours.set(day, report);
                for (const hour of hours.get(day)?.items ?? []) {
                  expect(
                    usageThen(
                      hour,
                      report.items.filter((each) => each.segment === hour.segment),
                      0,
                    ),
                  ).toBe(hour.usageWh);
                }
              }
            }
          }
          for (const [what, count] of Object.entries(seenParts))
            expect({ what, count }).not.toEqual({ what, count: 0 });
        });

        test("the matrix says the same, in its cells, its columns and its sum", async () => {
          for (const month of months) {
            const matrix = await matrixReport(b.db.read, SCOPE_ALL, { ...EVERYTHING, month });
            const cell = (ids: Iterable<number>, day: string) => figures(daysOf(ids, day)).usageWh;
            for (const row of matrix.items) {
              expect(row.days).toEqual(daysOfMonth(month).map((day) => cell([row.meterId], day)));
            }
            expect(matrix.items.map((row) => row.meterId)).toEqual(all());
            expect(matrix.items.filter((row) => row.isMaster).map((row) => row.meterId)).toEqual(
              [...masters.keys()].sort(),
            );
            expect(matrix.masters).toBe(masters.size);
            expect(matrix.daySums).toEqual(daysOfMonth(month).map((day) => cell(counting(), day)));
            expect(matrix.sumWh).toBe(figures(daysOf(counting(), month)).usageWh);
          }
        });

        test("so do month and year, of everything, of each area and of each meter, wherever it hung before", async () => {
          for (const period of [...months, "2026", "2027"]) {
            const top = await periodReport(b.db.read, SCOPE_ALL, { kind: "electricity", period });
            if (top === null) throw new Error("no report");
            expect(figuresOf(top)).toEqual(figures(daysOf(counting(), period)));
            expect([top.meters, top.masters]).toEqual([all().length, masters.size]);
            expect(known(top.children.map((child) => child.usageWh))).toBe(top.usageWh);
            for (const areaId of new Set(areaOf.values())) {
              const own = all().filter((id) => areaOf.get(id) === areaId);
              const area = await periodReport(b.db.read, SCOPE_ALL, { kind: "electricity", period, areaId });
              if (area === null) throw new Error("no report");
              expect(figuresOf(area)).toEqual(figures(daysOf(counting(own), period)));
              expect(area.masters).toBe(own.length - counting(own).length);
              expect(area.children.map((child) => child.id).toSorted()).toEqual(own);
              for (const child of area.children) {
                expect({ id: child.id, ...figuresOf(child) }).toEqual({
                  id: child.id,
                  ...figures(daysOf([child.id], period)),
                });
              }
            }
            for (const id of all()) {
              const meter = await meterReport(b.db.read, SCOPE_ALL, id, period);
              if (meter === null) throw new Error("no report");
              expect(figuresOf(meter)).toEqual(figures(daysOf([id], period)));
              for (const part of meter.parts) expect(figuresOf(part)).toEqual(figures(daysOf([id], part.part)));
            }
          }
        });

        test("so does the ranking of whoever used most, over whole months, parts of them and both", async () => {
          const rooms = await b.db.read.selectFrom("meter").select(["id", "area_id"]).execute();
          const last = addDays(FIRST, DAYS - 1);
          for (const [from, to] of [
            ["2026-12-01", "2026-12-31"],
            ["2026-12-25", "2027-01-05"],
            ["2026-12-01", "2027-01-04"],
            [addDays(FIRST, 3), addDays(FIRST, 3)],
            [addDays(FIRST, 10), last],
            ["2025-01-01", "2026-12-31"],
          ] as [Day, Day][]) {
            const span = (day: string, within: { from: string; to: string }) => day >= within.from && day <= within.to;
            const used = (ids: readonly number[], within: { from: string; to: string }) =>
              known(ids.map((id) => figures((counted.get(id) ?? []).filter((each) => span(each.day, within))).usageWh));
            for (const by of ["meter", "area"] as const) {
              for (const order of ["most", "least"] as const) {
                const asked = { ...EVERYTHING, from, to, by, order };
                const told = await rankingReport(b.db.read, SCOPE_ALL, asked);
                const groups = Map.groupBy(counting(), (id) =>
                  by === "meter" ? id : rooms.find((each) => each.id === id)?.area_id,
                );
                expect(told.masters).toBe(masters.size);
                expect(told.usageWh).toBe(used(counting(), { from, to }));
                expect(told.items.map((row) => row.id).toSorted()).toEqual([...groups.keys()].toSorted());
                const usages = [...groups.values()].map((ids) => used(ids, { from, to }));
                for (const row of told.items) {
                  const ids = groups.get(row.id ?? 0) ?? [];
                  const own = used(ids, { from, to });
                  const then = used(ids, told.before);
                  const ahead = usages.filter(
                    (each) => each !== null && own !== null && (order === "most" ? each > own : each < own),
                  );
                  expect({ ...row, name: "", detail: "", missing: 0, shareBp: 0, changeBp: 0 }).toEqual({
                    ...{ id: row.id, name: "", detail: "", meters: ids.length, usageWh: own, beforeWh: then },
                    ...{ rank: own === null ? null : ahead.length + 1, missing: 0, shareBp: 0, changeBp: 0 },
                  });
                  if (own !== null && told.usageWh) expect(row.shareBp).toBe(Math.round((own / told.usageWh) * 10_000));
                }
                const order_ = told.items.flatMap((row) => (row.rank === null ? [] : [row.rank]));
                expect(order_).toEqual(order_.toSorted((one, other) => one - other));
              }
            }
          }
          const december = { ...EVERYTHING, by: "meter", order: "most" } as const;
          const whole = await rankingReport(b.db.read, SCOPE_ALL, {
            ...{ ...december, from: "2026-12-01" as Day, to: "2026-12-31" as Day },
          });
          expect(whole.before).toEqual({ from: "2026-11-01", to: "2026-11-30" });
        });

        test("so do the losses of every place with a master meter, of each day, month and year, and of its meters and parts", async () => {
          const [first = 0, second = 0, third = 0, , fifth = 0] = all();
          const root = await b.db.read.selectFrom("area").select("id").where("parent_id", "is", null).execute();
          const masterOf = new Map(
            [...masters].map(([id, place]) => [id, `${place} ${place === "box" ? box.id : areaOf.get(id)}`]),
          );
          // Everything below the one master meter that it meets first on its way up; areas of this town lie side by side.
          const wayUp = (id: number) => {
            const own = masterOf.get(id);
            if (own?.startsWith("area")) return root.map((area) => `area ${area.id}`).filter((place) => place !== own);
            return [
              ...(box.meters.has(id) && own === undefined ? [`box ${box.id}`] : []),
              `area ${own === undefined ? areaOf.get(id) : box.area_id}`,
            ];
          };
          const placed = (id: number) => wayUp(id).find((place) => [...masterOf.values()].includes(place));
          const places = [...new Set(masterOf.values())].map((name) => ({
            name,
            masters: all().filter((id) => masterOf.get(id) === name),
            subs: all().filter((id) => placed(id) === name),
          }));
          const whole = (id: number, day: string) => {
            const [own] = daysOf([id], day);
            return own === undefined || own.segments.some((each) => each.usageWh === null)
              ? null
              : figures([own]).usageWh;
          };
          const told = (place: (typeof places)[number], period: string) => {
            const due = days
              .filter((day) => day.startsWith(period))
              .map((day) => ({
                day,
                ids: [...place.masters, ...place.subs].filter((id) => daysOf([id], day).length > 0),
              }))
              .filter(({ day }) => place.masters.some((id) => daysOf([id], day).length > 0));
            const complete = due.filter(({ ids, day }) => ids.every((id) => whole(id, day) !== null));
            const total = (of: readonly number[]) =>
              complete.flatMap(({ day }) => of.map((id) => whole(id, day) ?? 0)).reduce((a, c) => a + c, 0);
            const [masterWh, subsWh] = [total(place.masters), total(place.subs)];
            const isKnown = complete.length > 0;
            return {
              ...{ days: complete.length, daysIncomplete: due.length - complete.length },
              ...{ masterWh: isKnown ? masterWh : null, subsWh: isKnown ? subsWh : null },
              lossWh: isKnown ? masterWh - subsWh : null,
            };
          };
          let [complete, incomplete] = [0, 0];
          for (const period of [...days, ...months, "2026", "2027"]) {
            const asked = { period, kind: "electricity" as const };
            const list = { ...asked, search: "", sort: "percent" as const, only: "all" as const, after: 0, limit: 50 };
            const report = await lossReport(b.db.read, SCOPE_ALL, list);
            expect(report.items.map((row) => `${row.type} ${row.id}`).sort()).toEqual(
              places.map(({ name }) => name).sort(),
            );
            for (const place of places) {
              const [type, id] = place.name.split(" ");
              const at = { type: type === "box" ? ("box" as const) : ("area" as const), id: Number(id) };
              const row = report.items.find((each) => `${each.type} ${each.id}` === place.name);
              const rest = told(place, period);
              expect({ period, place: place.name, ...row }).toMatchObject({ period, place: place.name, ...rest });
              complete += rest.days;
              incomplete += rest.daysIncomplete;
              const opened = await lossPlace(b.db.read, SCOPE_ALL, { ...asked, ...at });
              if (opened === null) throw new Error("no place");
              expect(opened).toMatchObject(rest);
              const of = (role: string) =>
                known(opened.meters.filter((each) => each.role === role).map((each) => each.usageWh));
              if (rest.days > 0) expect([of("master"), of("sub") ?? 0]).toEqual([rest.masterWh, rest.subsWh]);
              expect(known(opened.parts.map((part) => part.lossWh))).toBe(rest.lossWh);
              expect(opened.parts.reduce((sum, part) => sum + part.days, 0)).toBe(rest.days);
            }
            expect(report.lossWh).toBe(known(report.items.map((row) => row.lossWh)));
          }
          expect([complete > 0, incomplete > 0]).toEqual([true, true]);
          // Whoever does not see every meter of a place is told nothing of it but that it is there.
          const mine: Scope = { all: false, areaIds: [], meterIds: [first, second, third, fifth] };
          const list = {
            period: "2026",
            kind: "electricity" as const,
            search: "",
            sort: "wh" as const,
            only: "all" as const,
          };
          const cut = await lossReport(b.db.read, mine, { ...list, after: 0, limit: 50 });
          const open = places.filter((place) =>
            [...place.masters, ...place.subs].every((id) => mine.meterIds.includes(id)),
          );
          expect(cut.items.map((row) => `${row.type} ${row.id}`).sort()).toEqual(open.map(({ name }) => name).sort());
          const seesMaster = places.filter((place) => place.masters.some((id) => mine.meterIds.includes(id)));
          expect(cut.hidden).toBe(seesMaster.length - open.length);
        });

        test("a scope of an area and a single meter, and a search, cut all of them alike", async () => {
          const [alone = 0] = all();
          const areaId = areaOf.get(alone) ?? 0;
          const other = all().find((id) => areaOf.get(id) !== areaId) ?? 0;
          const scope: Scope = { all: false, areaIds: [areaId], meterIds: [other] };
          const seen = all().filter((id) => areaOf.get(id) === areaId || id === other);
          const month = monthOf(FIRST) as Month;
          const matrix = await matrixReport(b.db.read, scope, { ...EVERYTHING, month });
          expect(matrix.items.map((row) => row.meterId)).toEqual(seen);
          expect(matrix.sumWh).toBe(figures(daysOf(counting(seen), month)).usageWh);
          const period = await periodReport(b.db.read, scope, { kind: "electricity", period: month });
          expect(period && figuresOf(period)).toEqual(figures(daysOf(counting(seen), month)));
          const label = matrix.items.find((row) => row.meterId === other)?.label ?? "";
          const found = await matrixReport(b.db.read, SCOPE_ALL, { ...EVERYTHING, month, search: label });
          expect(found.daySums).toEqual(
            daysOfMonth(month).map((day) => figures(daysOf(counting([other]), day)).usageWh),
          );
          const day = await dayReport(b.db.read, scope, { ...EVERYTHING, day: FIRST });
          expect(day.usageWh).toBe(figures(daysOf(counting(seen), FIRST)).usageWh);
        });

        test("a database of before gets the same days side by side when it is brought up to date", async () => {
          const stored = () =>
            b.db.read.selectFrom("month_days").selectAll().orderBy("month").orderBy("meter_id").execute();
          const before = await stored();
          expect(before.length).toBeGreaterThan(all().length);
          await b.db.transact((tx) => tx.deleteFrom("month_days").execute());
          await b.db.transact((tx) => up(tx, b.db.kind));
          expect(await stored()).toEqual(before);
          await b.db.transact((tx) => up(tx, b.db.kind));
          expect(await stored()).toEqual(before);
        });

        test("the books still hold", async () => {
          expect((await b.verify()).problems).toEqual([]);
        });
      },
    );
  }
}
