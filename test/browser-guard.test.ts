import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import type { Db } from "#store/db.ts";
import { type Colleague, colleague } from "./browser-people.ts";
import { PHONE, type Site, seriousBarriers } from "./browser-site.ts";
import { browserStories } from "./browser-stories.ts";
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
    expect(await page.getByTestId("guard-stop-dialog").textContent()).toContain("请填写原因");
    await page.getByTestId("guard-stop-reason").fill("价格好像录错了");
    await page.getByTestId("guard-stop-confirm").dblclick();
    await page.locator('[data-testid="guard-project"][data-stopped="true"]').waitFor();
    expect(await page.getByTestId("guard-why").textContent()).toContain("价格好像录错了");
    expect(await page.getByTestId("guard-banner").textContent()).toContain("拉闸已全部停止");

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
    expect(await isOpen()).toBe(false);

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
    await expect.poll(isOpen, { timeout: 45_000, interval: 250 }).toBe(true); // it is looked at again after half a minute
    await other.goto(`${site.base}/guard`);
    await other.locator('[data-testid="guard-project"][data-stopped="false"]').waitFor();
  }, 120_000);

  test("the page is whole on a phone and in English", async () => {
    const page = await open({ as: "admin", size: PHONE, language: "en" });
    await page.goto(`${site.base}/guard`);
    await page.getByTestId("guard-project").waitFor();
    expect(await seriousBarriers(page)).toEqual([]);
    expect(await page.evaluate<number>("document.documentElement.scrollWidth")).toBeLessThanOrEqual(PHONE.width);
  }, 60_000);

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
