import { expect, test } from "vitest";
import { PHONE, type Site, seriousBarriers } from "./browser-site.ts";
import { browserStories } from "./browser-stories.ts";

type Tile = { meterId: number; number: string; label: string; kind: string; remainingWh: number | null };

browserStories("the status board", ({ before, open }) => {
  let site: Site;
  let tiles: Tile[];
  before(async (opened) => {
    ({ site } = opened);
    ({ tiles } = await site.ask<{ tiles: Tile[] }>("/api/board"));
  });

  test("its filters stand in the address, its counters count what they leave, and a second click takes a state away", async () => {
    const page = await open({ as: "admin" });
    const shown = page.locator("[data-testid='board'] .tile");
    await shown.first().waitFor();
    await page.getByTestId("board-below").fill("20,x");
    await expect.poll(() => page.url()).toContain("below=20");
    const low = () => tiles.filter(({ remainingWh }) => remainingWh !== null && remainingWh < 20_000).length;
    await expect.poll(() => shown.count()).toBeLessThan(tiles.length);
    expect(Math.abs((await shown.count()) - low())).toBeLessThanOrEqual(2); // they run while one looks
    expect(Number(await page.getByTestId("counter-all").getAttribute("data-count"))).toBe(await shown.count());
    const all = await shown.count();
    await page.getByTestId("counter-alarm").click();
    await expect.poll(() => shown.count()).toBe(await page.locator(".tile[data-state='alarm']").count());
    expect(page.url()).toContain("state=alarm");
    await page.getByTestId("counter-alarm").click();
    await expect.poll(() => shown.count()).toBe(all);
    expect(page.url()).not.toContain("state=");

    await page.goto(`${site.base}/?kind=water&sort=remaining&size=s`);
    await shown.first().waitFor();
    expect(await shown.count()).toBe(tiles.filter(({ kind }) => kind === "water").length);
    expect(await page.getByTestId("board-sums").textContent()).not.toContain("kWh");
    const ofArea = await page
      .locator(".area")
      .last()
      .locator(".tile-value b")
      .evaluateAll((all) => all.map((each) => Number(each.textContent)));
    expect(ofArea).toEqual(ofArea.toSorted((a, b) => a - b));
    expect(await seriousBarriers(page)).toEqual([]);
  }, 60_000);

  test("arrows go from tile to tile, Enter opens, Esc brings the focus back, and ? lists the keys", async () => {
    const page = await open({ as: "admin" });
    const [first, second] = [page.locator(".tile").first(), page.locator(".tile").nth(1)];
    const focused = () => page.evaluate<string>("document.activeElement?.getAttribute('data-meter') ?? ''");
    await first.focus();
    await page.keyboard.press("ArrowRight");
    expect(await focused()).toBe(await second.getAttribute("data-meter"));
    await page.keyboard.press("Enter");
    await page.getByTestId("meter-drawer").waitFor();
    await page.keyboard.press("Escape");
    await page.getByTestId("meter-drawer").waitFor({ state: "detached" });
    expect(await focused()).toBe(await second.getAttribute("data-meter"));
    await page.keyboard.press("?");
    await page.getByTestId("shortcuts").waitFor();
    expect(await seriousBarriers(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await page.getByTestId("shortcuts").waitFor({ state: "detached" });
    await page.getByTestId("board-filter").fill("?");
    expect(await page.getByTestId("shortcuts").count()).toBe(0); // somebody is typing
  }, 60_000);

  test("on a wall nothing opens, the next areas come by themselves, and Esc ends it", async () => {
    const page = await open({ as: "admin" });
    await page.clock.install();
    await page.goto(`${site.base}/?wall=1`);
    await page.locator(".tile").first().click();
    expect(await page.getByTestId("meter-drawer").count()).toBe(0);
    expect(await page.getByTestId("board-filter").isVisible()).toBe(false);
    const top = () => page.getByTestId("board").evaluate((board) => board.scrollTop);
    expect(await top()).toBe(0);
    const seen: number[] = [];
    for (let n = 0; n < 12 && !seen.slice(0, -1).includes(0); n++) {
      await page.clock.runFor(12_000);
      seen.push(await top());
    }
    expect(Math.max(...seen)).toBeGreaterThan(0);
    expect(seen).toContain(0); // and from the start again
    expect(await seriousBarriers(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await page.getByTestId("board-filter").waitFor();
    expect(page.url()).not.toContain("wall");
    const phone = await open({ as: "admin", size: PHONE });
    await phone.locator(".tile").first().waitFor();
    expect(await seriousBarriers(phone)).toEqual([]);
  }, 90_000);
});
