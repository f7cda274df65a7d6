import { readFileSync } from "node:fs";
import readSheet from "read-excel-file/node";
import { expect, test } from "vitest";
import { type Day, daysOfMonth, type Month } from "#base/time.ts";
import type { LossReport } from "#contract/losses.ts";
import type { FlowContext } from "#flows/context.ts";
import type { Db } from "#store/db.ts";
import { givePast } from "./browser-past.ts";
import { chineseTexts, PHONE, type Site, seriousBarriers } from "./browser-site.ts";
import { browserStories } from "./browser-stories.ts";
import { until } from "./until.ts";

browserStories("losses", ({ before, open, refusals }) => {
  let site: Site;
  let db: Db;
  let ctx: FlowContext;
  let past: { month: Month; days: Day[] };
  let meters: { id: number; label: string; area_id: number; concentrator_id: number }[];
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
    meters = await db.read
      .selectFrom("meter")
      .innerJoin("meter_month", "meter_month.meter_id", "meter.id")
      .where("kind", "=", "electricity")
      .where("meter_month.month", "=", past.month)
      .where("meter_month.days_missing", "=", 0)
      .where("meter_month.usage_wh", "is not", null)
      .select(["meter.id", "label", "area_id", "concentrator_id"])
      .orderBy("meter.id")
      .execute();
  });

  /** What the days in the database say that a meter used, on days that are not left out. */
  async function usage(meterId: number, without: readonly string[] = []): Promise<number> {
    const rows = await db.read
      .selectFrom("meter_day")
      .where("meter_id", "=", meterId)
      .where("latest", "=", 1)
      .where("day", "like", `${past.month}-%`)
      .select(["day", "usage_wh"])
      .execute();
    return rows.filter(({ day }) => !without.includes(day)).reduce((sum, row) => sum + (row.usage_wh ?? 0), 0);
  }

  test("AM-4: a meter becomes the master meter of its box, the loss is master − Σ sub to the last digit, the worst place comes first and opens", async () => {
    const [main, ...rest] = meters;
    const [one, two, other, under] = rest;
    if (!main || !one || !two || !other || !under) throw new Error("a site has meters");
    await ctx.db.transact(async (tx) => {
      await tx.insertInto("box").values({ id: 901, area_id: main.area_id, name: "甲箱" }).execute();
      await tx.insertInto("box").values({ id: 902, area_id: main.area_id, name: "乙箱" }).execute();
      await tx.updateTable("meter").set({ box_id: 901 }).where("id", "in", [main.id, one.id, two.id]).execute();
      await tx.updateTable("meter").set({ box_id: 902 }).where("id", "in", [other.id, under.id]).execute();
    });
    const page = await open({ as: "admin" });
    await page.goto(`${site.base}/reports/losses?period=${past.month}`);
    await expect.poll(() => page.getByTestId("report-empty").textContent()).toContain("没有总表");
    for (const meter of [main, other]) {
      await page.goto(`${site.base}/concentrators/${meter.concentrator_id}`);
      await page.getByTestId(`edit-${meter.id}`).click();
      await page.getByTestId("meter-master").selectOption("box");
      await page.getByTestId("meter-save").click();
      await page.getByTestId("meter-dialog").waitFor({ state: "detached" });
    }
    const audit = await db.read
      .selectFrom("audit")
      .select(["action", "after"])
      .where("action", "=", "meter.edit")
      .execute();
    expect(audit.map((row) => JSON.parse(row.after ?? "{}").masterOf)).toEqual(["box", "box"]);

    await page.goto(`${site.base}/reports/losses?period=${past.month}`);
    const wanted = new Map([
      [901, (await usage(main.id)) - (await usage(one.id)) - (await usage(two.id))],
      [902, (await usage(other.id)) - (await usage(under.id))],
    ]);
    for (const [id, loss] of wanted) {
      const row = page.getByTestId(`loss-box-${id}`);
      await row.waitFor();
      expect(Number(await row.getByTestId("loss").getAttribute("data-wh"))).toBe(loss);
      await expect.poll(() => row.getByTestId("loss-negative").count()).toBe(loss < 0 ? 1 : 0);
    }
    const percents = await page
      .getByTestId("percent")
      .evaluateAll((all) => all.map((each) => each.getAttribute("data-bp")));
    expect(percents.map(Number)).toEqual(percents.map(Number).toSorted((a, b) => b - a));
    const sum = [...wanted.values()].reduce((all, each) => all + each, 0);
    expect(Number(await page.getByTestId("loss-total").getAttribute("data-wh"))).toBe(sum);

    const [worst, named, subMeters] = (
      await page.locator('[data-testid^="loss-box-"]').first().textContent()
    )?.includes("甲箱")
      ? ([901, "甲箱", [one, two]] as const)
      : ([902, "乙箱", [under]] as const);
    await page.getByTestId(`loss-box-${worst}`).getByRole("link").click();
    await page.getByTestId("loss-formula").waitFor();
    expect(Number(await page.getByTestId("loss-formula").getAttribute("data-wh"))).toBe(wanted.get(worst));
    const below = page.locator('[data-testid="loss-meter-sub"] [data-testid="usage"]');
    const subs = await below.evaluateAll((all) => all.map((each) => Number(each.getAttribute("data-wh"))));
    expect(subs.toSorted()).toEqual((await Promise.all(subMeters.map((meter) => usage(meter.id)))).toSorted());
    const parts = page.locator('[data-testid="loss-parts"] [data-testid="loss"]');
    const days = await parts.evaluateAll((all) => all.map((each) => Number(each.getAttribute("data-wh"))));
    expect(days).toHaveLength(past.days.length);
    expect(days.reduce((all, each) => all + each, 0)).toBe(wanted.get(worst));
    // A day opens by a click, a year by the choice; the address says what is shown.
    await page.getByTestId(`part-${past.days[4]}`).getByRole("link").click();
    await page.getByRole("heading", { name: `${named} ${past.days[4]}` }).waitFor();
    expect(Number(await page.getByTestId("loss-formula").getAttribute("data-wh"))).toBe(days[4]);
    await page.getByTestId("period-kind").selectOption("year");
    await page.getByRole("heading", { name: `${named} ${past.month.slice(0, 4)}` }).waitFor();
    const download = page.waitForEvent("download");
    await page.getByTestId("export").click();
    expect((await download).suggestedFilename()).toMatch(new RegExp(`^线损 ${named} \\d{4}\\.xlsx$`));
  });

  test("the usage ranking adds up to the days, leads to a meter, counts no master meter, and its file says the same", async () => {
    const page = await open({ as: "admin" });
    await page.getByTestId("menu-ranking").click();
    await page.getByTestId("span-last").waitFor();
    const [from, to] = [`${past.month}-01`, daysOfMonth(past.month).at(-1)];
    await page.goto(`${site.base}/reports/ranking?from=${from}&to=${to}`);
    const rows = page.locator("[data-testid^='ranked-']");
    await rows.first().waitFor();
    const read = (of: string) =>
      rows.locator(`[data-testid=${of}]`).evaluateAll((all) => all.map((each) => each.getAttribute("data-wh")));
    const figures = (await read("usage")).map((text) => (text === "" ? null : Number(text)));
    const known = figures.filter((each) => each !== null);
    expect(known).toEqual(known.toSorted((a, b) => b - a));
    expect(known.length).toBeGreaterThan(20);
    const ids = await rows.evaluateAll((all) =>
      all.map((each) => Number(String(each.getAttribute("data-testid")).slice("ranked-".length))),
    );
    expect(await usage(ids[0] ?? 0)).toBe(known[0]);
    const masters = await db.read.selectFrom("meter").select("id").where("master_of", "is not", null).execute();
    expect(masters.length).toBeGreaterThan(0);
    expect(ids.filter((id) => masters.some((master) => master.id === id))).toEqual([]);
    const sum = Number(await page.getByTestId("ranking-sum").getAttribute("data-wh"));
    const saved = page.waitForEvent("download");
    await page.getByTestId("export").first().click();
    const [sheet] = await readSheet(readFileSync(await (await saved).path()));
    expect(sheet?.data.at(-1)?.[4]).toBe(sum / 1000);
    await page.getByTestId("filter-by").selectOption("area");
    await page.locator("[data-testid^='ranked-']").first().getByRole("link").click();
    await page.getByTestId("filter-area").waitFor();
    await page.locator("[data-testid^='ranked-']").first().getByRole("link").click();
    await page.getByTestId("usage-chart").waitFor();
    for (const wrong of [`from=${to}&to=${from}`, "from=2026-02-30&to=2026-03-01", "from=2000-01-01&to=2026-01-01"]) {
      await page.goto(`${site.base}/reports/ranking?${wrong}`);
      await page.getByTestId("load-failed").waitFor();
    }
    refusals(400);
  });

  test("a day that one meter has not is left out, counted and named, never taken as zero", async () => {
    const [main, one, two] = meters;
    const day = past.days[6] ?? "";
    if (!main || !one || !two) throw new Error("a site has meters");
    const whole = (await usage(main.id, [day])) - (await usage(one.id, [day])) - (await usage(two.id, [day]));
    await ctx.db.transact(async (tx) => {
      const column = `d${day.slice(8)}_wh` as "d07_wh";
      await tx
        .updateTable("meter_day")
        .set({ usage_wh: null, quality: "missing" })
        .where("meter_id", "=", one.id)
        .where("day", "=", day)
        .execute();
      await tx
        .updateTable("month_days")
        .set({ [column]: null })
        .where("meter_id", "=", one.id)
        .where("month", "=", past.month)
        .execute();
    });
    const page = await open({ as: "admin" });
    await page.goto(`${site.base}/reports/losses?period=${past.month}&only=incomplete`);
    const row = page.getByTestId("loss-box-901");
    await row.getByTestId("loss-incomplete").waitFor();
    expect(Number(await row.getByTestId("loss").getAttribute("data-wh"))).toBe(whole);
    await expect.poll(() => page.getByTestId("loss-box-902").count()).toBe(0);
    await row.getByRole("link").click();
    await page.getByTestId("loss-meter-sub").getByText(day).waitFor();
    const told = await site.ask<LossReport>(`/api/reports/losses?period=${day}`);
    expect(told.items.find((each) => each.id === 901)).toMatchObject({ lossWh: null, days: 0, daysIncomplete: 1 });
  });

  test("both pages are whole on a phone and in English", async () => {
    for (const size of [PHONE, { width: 1440, height: 900 }]) {
      const page = await open({ as: "admin", size, language: "en" });
      for (const path of ["", "/box/901"]) {
        await page.goto(`${site.base}/reports/losses${path}?period=${past.month}`);
        await page.locator(".sheet").first().waitFor();
        expect([path, await page.evaluate<number>("document.documentElement.scrollWidth")]).toEqual([path, size.width]);
        expect([path, await seriousBarriers(page)]).toEqual([path, []]);
        const own = (await chineseTexts(page)).filter((text) => /[数表份筛选合计损]/.test(text));
        expect([path, own]).toEqual([path, []]);
        const folder = process.env.JICHAO_SCREENS;
        if (folder) await page.screenshot({ path: `${folder}/losses${path.replaceAll("/", "-")}-${size.width}.png` });
      }
    }
  });
});
