import { readFileSync } from "node:fs";
import type { Page, Route } from "playwright-core";
import readSheet from "read-excel-file/node";
import { expect, test } from "vitest";
import { PHONE, type Site, seriousBarriers } from "./browser-site.ts";
import { browserStories, expectBooksRight, hook, SOON_MS, sheetsOfPaper, tileOf } from "./browser-stories.ts";
import { until } from "./until.ts";

const HERO = "A座-0101"; // no credit left, therefore off; 0.75 yuan a unit

type Tile = { meterId: number; number: string; label: string };
type Order = { orderNo: string; meterId: number; state: string; amount: string; walletAfter: string; unitsWh: number };
type Meter = { purchaseCount: number; address: string; relay: string; customer: { wallet: string } };
type Customer = { customerId: number; meters: number };

browserStories("the desk in a browser", ({ before, open, refusals }) => {
  let site: Site;
  let tiles: Tile[];

  before(async (opened) => {
    ({ site } = opened);
    tiles = (await site.ask<{ tiles: Tile[] }>("/api/board")).tiles;
  });

  const ordersOf = ({ meterId }: Tile) => site.ask<{ items: Order[] }>(`/api/recharges?meterId=${meterId}`);
  const meterOf = ({ meterId }: Pick<Tile, "meterId">) => site.ask<Meter>(`/api/meters/${meterId}`);
  /** Top-ups that the meter itself has taken, in Wh. */
  async function takenBy(tile: Tile): Promise<number[]> {
    const { address } = await meterOf(tile);
    const meter = (await site.snapshot()).meters.find((each) => each.address === address);
    return (meter?.topUps ?? []).map((topUp) => topUp.amount * 10);
  }

  /** From anywhere to the dialog that asks for the last time. */
  async function fillIn(page: Page, tile: Tile, amount: string): Promise<void> {
    await page.goto(`${site.base}/recharge?meter=${tile.meterId}`);
    await page.getByTestId("amount").fill(amount);
    await page.locator('[data-testid="open-confirm"]:enabled').click();
    await page.getByTestId("confirm-pay").waitFor();
  }

  test("OP-1: a payment without a mouse, to its receipt and its reprint", async () => {
    const tile = tileOf(tiles, "A座-0104");
    const page = await open({ as: "admin" });
    await page.getByTestId("menu-recharge").click();
    const find = page.getByTestId("meter-search");
    await find.pressSequentially("0104");
    await page.getByTestId(`hit-${tile.number}`).waitFor();
    await page.keyboard.press("Enter");
    await page.getByTestId("recharge-form").waitFor();
    await page.keyboard.type("1e0x0.5"); // digits and one point are all that an amount takes
    await expect.poll(() => page.getByTestId("amount").inputValue()).toBe("100.5");
    await page.locator('[data-testid="open-confirm"]:enabled').waitFor();
    await page.keyboard.press("Control+Enter");
    await page.getByTestId("confirm-pay").waitFor();
    await expect.poll(() => page.getByTestId("confirm-words").textContent()).toBe("壹佰元伍角整");
    await page.keyboard.press("Enter"); // the focus is on "back": nothing is paid
    expect((await ordersOf(tile)).items).toEqual([]);
    await page.keyboard.press("Control+Enter");
    await page.getByTestId("confirm-pay").waitFor();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.locator(hook("order", "confirmed")).waitFor();
    const [order] = (await ordersOf(tile)).items;
    expect(await takenBy(tile)).toEqual([order?.unitsWh]);
    const [, receiptNo = ""] =
      /票据号(20\d\d-\d{6})/.exec((await page.getByTestId("receipt").textContent()) ?? "") ?? [];
    expect(receiptNo).not.toBe("");

    await page.getByTestId("print").click();
    await page.locator('[data-testid="prints"][data-count="1"]').waitFor();
    await expect.poll(() => page.getByTestId("receipt-reprint").count()).toBe(0);
    await page.getByTestId("print").click();
    await page.getByTestId("receipt-reprint").getByText("补打 第 2 次").waitFor();
    await page.keyboard.press("F2");
    await page.getByTestId("meter-search").waitFor();
    await expect.poll(() => page.evaluate("document.activeElement.dataset.testid")).toBe("meter-search");
    await page.keyboard.press("Control+k"); // a number that is of no meter may be of a receipt
    await page.getByTestId("global-search-dialog").getByTestId("meter-search").fill(receiptNo);
    await page.keyboard.press("Enter");
    await page.getByTestId(`record-${order?.orderNo}`).waitFor();
    await page.locator('[data-testid="records-totals"][data-count="1"]').waitFor();
    await expectBooksRight(site);

    const printed = await open({ as: "admin" });
    await printed.goto(`${site.base}/records/${order?.orderNo}`);
    for (const [words, paper] of [
      ["A4", "sheet"],
      ["80 mm 小票", "roll"],
    ] as const) {
      await printed.getByTestId("paper").getByText(words).click();
      await printed.locator(`[data-paper="${paper}"]`).waitFor();
      expect([words, await sheetsOfPaper(printed)]).toEqual([words, 1]);
    }
  });

  test("OP-2: a tripped room pays 100 yuan, gets 133 units and its supply, and turns white on a wall that nobody reloads", async () => {
    const hero = tileOf(tiles, HERO);
    const wall = await open({ as: "admin" });
    await wall.locator(hook(`tile-${hero.number}`, "off")).waitFor();
    await wall.evaluate("window.loadedOnce = true");
    const shown = await wall.evaluate<Record<string, [counter: number, tiles: number]>>(`Object.fromEntries(
      ["fault", "off", "alarm", "normal", "all"].map((state) => [state, [
        Number(document.querySelector("[data-testid=counter-" + state + "]").dataset.count),
        document.querySelectorAll(state === "all" ? ".tile" : ".tile[data-state=" + state + "]").length]]))`);
    expect(shown.all).toEqual([tiles.length, tiles.length]);
    for (const [counter, count] of Object.values(shown)) expect(counter).toBe(count);

    const desk = await open({ as: "nobody" });
    await desk.getByTestId("login-name").fill("admin");
    await desk.getByTestId("login-password").fill(site.password);
    await desk.getByTestId("login-submit").click();
    await desk.getByTestId(`tile-${hero.number}`).click();
    await desk.getByTestId("reasons").getByText("欠费断开").waitFor();
    await desk.getByTestId("action-recharge").click();
    await desk.getByTestId("amount").fill("100");
    await desk.locator('[data-testid="open-confirm"]:enabled').click();
    await desk.getByTestId("confirm-pay").waitFor();
    await expect
      .poll(() => desk.getByTestId("preview").textContent())
      .toContain("133 度 × 0.75 = 99.75,余 0.25 入钱包");
    await expect.poll(() => desk.getByTestId("confirm-words").textContent()).toBe("壹佰元整");
    await desk.getByTestId("confirm-pay").click();
    await desk.locator(hook("order", "confirmed")).waitFor();
    await desk.locator('[data-reconnection="closed"]').waitFor();
    await expect.poll(() => desk.getByTestId("progress").locator('[data-step="done"]').count()).toBe(4);
    const receipt = await desk.getByTestId("receipt").textContent();
    for (const words of ["¥ 100.00", "133 度", "99.75 元", "0.25 元", "已到账"]) expect(receipt).toContain(words);

    await wall.locator(hook(`tile-${hero.number}`, "normal")).waitFor();
    await expect.poll(() => wall.evaluate("window.loadedOnce")).toBe(true);
    expect(await meterOf(hero)).toMatchObject({ relay: "closed", purchaseCount: 1, customer: { wallet: "0.25" } });
    expect(await takenBy(hero)).toEqual([133_000]);
    await expectBooksRight(site);
  });

  test("OP-4: a double click, a lost answer, a reload, the back button and a second tab make one order", async () => {
    const tile = tileOf(tiles, "A座-0103");
    const page = await open({ as: "admin" });
    await fillIn(page, tile, "60");
    let posts = 0;
    const { promise: booked, resolve: isBooked } = Promise.withResolvers<void>();
    const loseFirst = async (route: Route): Promise<void> => {
      posts++;
      if (posts > 1) return route.continue();
      await route.fetch(); // booked, but the page never hears of it
      isBooked();
    };
    await page.route("**/api/recharges", (route) =>
      route.request().method() === "POST" ? loseFirst(route) : route.continue(),
    );
    await page.getByTestId("confirm-pay").dblclick();
    await booked;
    await page.reload();
    await page.locator(hook("order", "confirmed")).waitFor();
    const { items } = await ordersOf(tile);
    expect(items).toHaveLength(1);
    await expect.poll(() => page.getByTestId("order").getAttribute("data-order")).toBe(items[0]?.orderNo);
    expect(posts).toBe(2);
    await page.getByTestId("menu-records").click();
    await page.goBack();
    await page.locator(hook("order", "confirmed")).waitFor(); // the order, not a second form for it
    await page.keyboard.press("F2");
    await page.getByTestId("meter-search").waitFor();
    await fillIn(page, tile, "60"); // wanted a second time within ten minutes: nobody does so without having been told
    await page
      .getByTestId("repeat-warning")
      .filter({ hasText: items[0]?.orderNo ?? "" })
      .waitFor();
    await expect.poll(() => page.getByTestId("confirm-pay").isDisabled()).toBe(true);
    await page.getByTestId("confirm-repeat").check();
    await expect.poll(() => page.getByTestId("confirm-pay").isEnabled()).toBe(true);
    await page.getByTestId("confirm-back").click();
    expect((await ordersOf(tile)).items).toHaveLength(1);

    const other = tileOf(tiles, "A座-0202");
    await fillIn(page, other, "60");
    const [twin] = await Promise.all([
      page.context().waitForEvent("page"),
      page.evaluate("void window.open(location.href)"),
    ]);
    twin.setDefaultTimeout(SOON_MS);
    await twin.locator('[data-testid="open-confirm"]:enabled').click();
    await Promise.all([page.getByTestId("confirm-pay").click(), twin.getByTestId("confirm-pay").click()]);
    for (const each of [page, twin]) await each.locator(hook("order", "confirmed")).waitFor();
    expect((await ordersOf(other)).items).toHaveLength(1);
    expect(await takenBy(other)).toHaveLength(1);
    await expectBooksRight(site);
  });

  test("a recharge for a meter that does not answer waits, and can be withdrawn", async () => {
    const tile = tileOf(tiles, "A座-0107");
    await site.town(`/meters/${tile.number}/offline`, { offline: true });
    const page = await open({ as: "admin" });
    await fillIn(page, tile, "80");
    await page.getByTestId("confirm-pay").click();
    await page.locator(hook("order", "booked")).waitFor();
    const orderNo = await page.getByTestId("order").getAttribute("data-order");
    await page.getByTestId("withdraw").click();
    await page.getByTestId("withdraw-confirm").click();
    await expect.poll(() => page.getByTestId("withdraw-missing").textContent()).toBe("请填写撤回原因");
    await page.getByTestId("withdraw-reason").fill("充错房间");
    await page.getByTestId("withdraw-confirm").click();
    await page.locator(hook("order", "withdrawn")).waitFor();
    await expect.poll(() => page.getByTestId("receipt").textContent()).toMatch(/已撤回.*退回钱包.*充错房间/);
    await page.getByTestId("menu-records").click();
    await page.locator(hook(`record-${orderNo}`, "withdrawn")).waitFor();
    expect(await meterOf(tile)).toMatchObject({ purchaseCount: 0, customer: { wallet: "80.00" } });
    await site.town(`/meters/${tile.number}/offline`, { offline: false });
  });

  test("a recharge that reaches its meter while a cashier is withdrawing it stays, and he is told", async () => {
    const tile = tileOf(tiles, "A座-0108");
    await site.town(`/meters/${tile.number}/offline`, { offline: true });
    const page = await open({ as: "admin" });
    await fillIn(page, tile, "80");
    await page.getByTestId("confirm-pay").click();
    await page.getByTestId("withdraw").click();
    await page.getByTestId("withdraw-reason").fill("充错房间");
    await site.town(`/meters/${tile.number}/offline`, { offline: false });
    await page.locator(hook("order", "confirmed")).waitFor({ state: "attached" });
    await page.getByTestId("withdraw-confirm").click();
    await expect.poll(() => page.getByTestId("withdraw-problem").textContent()).toContain("不能撤回");
    refusals(409);
    expect(await ordersOf(tile)).toMatchObject({ items: [{ state: "confirmed" }] });
  });

  test("OP-3: with its concentrator cut off the money is booked once, waits in sight, and arrives once it is back", async () => {
    const tile = tileOf(tiles, "B座-0103");
    await site.town("/concentrators/JC000002/offline", { offline: true });
    const wall = await open({ as: "admin" });
    await wall.locator(hook(`tile-${tile.number}`, "fault")).waitFor();
    const page = await open({ as: "admin" });
    await fillIn(page, tile, "90");
    await page.getByTestId("confirm-pay").click();
    await page.getByTestId("wait-online").waitFor();
    await expect.poll(() => page.getByTestId("progress-sentence").textContent()).toContain("90.00 元已记账");
    expect(await takenBy(tile)).toEqual([]);
    await site.town("/concentrators/JC000002/offline", { offline: false });
    await page.locator(hook("order", "confirmed")).waitFor();
    await wall.locator(hook(`tile-${tile.number}`, "normal")).waitFor();
    const { items } = await ordersOf(tile);
    expect(items).toHaveLength(1);
    expect(await takenBy(tile)).toEqual([items[0]?.unitsWh]);
  });

  test("FI-4: records are narrowed, summed and taken out: the filter in the head, numbers as numbers, the totals of the page", async () => {
    const page = await open({ as: "admin" });
    await page.getByTestId("menu-records").click();
    const taken = async () => {
      const [file] = await Promise.all([page.waitForEvent("download"), page.getByTestId("export").click()]);
      expect(file.suggestedFilename()).toMatch(/^充值记录.*\.xlsx$/);
      const [sheet] = await readSheet(readFileSync(await file.path()));
      return sheet?.data ?? [];
    };
    await page.getByTestId("filter-channel").selectOption("cash");
    await page.waitForURL(/channel=cash/);
    const { count, amount } = await site.ask<{ count: number; amount: string }>("/api/recharges/totals?channel=cash");
    expect(count).toBeGreaterThan(3);
    await page.locator(`[data-testid="records-totals"][data-count="${count}"][data-amount="${amount}"]`).waitFor();
    const all = await taken();
    expect(all[1]?.[0]).toBe("筛选: 收款方式 现金");
    const [data, sums] = [all.slice(4, -1), all.at(-1) ?? []];
    expect(data).toHaveLength(count);
    const figures = sums.flatMap((sum, column) => (typeof sum === "number" ? [column] : []));
    expect(figures).toEqual([7, 8, 10, 11]); // paid, debts taken, units, their worth
    for (const column of figures) {
      const cells = data.map((row) => row[column]).filter((cell) => cell !== null);
      expect([column, cells.filter((cell) => typeof cell !== "number")]).toEqual([column, []]);
      const sum = cells.reduce<number>((total, cell) => total + Math.round(Number(cell) * 10_000), 0);
      expect([column, sum]).toEqual([column, Math.round(Number(sums[column]) * 10_000)]);
    }
    expect(sums[7]).toBe(Number(amount));
    await page.getByTestId("filter-channel").selectOption("");
    await page.waitForURL((url) => !url.searchParams.has("channel"));
    await page.getByTestId("filter-search").fill(HERO);
    await page.locator('[data-testid="records-totals"][data-count="1"]').waitFor();
    await expect.poll(() => page.getByTestId("records-totals").getAttribute("data-amount")).toBe("100.00");
    const hers = await taken();
    expect(hers.at(-1)?.[7]).toBe(100);
    expect(hers[1]?.[0]).toContain(HERO);
    await page.getByTestId("filter-channel").selectOption("transfer");
    await page.getByTestId("records-empty").waitFor();
    await page.reload(); // what was chosen stands in the address
    await page.getByTestId("records-empty").waitFor();
  });

  test("nothing keeps anybody out of the pages of the desk, at a desk and on a phone", async () => {
    const { items } = await site.ask<{ items: Customer[] }>("/api/customers?limit=100");
    const id = items.find((each) => each.meters >= 6)?.customerId;
    const [order] = (await ordersOf(tileOf(tiles, HERO))).items;
    const barriers: Record<string, string[]> = {};
    for (const size of [PHONE, undefined]) {
      const page = await open({ as: "admin", ...(size ? { size } : {}) });
      for (const [path, ready] of [
        ["/records", "records"],
        ["/customers", "customers"],
        [`/customers/${id}`, "story"],
        [`/recharge/split/${id}`, "split-form"],
        [`/payments/${order?.orderNo}`, "payment"],
        ["/shifts", "shifts"],
        ["/shifts/1", "shift-report"],
      ] as const) {
        await page.goto(site.base + path);
        await page.getByTestId(ready).waitFor();
        const found = await seriousBarriers(page);
        if (found.length > 0) barriers[`${path} ${size?.width ?? "desk"}`] = found;
      }
    }
    expect(barriers).toEqual({});
  });

  test("money that is on its way is waited for before anything is believed", async () => {
    const orders = await until("everything has come to its end", async () => {
      const { items } = await site.ask<{ items: Order[] }>("/api/recharges?limit=100");
      return items.every((order) => ["confirmed", "withdrawn"].includes(order.state)) && items;
    });
    const { meters } = await site.snapshot();
    const taken = meters.flatMap((meter) => meter.topUps.map((topUp) => topUp.amount * 10)).sort();
    expect(
      orders
        .filter((order) => order.state === "confirmed" && order.unitsWh > 0)
        .map((order) => order.unitsWh)
        .sort(),
    ).toEqual(taken);
    await expectBooksRight(site);
  });
});
