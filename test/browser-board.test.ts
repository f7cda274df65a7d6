import { expect, test } from "vitest";
import { HOUR_MS } from "#base/time.ts";
import type { MeterEventKind } from "#domain/meter-event.ts";
import { registers, verdictCode } from "#domain/reading.ts";
import type { Db } from "#store/db.ts";
import { addEvents, type NewMeterEvent } from "#store/events.ts";
import { insertRows } from "#store/portable.ts";
import { systemClock } from "#system/clock.ts";
import { PHONE, type Site, seriousBarriers } from "./browser-site.ts";
import { browserStories, SEEN_TILES, tileOf } from "./browser-stories.ts";

type Tile = {
  meterId: number;
  number: string;
  label: string;
  kind: string;
  remainingWh: number | null;
  concentratorId: number;
  concentratorName: string;
};

browserStories("the status board", ({ before, open }) => {
  let site: Site;
  let db: Db;
  let tiles: Tile[];
  before(async (opened) => {
    ({ site, db } = opened);
    ({ tiles } = await site.ask<{ tiles: Tile[] }>("/api/board"));
  });

  test("its filters stand in the address, its counters count what they leave, and a second click takes a state away", async () => {
    const page = await open({ as: "admin" });
    const shown = page.locator(SEEN_TILES);
    await shown.first().waitFor();
    await page.getByTestId("board-below").fill("20,x");
    await expect.poll(() => page.url()).toContain("below=20");
    const low = () => tiles.filter(({ remainingWh }) => remainingWh !== null && remainingWh < 20_000).length;
    await expect.poll(() => shown.count()).toBeLessThan(tiles.length);
    await expect.poll(async () => Math.abs((await shown.count()) - low())).toBeLessThanOrEqual(2); // they run while one looks
    const counted = async () => Number(await page.getByTestId("counter-all").getAttribute("data-count"));
    await expect.poll(async () => (await counted()) - (await shown.count())).toBe(0);
    const all = await shown.count();
    await page.getByTestId("counter-alarm").click();
    await expect.poll(() => shown.count()).toBe(await page.locator(`${SEEN_TILES}[data-state='alarm']`).count());
    await expect.poll(() => page.url()).toContain("state=alarm");
    await page.getByTestId("counter-alarm").click();
    await expect.poll(() => shown.count()).toBe(all);
    await expect.poll(() => page.url()).not.toContain("state=");

    await page.goto(`${site.base}/?kind=water&sort=remaining&size=s`);
    await shown.first().waitFor();
    await expect.poll(() => shown.count()).toBe(tiles.filter(({ kind }) => kind === "water").length);
    await expect.poll(() => page.getByTestId("board-sums").textContent()).not.toContain("kWh");
    const ofArea = await page
      .locator(".area:not([hidden])")
      .last()
      .locator(".tile:not([hidden]) .tile-value b")
      .evaluateAll((all) => all.map((each) => Number(each.textContent)));
    expect(ofArea).toEqual(ofArea.toSorted((a, b) => a - b));
    expect(await seriousBarriers(page)).toEqual([]);
  });

  test("what hangs at one concentrator is one choice away, and stands in the address", async () => {
    const page = await open({ as: "admin" });
    const shown = page.locator(SEEN_TILES);
    await shown.first().waitFor();
    const { concentratorId, concentratorName } = tiles.at(-1) as Tile;
    await page.getByTestId("board-concentrator").click();
    await page.locator(".ant-select-item-option").getByText(concentratorName, { exact: true }).click();
    const its = tiles.filter((tile) => tile.concentratorId === concentratorId);
    expect(its.length).toBeLessThan(tiles.length);
    await expect.poll(() => shown.count()).toBe(its.length);
    await expect.poll(() => new URL(page.url()).searchParams.get("concentrator")).toBe(String(concentratorId));
    await expect.poll(() => page.getByTestId("counter-all").getAttribute("data-count")).toBe(String(its.length));
    await page.goto(`${site.base}/?concentrator=999`);
    await page.getByTestId("board-no-match").getByRole("button").click();
    await expect.poll(() => shown.count()).toBe(tiles.length);
    await expect.poll(() => page.url()).not.toContain("concentrator");
  });

  test("the drawer shows 24 hours of a meter: heard, silent, off and unknown, each hour in words by keyboard", async () => {
    const tile = tileOf(tiles, "A座-0306");
    const now = systemClock();
    const hour = (ago: number) => Math.floor(now / HOUR_MS) * HOUR_MS - ago * HOUR_MS;
    await db.transact(async (tx) => {
      await tx
        .updateTable("meter")
        .set({ created_at: hour(30) })
        .where("id", "=", tile.meterId)
        .execute();
      const told = (at: number, kind: MeterEventKind, detail: NewMeterEvent["detail"] = {}) => ({
        ...{ id: `strip-${at}`, meterId: tile.meterId, at, kind, severity: "info" as const, detail },
      });
      await addEvents(tx, [
        told(hour(10), "silent", { lastAnswerAt: hour(12) + 1 }),
        told(hour(8) + 1, "answering"),
        told(hour(6), "tripped", { cause: "operator" }),
        told(hour(4) - HOUR_MS / 2, "closed"),
      ]);
      const row = { meter_id: tile.meterId, register: registers.energyTotal, value: 1, received_at: now };
      await insertRows(
        tx,
        "reading",
        [13, 7, 6, 5].map((ago) => ({ ...row, measured_at: hour(ago) + 1, verdict: verdictCode("stale") })),
      );
    });
    const page = await open({ as: "admin" });
    await page.goto(`${site.base}/?meter=${tile.meterId}`);
    const hours = page.getByTestId("last-day").locator("ol button");
    await hours.first().waitFor();
    const heard = await hours.evaluateAll((all) => all.map((each) => each.getAttribute("data-heard")));
    expect(heard.length).toBe(24);
    // Counted from the silence, so that it holds in the hour that may begin meanwhile, too.
    expect([heard.lastIndexOf("silent") - heard.indexOf("silent"), heard.at(-1)]).toEqual([4, "answered"]);
    expect(heard.slice(heard.lastIndexOf("silent") + 1).slice(0, 3)).toEqual(["answered", "answered", "answered"]);
    expect(new Set(heard.slice(0, heard.indexOf("silent") - 1))).toEqual(new Set(["unasked"]));
    const off = await hours.evaluateAll((all) => all.map((each) => each.getAttribute("data-off")));
    expect(off.filter((minutes) => minutes !== "0")).toEqual(["60", "30"]);

    await hours.last().focus();
    await page.keyboard.press("ArrowLeft");
    await expect.poll(() => page.url()).toContain(`meter=${tile.meterId}`); // not the next meter
    for (let n = 1; n < 24 - heard.lastIndexOf("silent") - 1; n++) await page.keyboard.press("ArrowLeft");
    await page.getByTestId("hour-text").getByText("电表无应答").waitFor();
    await page.keyboard.press("Home");
    await page.getByTestId("hour-text").getByText("未问询").waitFor();
    await expect
      .poll(() => page.evaluate<string>("document.activeElement?.getAttribute('aria-label') ?? ''"))
      .toContain("未问询");
    expect(await seriousBarriers(page)).toEqual([]);
    const phone = await open({ as: "admin", size: PHONE, language: "en" });
    await phone.goto(`${site.base}/?meter=${tile.meterId}`);
    await phone.getByTestId("last-day").getByText("No answer").waitFor();
    await expect
      .poll(() => phone.evaluate<number>("document.documentElement.scrollWidth"))
      .toBeLessThanOrEqual(PHONE.width);
    expect(await seriousBarriers(phone)).toEqual([]);
  });

  test("arrows go from tile to tile, Enter opens, Esc brings the focus back, and ? lists the keys", async () => {
    const page = await open({ as: "admin" });
    const [first, second] = [page.locator(".tile").first(), page.locator(".tile").nth(1)];
    const focused = () => page.evaluate<string>("document.activeElement?.getAttribute('data-meter') ?? ''");
    await first.focus();
    await page.keyboard.press("ArrowRight");
    await expect.poll(() => focused()).toBe(await second.getAttribute("data-meter"));
    await page.keyboard.press("Enter");
    await page.getByTestId("meter-drawer").waitFor();
    await page.keyboard.press("Escape");
    await page.getByTestId("meter-drawer").waitFor({ state: "detached" });
    await expect.poll(() => focused()).toBe(await second.getAttribute("data-meter"));
    await page.keyboard.press("?");
    await page.getByTestId("shortcuts").waitFor();
    expect(await seriousBarriers(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await page.getByTestId("shortcuts").waitFor({ state: "detached" });
    await page.getByTestId("board-filter").focus();
    await page.keyboard.press("?");
    await expect.poll(() => page.getByTestId("board-filter").inputValue()).toBe("?");
    await expect.poll(() => page.getByTestId("shortcuts").count()).toBe(0); // somebody is typing
  });

  test("on a wall nothing opens, the next areas come by themselves, and Esc ends it", async () => {
    const page = await open({ as: "admin" });
    await page.clock.install();
    await page.goto(`${site.base}/?wall=1`);
    await page.locator(".tile").first().click();
    await expect.poll(() => page.getByTestId("meter-drawer").count()).toBe(0);
    await expect.poll(() => page.getByTestId("board-filter").isVisible()).toBe(false);
    const top = () => page.getByTestId("board").evaluate((board) => board.scrollTop);
    await expect.poll(() => top()).toBe(0);
    const seen: number[] = [];
    for (let n = 0; n < 24 && !(seen.some((y) => y > 0) && seen.at(-1) === 0); n++) {
      await page.clock.runFor(12_000);
      seen.push(await top());
    }
    expect(Math.max(...seen)).toBeGreaterThan(0);
    expect(seen).toContain(0); // and from the start again
    expect(await seriousBarriers(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await page.getByTestId("board-filter").waitFor();
    await expect.poll(() => page.url()).not.toContain("wall");
    const phone = await open({ as: "admin", size: PHONE });
    await phone.locator(".tile").first().waitFor();
    expect(await seriousBarriers(phone)).toEqual([]);
  });
});
