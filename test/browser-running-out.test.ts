import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import readSheet from "read-excel-file/node";
import { expect, test } from "vitest";
import { addDays, type Day, dayOf, monthOf } from "#base/time.ts";
import type { Tile } from "#contract/metering.ts";
import type { RunningOutReport } from "#contract/running-out.ts";
import type { FlowContext } from "#flows/context.ts";
import { lastClosedDay } from "#store/days.ts";
import type { Db } from "#store/db.ts";
import { DAY_COLUMNS } from "#store/month-days.ts";
import { givePast } from "./browser-past.ts";
import { type Colleague, colleague } from "./browser-people.ts";
import { chineseTexts, DESK, PHONE, type Site, seriousBarriers } from "./browser-site.ts";
import { browserStories, expectBooksRight, hook } from "./browser-stories.ts";
import { until } from "./until.ts";

/** What is left lasts so long, a little less than the three days that are asked for at first. */
const DAYS_LEFT = 2.5;

browserStories("who runs out soon", ({ before, open }) => {
  let site: Site;
  let db: Db;
  let ctx: FlowContext;
  let manager: Colleague;
  /** Two of the manager's building that run out, one that lasts, and one elsewhere that runs out. */
  let [hero, second, lasting, elsewhere]: Tile[] = [];
  const id = (tile: Tile | undefined): number => tile?.meterId ?? 0;

  before(async (opened) => {
    ({ site, db, ctx } = opened);
    await until("every meter that answers was read", async () => {
      const seen = db.read.selectFrom("reading").select((eb) => eb.fn.count<number>("meter_id").distinct().as("n"));
      return (await seen.executeTakeFirstOrThrow()).n >= 90;
    });
    await givePast(ctx);
    const { tiles } = await site.ask<{ tiles: Tile[] }>("/api/board");
    const fit = tiles.filter(
      (tile) =>
        tile.state === "normal" &&
        tile.mode === "prepaid" &&
        tile.creditAt === "meter" &&
        tile.kind === "electricity" &&
        (tile.remainingWh ?? 0) > 20_000,
    );
    const [near, far] = [...Map.groupBy(fit, (tile) => tile.areaId).values()].toSorted((a, b) => b.length - a.length);
    [hero, second, lasting] = near ?? [];
    [elsewhere] = far ?? [];
    for (const tile of [hero, second, elsewhere]) await spendADay(tile, (tile?.remainingWh ?? 0) / DAYS_LEFT);
    await spendADay(lasting, (lasting?.remainingWh ?? 0) / 60);
    manager = await colleague(db, { role: "area_manager", name: "陈经理", areaId: hero?.areaId ?? 0 });
  });

  /** The last closed days of a meter, as if so much had been used on each. */
  async function spendADay(tile: Tile | undefined, usedWh: number): Promise<void> {
    await db.transact(async (tx) => {
      const last = (await lastClosedDay(tx)) ?? dayOf(ctx.clock());
      for (let n = 0; n < 7; n++) {
        const day: Day = addDays(last, -n);
        const column = DAY_COLUMNS[Number(day.slice(8)) - 1] ?? "d01_wh";
        await tx
          .updateTable("month_days")
          .set({ [column]: Math.floor(usedWh) })
          .where("meter_id", "=", id(tile))
          .where("month", "=", monthOf(day))
          .execute();
      }
    });
  }

  const row = (page: Page, tile: Tile | undefined) => page.getByTestId(`out-${id(tile)}`);
  const seenBy = async (page: Page, query: string) =>
    (await (await page.request.get(`${site.base}/api/reports/running-out?${query}`)).json()) as RunningOutReport;

  test("AM-3: an area manager sees who of his building runs out within three days, calls one and notes it, and whoever recharges leaves the list", async () => {
    const page = await open({ as: manager });
    await page.getByTestId("menu-runningOut").click();
    await row(page, hero).waitFor();
    await expect.poll(() => row(page, second).count()).toBe(1);
    await expect.poll(() => row(page, lasting).count()).toBe(0);
    await expect.poll(() => row(page, elsewhere).count()).toBe(0);
    const told = await seenBy(page, "limit=500");
    const board = await site.ask<{ tiles: Tile[] }>("/api/board");
    const own = new Set(board.tiles.filter((tile) => tile.areaId === hero?.areaId).map((tile) => tile.meterId));
    for (const each of told.items) expect(own).toContain(each.meterId);
    const tenths = told.items.map((each) => each.daysLeftTenths ?? 0);
    expect(tenths).toEqual(tenths.toSorted((a, b) => a - b));
    expect(Math.max(...tenths)).toBeLessThanOrEqual(30);
    await expect.poll(() => page.getByTestId("show-due").getAttribute("data-count")).toBe(String(told.total));
    await expect.poll(() => page.getByTestId("sum-customers").getAttribute("data-count")).toBe(String(told.customers));
    await expect.poll(() => page.getByTestId("use-over").textContent()).toContain(String(told.useTo));
    // The administrator sees the other building as well.
    expect(
      (await site.ask<RunningOutReport>("/api/reports/running-out?limit=500")).items.map((each) => each.meterId),
    ).toContain(id(elsewhere));

    // Fewer days, and it is another list; the address says so, and leads there again.
    await page.getByTestId("filter-days").selectOption("1");
    await row(page, hero).waitFor({ state: "detached" });
    expect(new URL(page.url()).search).toBe("?days=1");
    await page.goto(`${site.base}/reports/running-out?days=14&sort=room&search=${hero?.label}`);
    await row(page, hero).waitFor();
    await expect.poll(() => page.locator("[data-testid^='out-']").count()).toBe(1);
    await expect.poll(() => page.getByTestId("filter-days").inputValue()).toBe("14");

    // The figure is that of the account's page.
    const days = Number(await row(page, hero).getByTestId("days-left").getAttribute("data-tenths")) / 10;
    await row(page, hero).getByRole("link").first().click();
    const shown = page.getByTestId(`days-left-${hero?.number}`);
    await shown.waitFor();
    const onPage = Number(/([\d.]+) 天/.exec((await shown.textContent()) ?? "")?.[1]);
    expect(Math.abs(onPage - days)).toBeLessThanOrEqual(0.1); // it may have used something in between

    // He telephones; what he notes stands in the list, in the story and in the audit, once.
    await page.goto(`${site.base}/reports/running-out`);
    await page.getByTestId(`choose-${id(hero)}`).check();
    await page.getByTestId("tell").click();
    await page.getByTestId("told-note").fill("已电话通知,今天来充");
    await page.getByTestId("told-confirm").dblclick();
    await page.locator('[data-testid="told-done"][data-count="1"]').waitFor();
    await page.getByTestId("told-close").click();
    await row(page, hero).getByText("已电话通知,今天来充").waitFor();
    await expect.poll(() => row(page, hero).getByTestId("told").textContent()).toContain("陈经理");
    await expect.poll(() => row(page, second).getByTestId("told").textContent()).toBe("—");
    const audit = await db.read.selectFrom("audit").selectAll().where("action", "=", "customer.tell").execute();
    expect(audit.map((each) => each.object)).toEqual([`meter:${id(hero)}`]);
    await row(page, hero).getByRole("link").first().click();
    await page.locator('[data-kind="customer_told"]').getByText("今天来充").waitFor();

    // He comes to the desk, and is gone from the list; nobody else is.
    const desk = await open({ as: "admin" });
    await desk.goto(`${site.base}/recharge?meter=${id(hero)}`);
    await desk.getByTestId("amount").fill("1500");
    await desk.locator('[data-testid="open-confirm"]:enabled').click();
    await desk.getByTestId("confirm-pay").click();
    await desk.locator(hook("order", "confirmed")).waitFor();
    await page.goto(`${site.base}/reports/running-out`);
    await row(page, second).waitFor();
    await expect
      .poll(async () => {
        await page.reload();
        await row(page, second).waitFor();
        return row(page, hero).count();
      })
      .toBe(0);
    await page.getByTestId("filter-days").selectOption("14");
    await expectBooksRight(site);
  });

  test("the file holds what the list holds, of the own building alone, and its sum", async () => {
    const page = await open({ as: manager });
    await page.goto(`${site.base}/reports/running-out?days=14`);
    await row(page, second).waitFor();
    const [file] = await Promise.all([page.waitForEvent("download"), page.getByTestId("export").click()]);
    expect(file.suggestedFilename()).toMatch(/^即将用完 14 天内.*\.xlsx$/);
    const [sheet] = await readSheet(readFileSync(await file.path()));
    const data = sheet?.data ?? [];
    const report = await seenBy(page, "days=14&limit=500");
    const head = data.findIndex((cells) => cells.includes("可用天数"));
    const at = (name: string): number => data[head]?.indexOf(name) ?? -1;
    const rows = data.slice(head + 1, -1);
    expect(rows.map((cells) => cells[at("表号")])).toEqual(
      report.items.map((each) => each.meters.map((meter) => meter.number).join(" ")),
    );
    const yuan = rows.map((cells) => Number(cells[at("剩余(元)")] ?? 0));
    const sum = Math.round(yuan.reduce((all, each) => all + each * 10_000, 0)) / 10_000;
    expect(data.at(-1)?.[at("剩余(元)")]).toBeCloseTo(sum, 2);
    expect(JSON.stringify(data)).not.toContain(elsewhere?.number);
  });

  test("both widths hold it, in English and in the dark, without barriers; a phone calls by a touch; maintenance has no such page", async () => {
    for (const [size, theme] of [
      [DESK, "dark"],
      [PHONE, "light"],
      [PHONE, "dark"],
    ] as const) {
      const page = await open({ as: manager, size, language: "en", theme });
      for (const show of ["due", "unknown", "unused"]) {
        await page.goto(`${site.base}/reports/running-out?show=${show}&days=14`);
        await page.locator('.sheet, [data-testid="report-empty"]').first().waitFor();
        expect([show, await page.evaluate<number>("document.documentElement.scrollWidth")]).toEqual([show, size.width]);
        const own = (await chineseTexts(page)).filter((text) => /[天剩用断欠知充]/.test(text));
        expect([show, own.filter((text) => !text.includes("已电话通知"))]).toEqual([show, []]);
        const folder = process.env.JICHAO_SCREENS;
        if (folder) await page.screenshot({ path: `${folder}/running-out-${show}-${theme}-${size.width}.png` });
        expect([show, await seriousBarriers(page)]).toEqual([show, []]);
      }
      await page.goto(`${site.base}/reports/running-out?days=14`);
      await row(page, second).waitFor();
      await expect.poll(() => row(page, second).locator('a[href^="tel:"]').count()).toBe(size === PHONE ? 1 : 0);
    }
    const nobody = await open({ as: await colleague(db, { role: "maintenance", name: "维保老王" }) });
    await nobody.goto(`${site.base}/reports/running-out`);
    await nobody.getByTestId("no-access").waitFor();
    await expect.poll(() => nobody.getByTestId("menu-runningOut").count()).toBe(0);
  });
});
