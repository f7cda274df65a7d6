import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import type { AreaNode, AreaTree } from "#contract/areas.ts";
import type { Board } from "#contract/metering.ts";
import type { Db } from "#store/db.ts";
import { type Colleague, colleague } from "./browser-people.ts";
import { chineseTexts, DESK, PHONE, type Site, seriousBarriers } from "./browser-site.ts";
import { browserStories, SEEN_TILES } from "./browser-stories.ts";

browserStories("areas", ({ before, open, refusals }) => {
  let site: Site;
  let db: Db;
  let manager: Colleague;
  /** Two buildings of the town, and the site that both lie in. */
  let [first, second, top]: AreaNode[] = [];
  const id = (area: AreaNode | undefined): number => area?.areaId ?? 0;

  before(async (opened) => {
    ({ site, db } = opened);
    const { areas } = await site.ask<AreaTree>("/api/areas/tree");
    top = areas.find((area) => area.parentId === null);
    [first, second] = areas.filter((area) => area.parentId === id(top) && area.meters > 0);
    manager = await colleague(db, { role: "area_manager", name: "陈经理", areaId: id(first) });
  });

  const line = (page: Page, area: AreaNode | undefined) => page.getByTestId(`area-${id(area)}`);
  const parentOf = async (page: Page, area: AreaNode | undefined) =>
    Number(await line(page, area).getAttribute("data-parent"));
  const here = (page: Page) => page.evaluate<string>("document.activeElement.dataset.testid");
  const metersOf = async (page: Page) =>
    ((await (await page.request.get(`${site.base}/api/board`)).json()) as Board).counts.total;

  test("by keys alone a building is moved below another, whose manager sees it from then on, and taken back; it is audited", async () => {
    const his = await open({ as: manager });
    const own = await metersOf(his);
    const tilesOf = (page: Page) => page.locator(SEEN_TILES).count();
    const everybodys = await open({ as: "admin" });
    await expect.poll(() => tilesOf(his)).toBe(own);
    const whole = await metersOf(everybodys);
    await expect.poll(() => tilesOf(everybodys)).toBe(whole);
    const page = await open({ as: "admin" });
    await page.getByTestId("menu-areas").click();
    await line(page, second).waitFor();
    await page.locator('[role="treeitem"][tabindex="0"]').focus();
    await page.keyboard.press("Home");
    await expect.poll(() => here(page)).toBe(`area-${id(top)}`);
    await page.keyboard.press("Enter"); // the top cannot be moved
    await expect.poll(() => page.getByTestId("move-dialog").count()).toBe(0);
    await page.keyboard.press("ArrowLeft");
    await expect.poll(() => line(page, second).count()).toBe(0);
    await page.keyboard.press("ArrowRight");
    await line(page, second).waitFor();
    for (let i = 0; i < 20 && (await here(page)) !== `area-${id(second)}`; i++) await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.getByTestId("move-to").waitFor();
    await page.getByTestId("move-to").focus();
    await page.keyboard.type(String(top?.name)); // a path begins with the site
    for (let i = 0; i < 20 && Number(await page.getByTestId("move-to").inputValue()) !== id(first); i++)
      await page.keyboard.press("ArrowDown");
    expect(Number(await page.getByTestId("move-effects").getAttribute("data-meters"))).toBe(second?.meters);
    expect(Number(await page.getByTestId("move-effects").getAttribute("data-users"))).toBe(1);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter"); // Enter in the reason does nothing
    await expect.poll(() => page.getByTestId("move-dialog").count()).toBe(1);
    await page.keyboard.type("并入一期");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await expect.poll(() => here(page)).toBe("move-confirm");
    await page.keyboard.press("Enter");
    await page.getByTestId("area-moved").waitFor();
    await expect.poll(() => parentOf(page, second)).toBe(id(first));
    await expect.poll(() => metersOf(his)).toBe(own + (second?.meters ?? 0));
    await expect.poll(() => tilesOf(his)).toBe(own + (second?.meters ?? 0)); // nobody loaded that page again
    const [theirs] = ((await (await his.request.get(`${site.base}/api/board`)).json()) as Board).tiles.filter(
      ({ areaId }) => areaId === id(second),
    );
    await his.getByTestId(`tile-${theirs?.number}`).click();
    await his.getByTestId("fact-relay").waitFor();
    await page.getByTestId("area-undo").focus();
    await page.keyboard.press("Enter");
    await expect.poll(() => parentOf(page, second)).toBe(id(top));
    await page.getByTestId("area-moved").getByText("已撤销").waitFor();
    await expect.poll(() => metersOf(his)).toBe(own);
    await expect.poll(() => tilesOf(his)).toBe(own);
    // What he had open of it is his to see no more.
    await his.getByTestId("meter-drawer").getByText("找不到该表计,或它不在您的管辖范围内").waitFor();
    await expect.poll(() => his.getByTestId("fact-relay").count()).toBe(0);
    refusals(404);
    await expect.poll(() => tilesOf(everybodys)).toBe(whole);
    const audit = await db.read.selectFrom("audit").selectAll().where("action", "=", "area.move").execute();
    expect(audit.map((row) => [row.object, row.reason])).toEqual([
      [`area:${id(second)}`, "并入一期"],
      [`area:${id(second)}`, "撤销移动"],
    ]);
  });

  test("by the mouse, too; where somebody else moved it first nothing is saved, what was typed stays, and he is told", async () => {
    refusals(409);
    const page = await open({ as: "admin" });
    await page.goto(`${site.base}/areas`);
    await page.getByTestId(`move-${id(second)}`).click();
    await page.getByTestId("move-confirm").click();
    await page.getByTestId("move-missing").getByText("请选择移到哪里").waitFor();
    await page.getByTestId("move-to").selectOption(String(id(first)));
    await page.getByTestId("move-reason").fill("并入一期");
    const elsewhere = (await site.ask<AreaTree>("/api/areas/tree")).areas.find(
      (area) => area.parentId === id(top) && area.areaId !== id(first) && area.areaId !== id(second),
    );
    if (elsewhere !== undefined) {
      const there = { parentId: elsewhere.areaId, seenParentId: id(top), reason: "另一处" };
      await site.tell(`/api/areas/${id(second)}/move`, there);
      await page.getByTestId("move-confirm").click();
      await page.getByTestId("move-problem").waitFor();
      await expect.poll(() => page.getByTestId("move-reason").inputValue()).toBe("并入一期");
      const back = { parentId: id(top), seenParentId: elsewhere.areaId, reason: "改回来" };
      await site.tell(`/api/areas/${id(second)}/move`, back);
    }
    await page.getByTestId("move-confirm").click();
    await page.getByTestId("area-moved").waitFor();
    await page.getByTestId("area-undo").click();
    await page.getByTestId("area-moved").getByText("已撤销").waitFor();
    await expect.poll(() => parentOf(page, second)).toBe(id(top));
  });

  test("the page fits a desk and a phone, light and dark, in English, without barriers; who manages no meters has none of it", async () => {
    for (const [size, theme] of [
      [DESK, "light"],
      [PHONE, "dark"],
    ] as const) {
      const page = await open({ as: "admin", size, language: "en", theme });
      await page.goto(`${site.base}/areas`);
      await line(page, second).waitFor();
      await page.getByTestId(`move-${id(second)}`).click();
      await page.getByTestId("move-to").selectOption(String(id(first)));
      await page.getByTestId("move-effects").waitFor();
      const folder = process.env.JICHAO_SCREENS;
      if (folder) await page.screenshot({ path: `${folder}/areas-${theme}-${size.width}.png` });
      expect([size, await page.evaluate<number>("document.documentElement.scrollWidth")]).toEqual([size, size.width]);
      expect([size, await seriousBarriers(page)]).toEqual([size, []]);
      const own = (await chineseTexts(page)).filter((text) => /[移撤区辖]/.test(text));
      expect([size, own]).toEqual([size, []]);
      await page.getByTestId("move-back").click();
      expect([size, await seriousBarriers(page)]).toEqual([size, []]);
    }
    const page = await open({ as: manager });
    await page.goto(`${site.base}/areas`);
    await page.getByTestId("no-access").waitFor();
  });
});
