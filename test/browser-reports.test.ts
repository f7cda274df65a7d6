import type { Page } from "playwright-core";
import readSheet from "read-excel-file/node";
import { expect, test } from "vitest";
import { type Day, dayOf, HOUR_MS, MINUTE_MS, type Month, startOfDay } from "#base/time.ts";
import type { PeriodReport } from "#contract/reports.ts";
import { registers, verdictCode } from "#domain/reading.ts";
import type { FlowContext } from "#flows/context.ts";
import { recloseDays } from "#flows/reclose-days.ts";
import { verifyLedger } from "#flows/verify-ledger.ts";
import type { Db } from "#store/db.ts";
import { insertIgnore } from "#store/portable.ts";
import { givePast } from "./browser-past.ts";
import { chineseTexts, PHONE, type Site, seriousBarriers } from "./browser-site.ts";
import { browserStories, sheetsOfPaper } from "./browser-stories.ts";
import { until } from "./until.ts";

browserStories("reports and shares", ({ before, open }) => {
  let site: Site;
  let db: Db;
  let ctx: FlowContext;
  let past: { month: Month; days: Day[] };
  before(async (opened) => {
    ({ site, db, ctx } = opened);
    await until("every meter that answers was read", async () => {
      const row = await db.read
        .selectFrom("reading")
        .select((eb) => eb.fn.count<number>("meter_id").distinct().as("n"))
        .executeTakeFirstOrThrow();
      return row.n >= 90;
    });
    past = await givePast(ctx);
  });

  /** The exact Wh behind the figures of a page. */
  async function exact(page: Page, selector: string): Promise<number[]> {
    await page.locator(selector).first().waitFor();
    const texts = await page.locator(selector).evaluateAll((all) => all.map((one) => one.getAttribute("data-wh")));
    return texts.filter((text) => text !== null && text !== "").map(Number);
  }
  const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0);

  /** What the days in the database add up to. */
  async function usageOf(kind: "electricity" | "water", meterId?: number): Promise<number> {
    const row = await db.read
      .selectFrom("meter_day")
      .innerJoin("meter", "meter.id", "meter_day.meter_id")
      .where("meter.kind", "=", kind)
      .where("latest", "=", 1)
      .where("day", "like", `${past.month}-%`)
      .$if(meterId !== undefined, (query) => query.where("meter.id", "=", meterId ?? 0))
      .select((eb) => eb.fn.sum<number>("usage_wh").as("usage"))
      .executeTakeFirstOrThrow();
    return Number(row.usage);
  }

  /**
   * Gives a meter more readings of a past day: by the quarter from midnight to noon but between 03:00 and 04:00, unevenly, along the
   * indexes that its day was closed with, so that the day stays what it was.
   */
  async function readOften(meterId: number, day: Day): Promise<void> {
    const start = startOfDay(day);
    const shown = await db.read
      .selectFrom("reading")
      .selectAll()
      .where("meter_id", "=", meterId)
      .where("register", "=", registers.energyTotal)
      .where("measured_at", ">=", start)
      .where("measured_at", "<=", start + 12 * HOUR_MS)
      .orderBy("measured_at")
      .execute();
    const rows = shown.slice(1).flatMap((next, i) => {
      const before = shown[i];
      if (before === undefined) return [];
      const quarters = (next.measured_at - before.measured_at) / (15 * MINUTE_MS);
      return Array.from({ length: quarters - 1 }, (_, k) => {
        const part = ((k + 1) / quarters) ** 2;
        const measured_at = before.measured_at + (k + 1) * 15 * MINUTE_MS;
        return { ...next, measured_at, value: before.value + Math.floor((next.value - before.value) * part) };
      });
    });
    const kept = rows.filter(({ measured_at: at }) => at <= start + 3 * HOUR_MS || at >= start + 4 * HOUR_MS);
    const instants = rows.flatMap(({ measured_at }, i) =>
      [
        [registers.voltage, 229_000 + i * 137],
        [registers.current, 400 + i * 61],
        [registers.power, 90 + i * 15],
      ].map(([register = 0, value = 0]) => ({ ...rows[0], meter_id: meterId, register, measured_at, value })),
    );
    await db.transact(async (tx) => {
      for (const part of [kept, instants]) {
        const whole = part.map((row) => ({ ...row, verdict: verdictCode("ok"), received_at: row.measured_at }));
        await insertIgnore(tx, "reading", whole, ["meter_id", "register", "measured_at"]);
      }
    });
  }

  test("FI-1: a month by utility, from the total to a building, a meter, a day, an hour and its readings: every level is the sum of the next", async () => {
    const page = await open({ as: "admin" });
    for (const kind of ["water", "electricity"] as const) {
      await page.goto(`${site.base}/reports/periods?period=${past.month}&kind=${kind}`);
      const [total = 0] = await exact(page, '[data-testid="period-total"]');
      expect(total).toBeGreaterThan(0);
      expect(total).toBe(await usageOf(kind));
      expect(sum(await exact(page, '[data-testid="periods"] tbody [data-testid="usage"]'))).toBe(total);
      const told = await site.ask<PeriodReport>(`/api/reports/period?period=${past.month}&kind=${kind}`);
      expect(told.usageWh).toBe(total);
    }
    const areas = page.locator('[data-testid="periods"] tbody [data-testid^="area-"]');
    let depth = 0;
    for (; (await areas.count()) > 0; depth++) {
      const name = (await areas.first().getAttribute("data-name")) ?? "";
      const ofArea = Number(await areas.first().getByTestId("usage").getAttribute("data-wh"));
      await areas.first().getByRole("link").click();
      await page.locator(".crumbs li:last-child", { hasText: name }).waitFor();
      await expect.poll(() => exact(page, '[data-testid="period-total"]')).toEqual([ofArea]);
      expect(sum(await exact(page, '[data-testid="periods"] tbody [data-testid="usage"]'))).toBe(ofArea);
    }
    expect(depth).toBeGreaterThan(0);

    const line = page.locator('[data-testid="periods"] tbody [data-testid^="meter-"]').nth(1);
    const meterId = Number((await line.getAttribute("data-testid"))?.slice("meter-".length));
    const ofMeter = Number(await line.getByTestId("usage").getAttribute("data-wh"));
    await line.getByRole("link").click();
    await expect.poll(() => exact(page, '[data-testid="meter-total"]')).toEqual([ofMeter]);
    expect(ofMeter).toBe(await usageOf("electricity", meterId));
    const ofDays = await exact(page, '[data-testid="meter-parts"] tbody [data-testid="usage"]');
    expect(ofDays).toHaveLength(past.days.length);
    expect(sum(ofDays)).toBe(ofMeter);

    await page.getByTestId("usage-chart").and(page.locator('[data-state="drawn"]')).waitFor();

    const theDay = past.days[9] as Day;
    await readOften(meterId, theDay);
    const day = page.getByTestId(`part-${theDay}`);
    const ofDay = Number(await day.getByTestId("usage").getAttribute("data-wh"));
    await day.getByRole("link").click();
    await page.getByTestId("slots").waitFor();
    await expect.poll(() => exact(page, '[data-testid="meter-total"]')).toEqual([ofDay]);
    const slots = page.getByTestId("slot");
    await expect.poll(() => slots.count()).toBe(24);
    expect(sum(await exact(page, '[data-testid="slot"] [data-testid="usage"]'))).toBe(ofDay);
    // The afternoon, which was read at 18:00 only: each gap has one figure, of all its slots together.
    const quality = (at: string) => page.locator(`[data-slot="${at}"]`).getAttribute("data-quality");
    expect([await quality("02:00"), await quality("03:00"), await quality("13:00")]).toEqual([
      "measured",
      "measured",
      "gap",
    ]);
    await expect
      .poll(() => page.locator('[data-slot="12:00"] [data-testid="usage"]').textContent())
      .toContain("6 个时段合计");
    await expect.poll(() => page.locator('[data-slot="13:00"] [data-testid="usage"]').count()).toBe(0);
    await expect.poll(() => page.getByTestId("slots-missing").textContent()).toContain("12");
    await page.getByTestId("curve-voltage").and(page.locator('[data-state="drawn"]')).waitFor();

    for (const [hour, steps] of [
      ["02:00", 4],
      ["03:00", 4],
    ] as const) {
      const ofHour = Number(await page.locator(`[data-slot="${hour}"]`).getByTestId("usage").getAttribute("data-wh"));
      await page.locator(`[data-slot="${hour}"]`).getByRole("link").click();
      await page.locator(".crumbs [aria-current]", { hasText: hour }).waitFor();
      await expect.poll(() => exact(page, '[data-testid="meter-total"]')).toEqual([ofHour]);
      await expect.poll(() => slots.count()).toBe(steps);
      expect(sum(await exact(page, '[data-testid="slot"] [data-testid="usage"]'))).toBe(ofHour);
      await page.goBack();
      await page.locator('[data-slot="23:00"]').waitFor();
    }

    await page.getByTestId("to-readings").click();
    await expect.poll(() => exact(page, '[data-testid="readings-total"]')).toEqual([ofDay]);
    const steps = await exact(page, '[data-testid="reading"] [data-testid="step"]');
    expect(steps.length).toBeGreaterThan(40);
    expect(sum(steps)).toBe(ofDay);
  });

  test("one meter's day is beside the day before or the year before, arrow keys and Back walk through days, and its file has what is shown", async () => {
    const page = await open({ as: "admin" });
    const { id } = await db.read
      .selectFrom("meter")
      .select("id")
      .where("kind", "=", "electricity")
      .where("mode", "=", "prepaid")
      .orderBy("id")
      .limit(1)
      .offset(60)
      .executeTakeFirstOrThrow();
    const [before, day] = [past.days[10] as Day, past.days[11] as Day];
    for (const each of [before, day]) await readOften(id, each);
    await page.goto(`${site.base}/reports/meters/${id}?period=${day}&compare=before`);
    await page.getByTestId("slots").waitFor();
    await page.getByTestId("change").waitFor();
    const usages = await exact(page, '[data-testid="slot"] [data-testid="usage"]');
    const others = await exact(page, '[data-testid="slot"] [data-testid="other"]');
    const changes = await exact(page, '[data-testid="slot"] [data-testid="change-wh"]');
    expect(others).toHaveLength(usages.length);
    expect(changes).toEqual(usages.map((each, i) => each - (others[i] ?? 0)));
    const saved = page.waitForEvent("download");
    await page.getByTestId("export").click();
    const [sheet] = await readSheet(await (await saved).path());
    const heads = sheet?.data.findIndex((row) => row[0] === "时段起") ?? -1;
    const [head = [], ...lines] = sheet?.data.slice(heads) ?? [];
    const column = (name: string) =>
      lines.slice(0, -1).map((row) => Math.round(Number(row[head.indexOf(name)]) * 1_000));
    expect(column("用量")).toEqual(usages);
    expect(column(`${before} 用量`)).toEqual(others);
    expect(column("变化")).toEqual(changes);

    const total = async () => (await exact(page, '[data-testid="meter-total"]'))[0];
    const ofDay = await total();
    await page.locator("h1").click();
    await page.keyboard.press("ArrowLeft");
    await page.locator("h1", { hasText: before }).waitFor();
    await page.getByTestId("slots").waitFor();
    await expect.poll(() => new URL(page.url()).searchParams.get("compare")).toBe("before");
    await expect.poll(() => total()).toBe(sum(others));
    await page.keyboard.press("ArrowRight");
    await page.locator("h1", { hasText: day }).waitFor();
    await page.goBack();
    await page.locator("h1", { hasText: before }).waitFor();
    await page.goForward();
    await page.locator("h1", { hasText: day }).waitFor();
    await expect.poll(() => total()).toBe(ofDay);
    // A year before there was no meter: no figure, and no 0.
    await page.getByTestId("compare").selectOption("year");
    await page.getByTestId("change").filter({ hasText: "无数据" }).waitFor();
    await expect.poll(() => exact(page, '[data-testid="slot"] [data-testid="other"]')).toEqual([]);
    // Keys belong to the choice while it has them, and the step stays when the day changes.
    await page.getByTestId("minutes").selectOption("15");
    await page.locator('[data-slot="00:15"]').waitFor();
    await expect.poll(() => page.getByTestId("slot").count()).toBe(96);
    expect(sum(await exact(page, '[data-testid="slot"] [data-testid="usage"]'))).toBe(ofDay);
    await page.getByTestId("minutes").press("ArrowLeft");
    await page.locator("h1").click();
    await page.keyboard.press("ArrowLeft");
    await page.locator("h1", { hasText: before }).waitFor();
    await expect.poll(() => new URL(page.url()).searchParams.get("minutes")).not.toBe(null);
    await page.getByTestId(`crumb-${past.month}`).click();
    await page.getByTestId("meter-parts").waitFor();
    await page.getByTestId(`crumb-${past.month.slice(0, 4)}`).click();
    await page.getByTestId(`part-${past.month}`).waitFor();
    // Today is not closed: nothing is made up.
    await page.goto(`${site.base}/reports/meters/${id}?period=${dayOf(ctx.clock())}`);
    await page.getByTestId("report-empty").waitFor();
    await page.getByTestId("read-now").click();
    await page.locator('[data-testid="command-progress"][data-state="confirmed"]').waitFor();
    await page.getByTestId("curve-power").and(page.locator('[data-state="drawn"]')).waitFor();
  });

  test("the matrix of a month adds up across and down, and its file is a workbook", async () => {
    const page = await open({ as: "admin" });
    await page.goto(`${site.base}/reports/days?month=${past.month}`);
    const [total = 0] = await exact(page, '[data-testid="matrix-sum"]');
    expect(total).toBe(await usageOf("electricity"));
    expect(sum(await exact(page, '[data-testid="day-sum"]'))).toBe(total);
    const row = '[data-testid="matrix"] tbody tr >> nth=0';
    expect(sum(await exact(page, `${row} >> [data-testid="cell"]`))).toBe(
      (await exact(page, `${row} >> [data-testid="row-sum"]`))[0],
    );
    const saved = page.waitForEvent("download");
    await page.getByTestId("export").click();
    expect((await saved).suggestedFilename()).toMatch(/\.xlsx$/);

    // On paper the day has all its rows, in the width of A4 between its margins, and says which day it is.
    await page.goto(`${site.base}/reports/day?day=${past.days[3]}`);
    await page.getByTestId("day-usage").waitFor();
    await page.emulateMedia({ media: "print" });
    await page.setViewportSize({ width: 718, height: 1_000 });
    const paper = await page
      .locator(".sheet-box")
      .evaluate((box) => [box.scrollWidth, box.clientHeight - box.scrollHeight]);
    expect(paper[0]).toBeLessThanOrEqual(718);
    expect(paper[1]).toBe(0);
    await expect.poll(() => page.locator("h1").isVisible()).toBe(true);
    await expect.poll(() => page.getByTestId("export").isVisible()).toBe(false);
    expect(await sheetsOfPaper(page)).toBeGreaterThan(1);
  });

  /** Makes an electricity meter a public one, as it would have been taken into use. Answers it and some neighbours. */
  async function publicMeter(skip: number) {
    const meters = await db.read
      .selectFrom("meter")
      .where("kind", "=", "electricity")
      .where("mode", "=", "prepaid")
      .select(["id", "number", "label"])
      .orderBy("id")
      .offset(skip)
      .limit(4)
      .execute();
    const [source, ...members] = meters;
    if (source === undefined) throw new Error("the town has no such meter");
    await db.transact((tx) => tx.updateTable("meter").set({ mode: "public" }).where("id", "=", source.id).execute());
    return { source, members };
  }

  /** Corrects the last reading of the month of a meter upwards, on its page, and closes the days again. */
  async function correctMonthEnd(page: Page, meterId: number, byWh: number): Promise<void> {
    await page.goto(`${site.base}/reports/meters/${meterId}/readings?day=${past.days.at(-1)}`);
    const close = page.locator('[data-testid="reading"][data-role="close"]');
    const index = Number(await close.locator("[data-wh]").first().getAttribute("data-wh"));
    await close.getByTestId("reading-correct").click();
    await page.getByTestId("correction-confirm").click();
    await expect.poll(() => page.locator(".dialog [role=alert]").first().textContent()).toBe("请填写原因");
    await page.getByTestId("correction-value").fill(((index + byWh) / 1_000).toFixed(3));
    await page.getByTestId("correction-reason").fill("现场核对底度");
    await page.getByTestId("correction-confirm").click();
    await page.getByTestId("correction-done").waitFor();
    for (let more = true; more; ) more = (await recloseDays(ctx, 100)).more;
  }

  test("columns are chosen, sums stay below their own, the choice is kept on this computer, and files hold all of them", async () => {
    const page = await open({ as: "admin" });
    await page.goto(`${site.base}/reports/day?day=${past.days[0]}`);
    /** Of each row: what stands in it, and over how many columns in all. */
    const rows = async () => {
      await page.getByTestId("day").locator("tbody tr").first().waitFor();
      return page.getByTestId("day").evaluate((table) =>
        [...table.querySelectorAll("tr")].map((row) => {
          const seen = [...row.cells].filter((cell) => cell.checkVisibility());
          return { text: seen.map((cell) => cell.innerText), width: seen.reduce((all, cell) => all + cell.colSpan, 0) };
        }),
      );
    };
    const whole = await rows();
    expect(new Set(whole.map(({ width }) => width))).toEqual(new Set([7]));
    await page.getByTestId("columns-day").click();
    for (const column of [1, 3]) await page.getByTestId(`column-${column}`).uncheck();
    await page.keyboard.press("Escape");
    await expect.poll(() => page.getByTestId("column-1").isVisible()).toBe(false);
    const narrow = await rows();
    expect(new Set(narrow.map(({ width }) => width))).toEqual(new Set([5]));
    expect(narrow[0]?.text).toEqual(whole[0]?.text.filter((_, column) => column !== 1 && column !== 3));
    expect(narrow.at(-1)?.text.at(-3)).toBe(whole.at(-1)?.text.at(-3)); // the sum of usage
    await page.reload();
    await expect.poll(() => rows()).toEqual(narrow);
    await expect.poll(() => page.getByTestId("columns-day").innerText()).toBe("列设置 5/7");
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByTestId("export").click()]);
    const [sheet] = await readSheet(await download.path());
    expect(JSON.stringify(sheet?.data)).toContain("倍率");
    // On a phone the cards leave out the same, and all come back at once.
    await page.setViewportSize(PHONE);
    await expect.poll(() => page.getByTestId("day").innerText()).not.toContain("起始示数");
    await page.getByTestId("columns-day").click();
    await page.getByTestId("columns-all").click();
    await page.keyboard.press("Escape");
    await page.setViewportSize({ width: 1_440, height: 900 });
    await expect.poll(() => rows()).toEqual(whole);
  });

  test("FI-6, IS-7: a box's public meter is shared to the last Wh; a corrected reading makes a correction that charges only the difference", async () => {
    const { source, members } = await publicMeter(40);
    const page = await open({ as: "admin" });
    await page.getByTestId("menu-shares").click();
    await page.getByTestId("box-new").click();
    await page.getByTestId("box-name").fill("2 层配电箱");
    await page.getByTestId("box-meters").fill([source, ...members].map((each) => each.number).join("\n"));
    await page.getByTestId("box-reason").fill("公共照明分摊");
    await page.getByTestId("box-save").click();
    await page.getByTestId(`source-${source.number}`).getByRole("link").click();

    await page.getByTestId("rule-new").click();
    await page.getByTestId("rule-day").fill(past.days[0] ?? "");
    await page.getByTestId("rule-property").fill("10");
    await page.getByTestId("ratio-equal").click();
    await expect.poll(() => page.getByTestId("ratio-sum").textContent()).toContain("合计 100%");
    await page.getByTestId("rule-preview").click();
    await page.getByTestId("tried").waitFor();
    const ofMonth = await usageOf("electricity", source.id);
    await expect.poll(() => exact(page, '[data-testid="tried"] [data-testid="share-sum"]')).toEqual([ofMonth]);
    expect(sum(await exact(page, '[data-testid="tried"] [data-testid="share-wh"]'))).toBe(ofMonth);
    await page.getByTestId("rule-reason").fill("业主大会决议");
    await page.getByTestId("rule-save").click();
    await page.getByTestId("rule").waitFor();

    await page.getByTestId("run-period").fill(past.month);
    await page.getByTestId("run-now").click();
    await page.getByTestId("run-outcome").waitFor();
    await page.getByTestId(`run-${past.month}-0`).getByTestId("run-open").click();
    await expect.poll(() => exact(page, '[data-testid="sheet-total"]')).toEqual([ofMonth]);
    const first = await exact(page, '[data-testid="share-wh"]');
    expect(first).toHaveLength(members.length + 1);
    expect(sum(first)).toBe(ofMonth);
    // What people read adds up too, to the last place shown.
    const shown = (await page.getByTestId("share-wh").allTextContents()).map((text) =>
      Math.round(Number(text) * 1_000),
    );
    const shownSum = Math.round(Number(await page.getByTestId("share-sum").textContent()) * 1_000);
    expect(sum(shown)).toBe(shownSum);
    const paid = await chargedFor();
    expect(paid).toBeGreaterThan(0);

    const more = 50;
    await correctMonthEnd(page, source.id, more);
    expect(await usageOf("electricity", source.id)).toBe(ofMonth + more);
    await page.goto(`${site.base}/shares/${source.id}`);
    await page.getByTestId("run-period").fill(past.month);
    await page.getByTestId("run-now").click();
    await page.getByTestId("run-outcome").waitFor();
    await expect.poll(() => page.getByTestId("run-outcome").getAttribute("data-rev")).toBe("1");
    const correction = page.getByTestId(`run-${past.month}-1`);
    await expect.poll(() => correction.textContent()).toContain("更正 1");
    await correction.getByTestId("run-open").click();
    await expect.poll(() => exact(page, '[data-testid="sheet-total"]')).toEqual([ofMonth + more]);
    expect(sum(await exact(page, '[data-testid="share-wh"]'))).toBe(ofMonth + more);
    await expect.poll(() => exact(page, '[data-testid="share-before"]')).toEqual(first);
    const charges = await page
      .locator('[data-testid="share-charge"]')
      .evaluateAll((all) => all.map((one) => Math.round(Number(one.getAttribute("data-yuan")) * 10_000)));
    expect(await chargedFor()).toBe(paid + sum(charges));

    // Once more changes nothing: no third revision, no further charge.
    await page.goto(`${site.base}/shares/${source.id}`);
    await page.getByTestId("run-period").fill(past.month);
    await page.getByTestId("run-now").click();
    await page.locator('[data-testid="run-outcome"][data-outcome="unchanged"]').waitFor();
    expect(await chargedFor()).toBe(paid + sum(charges));
    expect(await verifyLedger(ctx)).toMatchObject({ ok: true });
  });

  test("an outdoor unit is shared by run time, capacity and speed, and its sheet shows how", async () => {
    const { source, members } = await publicMeter(50);
    const page = await open({ as: "admin" });
    await page.getByTestId("menu-hvac").click();
    const units = [
      { number: "N1", rated: 2_500, minutes: [60, 120, 30] },
      { number: "N2", rated: 5_000, minutes: [0, 45, 200] },
    ] as const;
    for (const [i, unit] of units.entries()) {
      await page.getByTestId("unit-new").first().click();
      const given = { number: unit.number, label: `内机${i + 1}`, outdoor: source.number, rated: String(unit.rated) };
      for (const [field, text] of Object.entries({ ...given, payer: members[i]?.number ?? "", reason: "安装登记" })) {
        await page.getByTestId(`unit-field-${field}`).fill(text);
      }
      await page.getByTestId("unit-save").click();
      await page.getByTestId("unit-dialog").waitFor({ state: "detached" });
    }
    await page.getByTestId(`source-${source.number}`).getByRole("link").click();
    await page.getByTestId("unit-N2").waitFor();

    const day = past.days[14] ?? "";
    await page.getByTestId("rule-new").click();
    await page.getByTestId("rule-period").selectOption("day");
    await page.getByTestId("rule-day").fill(day);
    await page.getByTestId("rule-preview").click();
    // Nobody has entered run times for yesterday: that waits, and is not taken for 0.
    await expect.poll(() => page.getByTestId("tried-waiting").textContent()).toContain("内机1");
    await page.getByTestId("rule-reason").fill("空调分摊办法");
    await page.getByTestId("rule-save").click();
    await page.getByTestId("rule").waitFor();

    await page.getByTestId("input-day").fill(day);
    await page.getByTestId("input-paste").fill(units.map((u) => [u.number, ...u.minutes].join("\t")).join("\n"));
    await page.getByTestId("input-fill").click();
    await page.getByTestId("input-save").click();
    await expect.poll(() => page.getByTestId("inputs-saved").textContent()).toBe("已保存 2 台");
    await page.getByTestId("run-period").fill(day);
    await page.getByTestId("run-now").click();
    await page.getByTestId(`run-${day}-0`).getByTestId("run-open").click();

    await expect.poll(() => page.getByTestId("share-formula").textContent()).toContain("额定容量");
    const [total = 0] = await exact(page, '[data-testid="sheet-total"]');
    const parts = await exact(page, '[data-testid="share-wh"]');
    expect(total).toBeGreaterThan(0);
    expect(sum(parts)).toBe(total);
    const weights = units.map(
      ({ rated, minutes: [low, middle, high] }) => (low * 60 + middle * 80 + high * 100) * rated,
    );
    for (const [i, weight] of weights.entries()) {
      expect(Math.abs((parts[i] ?? 0) - (total * weight) / sum(weights))).toBeLessThanOrEqual(10);
    }
    await expect
      .poll(() => page.getByTestId("share-line").first().textContent())
      .toContain("低 60 / 中 120 / 高 30 分钟,2500 W");
    expect(await verifyLedger(ctx)).toMatchObject({ ok: true });
  });

  /** What the ledger holds as revenue of shares, in 1/10000 yuan. */
  async function chargedFor(): Promise<number> {
    const row = await db.read
      .selectFrom("ledger_transfer")
      .innerJoin("ledger_entry", "ledger_entry.transfer_id", "ledger_transfer.id")
      .where("ledger_transfer.kind", "=", "share")
      .where("ledger_entry.account_id", "like", "revenue:%")
      .select((eb) => eb.fn.sum<number | null>("amount_e4").as("sum"))
      .executeTakeFirstOrThrow();
    return Number(row.sum ?? 0);
  }

  test("every page of the readings is whole on a phone and in English", async () => {
    const page = await open({ as: "admin", size: PHONE, language: "en" });
    for (const path of [
      "/reports/current",
      `/reports/days?month=${past.month}`,
      `/reports/day?day=${past.days[3]}`,
      `/reports/periods?period=${past.month}`,
      ...["", "-10", "-10&hour=2", "-10&minutes=15&compare=before"].map(
        (rest) => `/reports/meters/1?period=${past.month}${rest}`,
      ),
      "/doubts",
      "/shares",
      "/hvac",
    ]) {
      await page.goto(site.base + path);
      await page.locator('.sheet, [data-testid="doubts-empty"], [data-testid="sources-empty"]').first().waitFor();
      const width = await page.evaluate<number>("document.documentElement.scrollWidth");
      expect([path, width]).toEqual([path, PHONE.width]);
      expect([path, await seriousBarriers(page)]).toEqual([path, []]);
      const own = (await chineseTexts(page)).filter((text) => !text.includes("氏") && /[数表份筛选合计]/.test(text));
      expect([path, own]).toEqual([path, []]);
    }
  });
});
