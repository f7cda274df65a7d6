import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import type { MoveOut, MoveOuts } from "#contract/move-outs.ts";
import type { Db } from "#store/db.ts";
import { type Colleague, colleague } from "./browser-people.ts";
import { chineseTexts, PHONE, type Site, seriousBarriers } from "./browser-site.ts";
import { browserStories, tileOf } from "./browser-stories.ts";
import { postedOn } from "./posted.ts";
import { until } from "./until.ts";

const ROOM = "A座-0103"; // electricity that holds its credit, water on the server

type Tile = { meterId: number; number: string; label: string };
type Meter = { address: string; customer: { customerId: number; wallet: string; debts: string } | null };

browserStories("a move-out in a browser", ({ before, open, refusals }) => {
  let site: Site;
  let db: Db;
  let li: Colleague;
  let tiles: Tile[];

  before(async (opened) => {
    ({ site, db } = opened);
    li = await colleague(db, { role: "finance", name: "李会计" });
    tiles = (await site.ask<{ tiles: Tile[] }>("/api/board")).tiles;
  });
  const meterOf = ({ meterId }: Tile) => site.ask<Meter>(`/api/meters/${meterId}`);
  const moveOutOf = (moveOutNo: string) => site.ask<MoveOut>(`/api/move-outs/${moveOutNo}`);
  const at = (state: string) => `[data-testid="move-out"][data-state="${state}"]`;
  const e4 = (text: string | null) => Math.round(Number(text ?? "0") * 10_000);
  const fits = async (page: Page) =>
    await expect
      .poll(() => page.evaluate<number>("document.documentElement.scrollWidth"))
      .toBeLessThanOrEqual(PHONE.width);
  async function pay(page: Page, tile: Tile, amount: string): Promise<void> {
    await page.goto(`${site.base}/recharge?meter=${tile.meterId}`);
    await page.getByTestId("amount").fill(amount);
    await page.locator('[data-testid="open-confirm"]:enabled').click();
    await page.getByTestId("confirm-pay").click();
    await page.locator('[data-testid="order"][data-state="confirmed"]').waitFor();
  }

  test("OP-7: a tenant leaves with electricity and water; the sum is units × price + wallet; the meter shows 0.00; no second run", async () => {
    const power = tileOf(tiles, ROOM);
    const before = await meterOf(power);
    const customer = before.customer?.customerId ?? 0;
    const page = await open({ as: "admin" });
    await pay(page, power, "300.33"); // above what one person may give back
    await page.goto(`${site.base}/customers/${customer}`);
    await page.getByTestId(`move-out-${power.meterId}`).click();
    await page.getByTestId("move-out-begin").waitFor();
    await page.getByTestId("move-out-start").click(); // without a reason nothing begins
    await page.getByText("请填写原因").waitFor();
    await page.getByTestId("move-out-reason").fill("合同到期");
    await page.getByTestId("move-out-start").dblclick(); // twice is once
    await page.locator('[data-testid="move-out"]').waitFor();
    const moveOutNo = page.url().split("/").at(-1) ?? "";
    expect((await site.ask<MoveOuts>("/api/move-outs")).items.map((each) => each.moveOutNo)).toEqual([moveOutNo]);
    await page.reload(); // in the middle: it goes on where it is
    await page.locator(at("calculated")).waitFor();

    // A recharge in the middle is refused, and says by which move-out.
    const desk = await open({ as: "admin" });
    await desk.goto(`${site.base}/recharge?meter=${power.meterId}`);
    await desk.getByTestId("amount").fill("10");
    await desk.getByText(moveOutNo).first().waitFor();

    await page.getByTestId("move-out-confirm").click();
    await page.getByTestId("confirm-clear").dblclick();
    await page.getByTestId("move-out-asked").waitFor();
    const finance = await open({ as: li });
    await finance.goto(`${site.base}/move-outs/${moveOutNo}`); // who approves looks at the sheet first
    await finance.getByTestId("sheet").waitFor();
    await finance.goto(`${site.base}/approvals`);
    await finance.getByTestId("approval-approve").click();
    await finance.getByTestId("decision-confirm").click();
    await finance.locator('[data-testid="approvals-empty"]').waitFor();

    await page.locator(at("paying")).waitFor();
    await page.locator(`[data-testid="shows-${power.meterId}"][data-wh="0"]`).waitFor();
    const real = (await site.snapshot()).meters.find((each) => each.address === before.address);
    expect(real?.creditWh).toBe(0);
    const cash = await postedOn(db, "cash");
    // Water still runs while the sheet lies there: then it is made anew before a fen is paid, and the click is made again.
    await until("paid", async () => {
      if ((await moveOutOf(moveOutNo)).state === "done") return true;
      const button = page.locator('[data-testid="move-out-finish"]:enabled');
      if ((await button.count()) > 0) await button.dblclick({ timeout: 5_000 }).catch(() => undefined);
      return false;
    });
    await page.locator(at("done")).waitFor();
    const { sheet } = await moveOutOf(moveOutNo);
    if (sheet === null) throw new Error("a move-out has its sheet");
    const units = sheet.meters.reduce((all, each) => all + e4(each.value) + e4(each.balance), 0);
    const lots = sheet.meters.flatMap((each) => each.pieces);
    expect(lots.reduce((all, piece) => all + e4(piece.value), 0)).toBe(
      sheet.meters.reduce((all, each) => all + e4(each.value), 0),
    );
    expect(e4(sheet.total)).toBe(units + e4(sheet.wallet) - e4(sheet.debts));
    expect(e4(sheet.payable)).toBe(e4(sheet.total) - e4(sheet.rest));
    expect((await postedOn(db, "cash")) - cash).toBe(e4(sheet.payable));
    expect(await postedOn(db, "refund_payable", customer)).toBe(0);
    expect(await postedOn(db, "meter_credit", power.meterId)).toBe(0);
    await expect.poll(() => page.getByTestId("sheet-payable").getAttribute("data-amount")).toBe(sheet.payable);
    expect((await meterOf(power)).customer).toBe(null);
    expect(await site.books()).toMatchObject({ ok: true, sumE4: 0, problems: [] });

    // A second run is refused: nobody rents it.
    await page.goto(`${site.base}/move-outs/new?meter=${power.meterId}`);
    await page.getByTestId("move-out-vacant").waitFor();

    // The next tenant begins with nothing.
    await page.goto(`${site.base}/move-outs/${moveOutNo}`);
    await page.getByTestId("to-move-in").click();
    await page.getByTestId("move-in-name").fill("新来的");
    await page.getByTestId("move-in-phone").fill("13911112222");
    await page.getByTestId("move-in-submit").dblclick();
    await page.getByTestId("moved-in").waitFor();
    const tenant = await meterOf(power);
    expect(tenant.customer).toMatchObject({ wallet: "0.00", debts: "0.00" });
    expect(tenant.customer?.customerId).not.toBe(customer);
    await pay(await open({ as: "admin" }), power, "20");
    expect(await site.books()).toMatchObject({ ok: true, sumE4: 0, problems: [] });
    refusals(409); // those that were meant
  });

  test("a meter that does not answer is read by hand, marked so, and the move-out is given up without a trace", async () => {
    const tile = tileOf(tiles, "A座-0104");
    const { address } = await meterOf(tile);
    await site.town(`/meters/${address}/offline`, { offline: true });
    const page = await open({ as: "admin", size: PHONE });
    await page.goto(`${site.base}/move-outs/new?meter=${tile.meterId}`);
    await page.getByTestId("move-out-reason").fill("提前退租");
    await page.getByTestId("move-out-start").click();
    await page.locator(at("reading")).waitFor();
    // Its two minutes to answer are over.
    await db.transact((tx) =>
      tx
        .updateTable("command")
        .set({ state: "expired", state_reason: "unreachable", lease_token: null, done_at: 1 })
        .where("meter_id", "=", tile.meterId)
        .where("kind", "=", "read")
        .execute(),
    );
    await page.getByTestId(`last-${tile.meterId}`).click();
    await page.getByTestId("typed-confirm").click();
    await page.getByText("请填写原因").waitFor();
    await page.getByTestId("typed-reason").fill("表不应答");
    await page.getByTestId("typed-confirm").click();
    await page.locator(at("calculated")).waitFor();
    await expect.poll(() => page.getByTestId("sheet").textContent()).toContain("最近一次读数:表不应答");
    await fits(page);
    expect(await seriousBarriers(page)).toEqual([]);
    await page.getByTestId("move-out-cancel").click();
    await page.getByTestId("cancel-reason").fill("续租");
    await page.getByTestId("cancel-confirm").click();
    await page.locator(at("cancelled")).waitFor();
    await site.town(`/meters/${address}/offline`, { offline: false });
    const words = await open({ as: "admin", size: PHONE, language: "en" });
    for (const path of ["/move-outs?view=all", `/move-outs/new?meter=${tile.meterId}`]) {
      await words.goto(`${site.base}${path}`);
      await words.locator('[data-testid="move-outs"], [data-testid="move-out-begin"]').waitFor();
      await fits(words);
      expect(await seriousBarriers(words)).toEqual([]);
    }
    const names = /系统管理员|座|老板|租|户|公司|店|[\u4e00-\u9fff]{2,4}$/; // as they were entered
    expect((await chineseTexts(words)).filter((text) => !names.test(text))).toEqual([]);
    expect(await site.books()).toMatchObject({ ok: true, sumE4: 0, problems: [] });
  });
});
