import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { addMonths, dayOf, daysOfMonth, instant, later, MINUTE_MS, monthOf, startOfDay } from "#base/time.ts";
import type { PricedMeter } from "#contract/prices.ts";
import { applyPrices } from "#flows/apply-prices.ts";
import type { FlowContext } from "#flows/context.ts";
import type { Db } from "#store/db.ts";
import { systemClock } from "#system/clock.ts";
import { type Colleague, colleague } from "./browser-people.ts";
import { chineseTexts, PHONE, type Site, seriousBarriers } from "./browser-site.ts";
import { browserStories } from "./browser-stories.ts";
import { until } from "./until.ts";

const NEW_PRICE = "0.98";
const WHY = "供电公司调价";

browserStories("prices in the browser", ({ before, open, refusals }) => {
  let site: Site;
  let db: Db;
  let ctx: FlowContext;
  let li: Colleague;
  let zhang: Colleague;
  before(async (opened) => {
    ({ site, db, ctx } = opened);
    li = await colleague(db, { role: "finance", name: "李会计" });
    zhang = await colleague(db, { role: "finance", name: "张主管" });
  });

  async function choose(page: Page, testId: string, text: string): Promise<void> {
    await page.getByTestId(testId).click();
    await page.locator(".ant-select-item-option", { hasText: text }).click();
  }

  const electricityIn = async (building: string) => {
    const all = await site.ask<{ items: PricedMeter[] }>("/api/prices/meters?kind=electricity&limit=200");
    return all.items.filter((each) => each.label.startsWith(building));
  };
  /** Everything that was charged until now, line by line. */
  const charged = () =>
    db.read.selectFrom("usage_charge").selectAll().orderBy("meter_id").orderBy("reading_at").orderBy("line").execute();

  test("FI-5: another price for a building from the first of the month: asked by one, approved by another, the past untouched", async () => {
    await until("something was charged", async () => (await charged()).length > 0);
    const [inB, inA] = [await electricityIn("B座"), await electricityIn("A座")];
    expect(Math.min(inA.length, inB.length)).toBeGreaterThan(5);
    const first = startOfDay(daysOfMonth(addMonths(monthOf(dayOf(systemClock())), 1))[0]!);

    const page = await open({ as: li });
    await page.getByTestId("menu-prices").click();
    await choose(page, "price-area", "B座");
    await page.getByTestId("price-change-area").click();
    await page.getByTestId("assign-price").fill(NEW_PRICE);
    await page.getByTestId("price-reason").fill(WHY);
    await page.getByTestId("price-send").click();
    await page.getByTestId("price-problem").waitFor();
    await expect.poll(() => page.getByTestId("price-problem").textContent()).toContain("请先选「电」或「水」");
    await page.getByTestId("price-cancel").click();

    await choose(page, "price-kind", "电");
    await page.getByTestId("price-change-area").click();
    await expect.poll(() => page.getByTestId("price-day").inputValue()).toBe(dayOf(first));
    await page.getByTestId("assign-price").fill("-1");
    await page.getByTestId("price-reason").fill(WHY);
    await page.getByTestId("price-send").click();
    await page.getByTestId("price-problem").waitFor();
    refusals(409, 400);
    await page.getByTestId("assign-price").fill(NEW_PRICE);
    await page.getByTestId("what-if-run").click();
    await page.getByTestId("what-if").waitFor();
    await expect.poll(() => page.getByTestId("what-if-total").textContent()).toContain(`涉及 ${inB.length} 只表计`);
    await page.getByTestId("price-send").dblclick();
    await page.getByTestId("price-asked").waitFor();
    await expect.poll(() => page.getByTestId("price-asked").textContent()).toContain(`${inB.length} 只表计`);
    expect(await db.read.selectFrom("price_change").select("id").execute()).toHaveLength(1);

    await page.goto(`${site.base}/approvals?view=mine`);
    await page.getByTestId("approval-why-not").waitFor();
    await expect.poll(() => page.getByTestId("approval-approve").count()).toBe(0);
    expect((await electricityIn("B座")).every((each) => each.nextAt === null)).toBe(true);

    const other = await open({ as: zhang });
    await other.goto(`${site.base}/approvals`);
    await other.locator(".approval a").click();
    await other.getByTestId("change-meters").click();
    await other.getByTestId("price-of-change").waitFor();
    await other.getByTestId(`priced-${inB[0]?.number}`).waitFor();
    const listed = await other
      .getByTestId("priced-meters")
      .locator("tbody tr")
      .evaluateAll((rows) => rows.map((row) => row.getAttribute("data-testid")));
    expect(listed.sort()).toEqual(inB.map((each) => `priced-${each.number}`).sort());
    await other.goto(`${site.base}/approvals`);
    await other.getByTestId("approval-approve").click();
    await other.getByTestId("decision-confirm").click();
    await other.getByTestId("approval-approve").waitFor({ state: "detached" });

    expect((await electricityIn("B座")).map((each) => each.nextAt)).toEqual(inB.map(() => first));
    expect((await electricityIn("B座")).map((each) => each.price)).toEqual(inB.map((each) => each.price));
    expect((await electricityIn("A座")).map((each) => each.nextAt)).toEqual(inA.map(() => null));

    // The first has come: the list shows it, and not one line of before is another.
    const before = await charged();
    await applyPrices({ ...ctx, clock: () => later(instant(first), MINUTE_MS) });
    const meters = new Map(
      (await db.read.selectFrom("meter").select(["number", "price_e4"]).execute()).map((row) => [
        row.number,
        row.price_e4,
      ]),
    );
    expect(new Set(inB.map((each) => meters.get(each.number)))).toEqual(new Set([9_800]));
    expect(inA.map((each) => meters.get(each.number))).toEqual(
      inA.map((each) => Math.round(Number(each.price) * 10_000)),
    );
    const now = new Map((await charged()).map((row) => [`${row.meter_id}/${row.reading_at}/${row.line}`, row]));
    for (const row of before) expect(now.get(`${row.meter_id}/${row.reading_at}/${row.line}`)).toEqual(row);
  });

  test.each(["/prices", "/prices?view=tariffs", "/prices?view=changes", "/supply"])(
    "%s is whole on a phone and in English",
    async (path) => {
      const page = await open({ as: "admin", size: PHONE, language: "en" });
      await page.goto(site.base + path);
      await page.locator("main h1").waitFor();
      await page.locator("main .panel, main .notice").first().waitFor();
      expect(await seriousBarriers(page)).toEqual([]);
      const width = await page.evaluate<number>("document.documentElement.scrollWidth");
      expect(width).toBeLessThanOrEqual(PHONE.width);
      const typed = [WHY, "B座", "A座", "李会计", "张主管", "系统管理员"]; // as they were entered
      const left = (await chineseTexts(page)).filter((text) => !typed.some((word) => text.includes(word)));
      expect(left.filter((text) => /[\u8868\u4ef7\u5ba1\u6279\u8bf7]/.test(text))).toEqual([]);
    },
    180_000,
  );
});
