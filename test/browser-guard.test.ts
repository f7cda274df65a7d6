import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { addDays, type Day, dayOf } from "#base/time.ts";
import type { Db } from "#store/db.ts";
import { systemClock } from "#system/clock.ts";
import { type Colleague, colleague } from "./browser-people.ts";
import { PHONE, type Site, seriousBarriers } from "./browser-site.ts";
import { browserStories, expectBooksRight } from "./browser-stories.ts";
import { until } from "./until.ts";

const ROOM = "A座-0102";

browserStories("the guard over trips", ({ before, open }) => {
  let site: Site;
  let db: Db;
  let zhou: Colleague;
  let wu: Colleague;
  before(async (opened) => {
    ({ site, db } = opened);
    zhou = await colleague(db, { role: "maintenance", name: "周维保" });
    wu = await colleague(db, { role: "maintenance", name: "吴维保" });
  });

  test("one stops all trips, a trip waits and the room stays lit; two let it leave, and the meter obeys", async () => {
    const board = await site.ask<{ tiles: { meterId: number; label: string; number: string }[] }>("/api/board");
    const meter = board.tiles.find(({ label }) => label === ROOM);
    if (!meter) throw new Error(`no ${ROOM}`);
    const isOpen = async () =>
      (await site.snapshot()).meters.find(({ number }) => number === meter.number)?.relay === "open";

    const page = await open({ as: zhou });
    await page.getByTestId("menu-guard").click();
    await page.getByTestId("guard-stop").click();
    await page.getByTestId("guard-stop-confirm").click();
    await expect.poll(() => page.getByTestId("guard-stop-dialog").textContent()).toContain("请填写原因");
    await page.getByTestId("guard-stop-reason").fill("价格好像录错了");
    await page.getByTestId("guard-stop-confirm").dblclick();
    await page.locator('[data-testid="guard-project"][data-stopped="true"]').waitFor();
    await expect.poll(() => page.getByTestId("guard-why").textContent()).toContain("价格好像录错了");
    await expect.poll(() => page.getByTestId("guard-banner").textContent()).toContain("拉闸已全部停止");

    const { id } = await asked(page, meter.meterId);
    await until("the guard holds the trip back", async () => {
      const row = await db.read
        .selectFrom("command")
        .select(["state", "state_reason"])
        .where("id", "=", id)
        .executeTakeFirst();
      return row?.state === "waiting" && row.state_reason === "guard";
    });
    await page.getByTestId("waiting-trips").getByText(ROOM).waitFor();
    await expect.poll(() => isOpen()).toBe(false);

    await page.getByTestId("guard-release").click();
    await page.getByTestId("guard-release-reason").fill("核对过,价格没有错");
    await page.getByTestId("guard-release-confirm").click();
    await page.getByTestId("guard-asked").waitFor();
    await page.goto(`${site.base}/approvals?view=mine`);
    await page.getByTestId("approval-why-not").waitFor();

    const other = await open({ as: wu });
    await other.getByTestId("guard-banner").waitFor();
    await other.goto(`${site.base}/approvals`);
    await other.getByTestId("approval-approve").click();
    await other.getByTestId("decision-confirm").click();
    await other.getByTestId("approval-approve").waitFor({ state: "detached" });
    await expect.poll(isOpen, { timeout: 120_000, interval: 250 }).toBe(true); // it is looked at again after half a minute
    await other.goto(`${site.base}/guard`);
    await other.locator('[data-testid="guard-project"][data-stopped="false"]').waitFor();
  });

  test("AM-5: a holiday without cuts for his own building, the clinic protected, and the preview of tomorrow says so", async () => {
    type Seen = { meterId: number; label: string; number: string; areaId: number; creditAt: string; kind: string };
    const { tiles } = await site.ask<{ tiles: Seen[] }>("/api/board");
    const onServer = tiles.filter(({ creditAt, kind }) => creditAt === "server" && kind === "electricity");
    const [clinic, shop] = onServer.filter(({ label }) => label.startsWith("B座"));
    const stranger = onServer.find(({ label }) => label.startsWith("A座"));
    if (!clinic || !shop || !stranger) throw new Error("both buildings have meters with credit on the server");
    const today = dayOf(systemClock());
    const [tomorrow, after] = [addDays(today, 1), addDays(today, 2)];
    // All three have used so much of late that nothing will be left tomorrow.
    await db.transact((tx) =>
      tx
        .insertInto("meter_day")
        .values([clinic, shop, stranger].map(({ meterId }) => usedUp(meterId, addDays(today, -1))))
        .execute(),
    );
    await site.tell("/api/calendar", { days: [{ day: after, kind: "workday", name: "调休" }] });
    const boss = await open({ as: "admin" });
    await boss.goto(`${site.base}/supply?view=calendar`);
    if (tomorrow.slice(0, 4) !== today.slice(0, 4)) await boss.getByText(tomorrow.slice(0, 4), { exact: true }).click();
    await boss.getByTestId(`day-${tomorrow}`).click();
    await boss.getByTestId("day-name").fill("店庆");
    await boss.getByTestId("day-holiday").click();
    await boss.locator(`[data-testid="day-${tomorrow}"][data-kind="holiday"]`).waitFor();

    const page = await open({
      as: await colleague(db, { role: "area_manager", name: "陈经理", areaId: clinic.areaId }),
    });
    await page.getByTestId("menu-supply").click();
    const cut = (number: string) => page.getByTestId(`cut-${number}`);
    await cut(clinic.number).and(page.locator('[data-hold="none"]')).waitFor();
    await cut(shop.number).and(page.locator('[data-hold="none"]')).waitFor();
    await expect.poll(() => cut(stranger.number).count()).toBe(0); // not his building
    await page.goto(`${site.base}/supply?view=windows`);
    await page.getByTestId("window-new").click();
    await page.getByTestId("window-name").fill("节日不停电");
    await page.getByTestId("window-area").click();
    await page.locator(".ant-select-item-option", { hasText: "B座" }).click();
    for (const kind of ["工作日", "周末"]) await page.getByRole("checkbox", { name: kind }).uncheck();
    await page.getByTestId("window-from").fill("00:00");
    await page.getByTestId("window-to").fill("24:00");
    await page.getByTestId("window-save").click();
    await page.getByTestId("window-节日不停电").waitFor();

    await page.goto(`${site.base}/?meter=${clinic.meterId}`);
    await page.getByTestId("guard").click();
    await page.getByTestId("supply-confirm").click();
    await expect.poll(() => page.getByTestId("supply-missing").textContent()).not.toBe("");
    await page.getByTestId("supply-reason").fill("诊所有冷藏药品");
    await page.getByTestId("supply-confirm").click();
    await page.locator('[data-testid="supply-guard"][data-on="true"]').waitFor();

    await page.goto(`${site.base}/supply`);
    await cut(clinic.number).and(page.locator('[data-hold="guard"]')).waitFor();
    await cut(shop.number).and(page.locator('[data-hold="no_cut_window"]')).waitFor();
    await expect.poll(() => page.getByTestId("cuts-count").getAttribute("data-cut")).toBe("0");
    // The day after is an ordinary one: the shop has to be told before it, the clinic stays lit.
    await page.locator('input[type="date"]').fill(after);
    await cut(shop.number).and(page.locator('[data-hold="none"]')).waitFor();
    await cut(clinic.number).and(page.locator('[data-hold="guard"]')).waitFor();
    for (const { number } of [clinic, shop])
      expect((await site.snapshot()).meters.find((each) => each.number === number)?.relay).toBe("closed");
    await expectBooksRight(site);
  });

  test("the page is whole on a phone and in English", async () => {
    const page = await open({ as: "admin", size: PHONE, language: "en" });
    await page.goto(`${site.base}/guard`);
    await page.getByTestId("guard-project").waitFor();
    expect(await seriousBarriers(page)).toEqual([]);
    await expect
      .poll(() => page.evaluate<number>("document.documentElement.scrollWidth"))
      .toBeLessThanOrEqual(PHONE.width);
  });

  /** A day on which a meter used more than any account has left. */
  const usedUp = (meterId: number, day: Day) => ({
    ...{ meter_id: meterId, day, rev: 0, segment: 1, latest: 1 as const, ratio: 1, usage_wh: 5_000_000, cost_e4: null },
    ...{ open_wh: null, open_at: null, open_source: null, close_wh: null, close_at: null, close_source: null },
    ...{ quality: "measured" as const, cause: "close" as const, made_at: 0, looked_at: 0 },
  });

  /** Asks for a trip by hand, as the drawer of the meter does. */
  async function asked(page: Page, meterId: number): Promise<{ id: string }> {
    const answer = await page.request.post(`${site.base}/api/meters/${meterId}/commands`, {
      data: { key: `guard-story-${meterId}`, kind: "trip", reason: "检修" },
      headers: { origin: site.base },
    });
    expect(answer.ok(), await answer.text()).toBe(true);
    return (await answer.json()) as { id: string };
  }
});
