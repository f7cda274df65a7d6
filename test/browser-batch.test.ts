import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { MINUTE_MS } from "#base/time.ts";
import type { Tile } from "#contract/metering.ts";
import type { Batch } from "#contract/switch-batches.ts";
import type { Db } from "#store/db.ts";
import { type Colleague, colleague } from "./browser-people.ts";
import { DESK, PHONE, type Site, seriousBarriers } from "./browser-site.ts";
import { browserStories, expectBooksRight, hook } from "./browser-stories.ts";
import { until } from "./until.ts";

browserStories("many meters switched together", ({ before, open, refusals }) => {
  let site: Site;
  let db: Db;
  let zhou: Colleague;
  let wu: Colleague;
  /** Healthy meters of one building: the last is under supply guard, the first will not answer. */
  let six: Tile[];
  let dead: Tile;
  let guarded: Tile;
  let stoppedBatch = "";
  before(async (opened) => {
    ({ site, db } = opened);
    zhou = await colleague(db, { role: "maintenance", name: "周维保" });
    wu = await colleague(db, { role: "maintenance", name: "吴维保" });
    await until("enough meters were read", async () => (await healthy()).length >= 12);
    six = (await healthy()).slice(0, 6);
    [dead, guarded] = [six[0] as Tile, six[5] as Tile];
    await site.tell(`/api/meters/${guarded.meterId}/guard`, { on: true, reason: "诊所有冷藏药品" });
  });

  const healthy = async (building = "A座"): Promise<Tile[]> => {
    const { tiles } = await site.ask<{ tiles: Tile[] }>("/api/board");
    const { meters } = await site.snapshot();
    const closed = new Set(meters.filter(({ relay }) => relay === "closed").map(({ number }) => number));
    return tiles.filter(
      (tile) =>
        tile.label.startsWith(building) &&
        tile.kind === "electricity" &&
        tile.state === "normal" &&
        closed.has(tile.number),
    );
  };
  const relays = async (tiles: readonly Tile[]) => {
    const { meters } = await site.snapshot();
    return tiles.map(({ number }) => meters.find((each) => each.number === number)?.relay);
  };
  const addressOf = async ({ meterId }: Tile) =>
    (await site.ask<{ address: string }>(`/api/meters/${meterId}`)).address;
  const idOf = (page: Page): string => new URL(page.url()).pathname.split("/").at(-1) ?? "";
  const batchOf = (id: string) => site.ask<Batch>(`/api/switch-batches/${id}`);
  const row = (page: Page, { number }: Tile, step: string) =>
    page.locator(`[data-testid="batch-meter-${number}"][data-step="${step}"]`);

  /** Ticks these meters on the page of a new batch and looks at the list. */
  async function pick(page: Page, tiles: readonly Tile[]): Promise<void> {
    await page.getByTestId("choose-meters").waitFor();
    for (const tile of tiles) {
      await page.getByTestId("filter-search").fill(tile.number);
      await page.getByTestId(`choose-${tile.number}`).check();
    }
    await page.getByTestId("batch-next").click();
    await page.getByTestId("batch-review").waitFor();
  }

  /** Types reason and number, and waits for the page of the batch. */
  async function confirm(page: Page, of: { reason: string; typed: number }): Promise<string> {
    await page.getByTestId("batch-ask").click();
    await page.getByTestId("batch-reason").fill(of.reason);
    await page.getByTestId("batch-typed").fill(String(of.typed));
    await page.getByTestId("batch-confirm").click();
    await page.getByTestId("batch-state").waitFor();
    return idOf(page);
  }

  async function approve(id: string): Promise<Page> {
    const page = await open({ as: wu });
    await page.goto(`${site.base}/switch-batches/${id}`);
    await page.getByTestId("approval-approve").click();
    await page.getByTestId("decision-confirm").click();
    await page.locator('[data-testid="batch-state"]:not([data-state="requested"])').waitFor();
    return page;
  }

  test("MA-8: six rooms off for works: the guarded one stays lit, the number is typed, another agrees to the very list, what failed is tried again", async () => {
    const page = await open({ as: zhou });
    await page.getByTestId("board-filter").fill("A座");
    await page.getByTestId("board-batch").click();
    await pick(page, six);
    await expect.poll(() => page.getByTestId("batch-review").getAttribute("data-meters")).toBe("5");
    await page.locator(`[data-testid="preview-${guarded.number}"][data-why="guarded"]`).waitFor();
    await page.getByTestId("batch-ask").click();
    await expect.poll(() => page.evaluate<string>("document.activeElement?.dataset.testid ?? ''")).toBe("batch-cancel");
    await page.getByTestId("batch-typed").fill("6");
    await page.getByTestId("batch-confirm").click();
    await expect.poll(() => page.getByTestId("batch-reason-problem").textContent()).not.toBe("");
    await expect.poll(() => page.getByTestId("batch-typed-problem").textContent()).toContain("5");
    await page.getByTestId("batch-reason").fill("更换母线");
    await page.getByTestId("batch-typed").fill("5");
    await page.getByTestId("batch-confirm").dblclick();
    await page.locator(hook("batch-state", "requested")).waitFor();
    const id = idOf(page);
    await page.locator('[data-testid="approval-why-not"][data-why="same_person"]').waitFor();
    await expect.poll(() => page.getByTestId("approval-approve").count()).toBe(0);
    expect((await site.ask<{ total: number }>("/api/switch-batches")).total).toBe(1);

    // Nothing is sent before somebody else agrees; he is led from his approvals to the list, and only there he may.
    await site.town(`/meters/${await addressOf(dead)}/offline`, { offline: true });
    const other = await open({ as: wu });
    await other.goto(`${site.base}/approvals`);
    const card = other.getByTestId(`approval-switch_batch:${id}`);
    await card.waitFor();
    await expect.poll(() => card.getByTestId("approval-approve").count()).toBe(0);
    await expect.poll(() => relays(six)).toEqual(Array(6).fill("closed"));
    await card.locator(`a[href="/switch-batches/${id}"]`).click();
    await other.getByTestId("approval-approve").waitFor();
    const listed = await other
      .locator('[data-testid^="batch-meter-"]')
      .evaluateAll((all) => all.map((each) => each.getAttribute("data-testid")));
    const asked = await page
      .locator('[data-testid^="batch-meter-"]')
      .evaluateAll((all) => all.map((each) => each.getAttribute("data-testid")));
    expect(listed).toEqual(asked);
    expect(listed).toHaveLength(6);
    await other.getByTestId("approval-approve").click();
    await other.getByTestId("decision-confirm").click();
    await other.locator(hook("batch-state", "running")).waitFor();

    // Live on the page of the one who asked: four are off and read back, the guarded one is as it was, the dead one was sent to.
    for (const tile of six.slice(1, 5)) await row(page, tile, "confirmed").waitFor();
    await row(page, guarded, "left_out").waitFor();
    await row(page, dead, "sent").waitFor();
    await expect.poll(() => relays(six)).toEqual(["closed", "open", "open", "open", "open", "closed"]);
    await elapse(dead, 11 * MINUTE_MS);
    await row(page, dead, "unanswered").waitFor();
    await page.locator(hook("batch-state", "done")).waitFor();

    await site.town(`/meters/${await addressOf(dead)}/offline`, { offline: false });
    await page.getByTestId("batch-again").click();
    await page.getByTestId("batch-again-of").waitFor();
    await page.getByTestId("batch-next").click();
    await page.getByTestId(`preview-${dead.number}`).waitFor();
    await expect.poll(() => page.getByTestId("batch-review").getAttribute("data-meters")).toBe("1");
    const again = await confirm(page, { reason: "更换母线,补做", typed: 1 });
    expect((await batchOf(again)).againOf).toBe(id);
    await approve(again);
    await row(page, dead, "confirmed").waitFor();
    await expect.poll(() => relays([dead])).toEqual(["open"]);
    await expect.poll(() => relays([guarded])).toEqual(["closed"]);
    await expectBooksRight(site);
  });

  test("MA-8: the works are done: all are closed together, from a pasted list, and nobody else is needed", async () => {
    const page = await open({ as: zhou });
    await page.getByTestId("menu-batches").click();
    await page.getByTestId("batch-new").click();
    await page.getByTestId("batch-kind").getByText("合闸").click();
    const five = six.slice(0, 5);
    await page.getByTestId("batch-paste").fill([...five.map(({ number }) => number), "999999999999"].join("\n"));
    await page.getByTestId("batch-next").click();
    await expect.poll(() => page.getByTestId("batch-unknown").textContent()).toContain("999999999999");
    await confirm(page, { reason: "", typed: 5 });
    await page.locator(hook("batch-state", "done")).waitFor({ timeout: 60_000 });
    await expect.poll(() => relays(five)).toEqual(Array(5).fill("closed"));
    await page.getByTestId("step-confirmed").click();
    await expect.poll(() => new URL(page.url()).searchParams.get("step")).toBe("confirmed");
    await expect.poll(() => page.locator('[data-testid^="batch-meter-"]').count()).toBe(5);
  });

  test("MA-8: a batch is stopped in the middle: what was sent stays, the rest is never sent, and both are told", async () => {
    // More than the guard over trips lets leave: some go at once, the others wait for their turn.
    const many = (await healthy(""))
      .filter(({ meterId }) => !six.some((each) => each.meterId === meterId))
      .slice(0, 18);
    const page = await open({ as: zhou });
    await page.goto(`${site.base}/switch-batches/new?do=trip`);
    await page.getByTestId("batch-paste").fill(many.map(({ number }) => number).join(", "));
    await page.getByTestId("batch-next").click();
    const id = await confirm(page, { reason: "水管爆裂", typed: many.length });
    await approve(id);
    await page.getByTestId("batch-hold").waitFor();
    await page.getByTestId("step-confirmed").waitFor();
    await page.getByTestId("batch-stop").click();
    await page.getByTestId("batch-stop-confirm").click();
    await page.locator(hook("batch-state", "cancelled")).waitFor();
    const { items, steps } = await batchOf(id);
    const stopped = items.filter(({ step }) => step === "cancelled");
    const sent = items.length - stopped.length;
    expect(items).toHaveLength(many.length);
    expect([stopped.length > 0, sent > 0, steps.waiting, steps.queued]).toEqual([true, true, 0, 0]);
    const told = await page.getByTestId("batch-stopped").textContent();
    expect(told).toContain(`${stopped.length} 只未发出`);
    expect(told).toContain(`${sent} 只此前已发出`);
    const isDone = async () => (await batchOf(id)).steps.sent === 0;
    await expect.poll(isDone, { timeout: 60_000 }).toBe(true);
    const left = many.filter(({ meterId }) => stopped.some((each) => each.meterId === meterId));
    await expect.poll(() => relays(left)).toEqual(Array(left.length).fill("closed"));
    const gone = many.filter(({ meterId }) =>
      items.some((each) => each.meterId === meterId && each.step === "confirmed"),
    );
    await expect.poll(() => relays(gone)).toEqual(Array(gone.length).fill("open"));
    stoppedBatch = id;
    const audit = await site.ask<{ items: { action: string }[] }>(`/api/audit?object=switch_batch:${id}`);
    expect(audit.items.map(({ action }) => action)).toContain("switch_batch.cancel");
    await expectBooksRight(site);
  });

  test("one's page is whole on a desk and a phone, in the dark and in English; who may not act is told", async () => {
    for (const [size, theme] of [
      [PHONE, "light"],
      [DESK, "dark"],
    ] as const) {
      const page = await open({ as: "admin", size, theme, language: "en" });
      for (const path of ["/switch-batches", "/switch-batches/new", `/switch-batches/${stoppedBatch}`]) {
        await page.goto(site.base + path);
        await page.locator(".sheet").first().waitFor();
        expect([path, await seriousBarriers(page)]).toEqual([path, []]);
        expect([path, await page.evaluate<number>("document.documentElement.scrollWidth")]).toEqual([path, size.width]);
      }
    }
    refusals(404);
    const cashier = await open({ as: await colleague(db, { role: "cashier", name: "小钱" }) });
    await cashier.getByTestId("menu-recharge").waitFor();
    await expect.poll(() => cashier.getByTestId("menu-batches").count()).toBe(0);
    await cashier.goto(`${site.base}/switch-batches/00000000000000000000`);
    await cashier.getByTestId("load-failed").waitFor();
  });

  /** So much time has passed since the command of a meter was sent. */
  async function elapse({ meterId }: Tile, ms: number): Promise<void> {
    await db.transact((tx) =>
      tx
        .updateTable("command")
        .set((eb) => ({ sent_at: eb("sent_at", "-", ms), expires_at: eb("expires_at", "-", ms) }))
        .where("meter_id", "=", meterId)
        .where("state", "in", ["sent", "unknown"])
        .execute(),
    );
  }
});
