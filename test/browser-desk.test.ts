import { readFileSync } from "node:fs";
import type { Page, Route } from "playwright-core";
import readSheet from "read-excel-file/node";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { noBrowserHere, openSite, PHONE, type Site, seriousBarriers } from "./browser-site.ts";
import { until } from "./until.ts";

const reason = noBrowserHere();
const HERO = "A座-0101"; // no credit left, therefore off; 0.75 yuan a unit
const SOON_MS = 30_000;

type Tile = { meterId: number; number: string; label: string; areaName: string };
type Order = { orderNo: string; meterId: number; state: string; amount: string; walletAfter: string; unitsWh: number };
type Meter = { purchaseCount: number; address: string; relay: string; customer: { wallet: string } };
type Customer = { customerId: number; name: string; number: string; rooms: string[]; meters: number };

describe.skipIf(reason !== null)(`the desk in a browser${reason === null ? "" : ` (not run: ${reason})`}`, () => {
  let site: Site;
  let tiles: Tile[];
  const pages: Page[] = [];

  beforeAll(async () => {
    site = await openSite();
    tiles = (await site.ask<{ tiles: Tile[] }>("/api/board")).tiles;
  }, 90_000);
  afterAll(() => site?.close());
  afterEach(async () => {
    for (const page of pages.splice(0)) await page.context().close();
    expect(site.complaints()).toEqual([]);
  });

  async function open(options: Parameters<Site["open"]>[0]): Promise<Page> {
    const page = await site.open(options);
    page.setDefaultTimeout(SOON_MS);
    pages.push(page);
    return page;
  }

  function tileOf(label: string): Tile {
    const tile = tiles.find((each) => each.label === label);
    if (tile === undefined) throw new Error(`no meter ${label}`);
    return tile;
  }
  const ordersOf = ({ meterId }: Tile) => site.ask<{ items: Order[] }>(`/api/recharges?meterId=${meterId}`);
  const meterOf = ({ meterId }: Pick<Tile, "meterId">) => site.ask<Meter>(`/api/meters/${meterId}`);
  const hook = (name: string, state: string) => `[data-testid="${name}"][data-state="${state}"]`;
  /** Top-ups that the meter itself has taken, in Wh. */
  async function takenBy(tile: Tile): Promise<number[]> {
    const { address } = await meterOf(tile);
    const meter = (await site.snapshot()).meters.find((each) => each.address === address);
    return (meter?.topUps ?? []).map((topUp) => topUp.amount * 10);
  }
  async function expectBooksRight(): Promise<void> {
    expect(await site.books()).toMatchObject({ ok: true, sumE4: 0, problems: [] });
  }

  /** From anywhere to the dialog that asks for the last time. */
  async function fillIn(page: Page, tile: Tile, amount: string): Promise<void> {
    await page.goto(`${site.base}/recharge?meter=${tile.meterId}`);
    await page.getByTestId("amount").fill(amount);
    await page.locator('[data-testid="open-confirm"]:enabled').click();
    await page.getByTestId("confirm-pay").waitFor();
  }

  test("OP-1: a payment without a mouse, to its receipt and its reprint", async () => {
    const tile = tileOf("A座-0104");
    const page = await open({ as: "admin" });
    await page.getByTestId("menu-recharge").click();
    const find = page.getByTestId("meter-search");
    await find.pressSequentially("0104");
    await page.getByTestId(`hit-${tile.number}`).waitFor();
    await page.keyboard.press("Enter");
    await page.getByTestId("recharge-form").waitFor();
    await page.keyboard.type("1e0x0.5"); // digits and one point are all that an amount takes
    expect(await page.getByTestId("amount").inputValue()).toBe("100.5");
    await page.locator('[data-testid="open-confirm"]:enabled').waitFor();
    await page.keyboard.press("Control+Enter");
    await page.getByTestId("confirm-pay").waitFor();
    expect(await page.getByTestId("confirm-words").textContent()).toBe("壹佰元伍角整");
    await page.keyboard.press("Enter"); // the focus is on "back": nothing is paid
    expect((await ordersOf(tile)).items).toEqual([]);
    await page.keyboard.press("Control+Enter");
    await page.getByTestId("confirm-pay").waitFor();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.locator(hook("order", "confirmed")).waitFor();
    const [order] = (await ordersOf(tile)).items;
    expect(await takenBy(tile)).toEqual([order?.unitsWh]);
    expect(await page.getByTestId("receipt").textContent()).toMatch(/票据号20\d\d-\d{6}/);

    await page.getByTestId("print").click();
    await page.locator('[data-testid="prints"][data-count="1"]').waitFor();
    expect(await page.getByTestId("receipt-reprint").count()).toBe(0);
    await page.getByTestId("print").click();
    await page.getByTestId("receipt-reprint").getByText("补打 第 2 次").waitFor();
    await page.keyboard.press("F2");
    await page.getByTestId("meter-search").waitFor();
    expect(await page.evaluate("document.activeElement.dataset.testid")).toBe("meter-search");
    await expectBooksRight();
  });

  test("OP-2: a tripped room pays 100 yuan, gets 133 units and its supply, and turns white on a wall that nobody reloads", async () => {
    const hero = tileOf(HERO);
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
    expect(await desk.getByTestId("preview").textContent()).toContain("133 度 × 0.75 = 99.75,余 0.25 入钱包");
    expect(await desk.getByTestId("confirm-words").textContent()).toBe("壹佰元整");
    await desk.getByTestId("confirm-pay").click();
    await desk.locator(hook("order", "confirmed")).waitFor();
    await desk.locator('[data-reconnection="closed"]').waitFor();
    expect(await desk.getByTestId("progress").locator('[data-step="done"]').count()).toBe(4);
    const receipt = await desk.getByTestId("receipt").textContent();
    for (const words of ["¥ 100.00", "133 度", "99.75 元", "0.25 元", "已到账"]) expect(receipt).toContain(words);

    await wall.locator(hook(`tile-${hero.number}`, "normal")).waitFor();
    expect(await wall.evaluate("window.loadedOnce")).toBe(true);
    expect(await meterOf(hero)).toMatchObject({ relay: "closed", purchaseCount: 1, customer: { wallet: "0.25" } });
    expect(await takenBy(hero)).toEqual([133_000]);
    await expectBooksRight();
  });

  test("OP-4: a double click, a lost answer, a reload, the back button and a second tab make one order", async () => {
    const tile = tileOf("A座-0103");
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
    expect(await page.getByTestId("order").getAttribute("data-order")).toBe(items[0]?.orderNo);
    expect(posts).toBe(2);
    await page.getByTestId("menu-records").click();
    await page.goBack();
    await page.locator(hook("order", "confirmed")).waitFor(); // the order, not a second form for it

    const other = tileOf("A座-0202");
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
    await expectBooksRight();
  });

  test("a recharge for a meter that does not answer waits, and can be withdrawn", async () => {
    const tile = tileOf("A座-0107");
    await site.town(`/meters/${tile.number}/offline`, { offline: true });
    const page = await open({ as: "admin" });
    await fillIn(page, tile, "80");
    await page.getByTestId("confirm-pay").click();
    await page.locator(hook("order", "booked")).waitFor();
    const orderNo = await page.getByTestId("order").getAttribute("data-order");
    await page.getByTestId("withdraw").click();
    await page.getByTestId("withdraw-confirm").click();
    expect(await page.getByTestId("withdraw-missing").textContent()).toBe("请填写撤回原因");
    await page.getByTestId("withdraw-reason").fill("充错房间");
    await page.getByTestId("withdraw-confirm").click();
    await page.locator(hook("order", "withdrawn")).waitFor();
    expect(await page.getByTestId("receipt").textContent()).toMatch(/已撤回.*退回钱包.*充错房间/);
    await page.getByTestId("menu-records").click();
    await page.locator(hook(`record-${orderNo}`, "withdrawn")).waitFor();
    expect(await meterOf(tile)).toMatchObject({ purchaseCount: 0, customer: { wallet: "80.00" } });
    await site.town(`/meters/${tile.number}/offline`, { offline: false });
  });

  test("a recharge that reaches its meter while a cashier is withdrawing it stays, and he is told", async () => {
    const tile = tileOf("A座-0108");
    await site.town(`/meters/${tile.number}/offline`, { offline: true });
    const page = await open({ as: "admin" });
    await fillIn(page, tile, "80");
    await page.getByTestId("confirm-pay").click();
    await page.getByTestId("withdraw").click();
    await page.getByTestId("withdraw-reason").fill("充错房间");
    await site.town(`/meters/${tile.number}/offline`, { offline: false });
    await page.locator(hook("order", "confirmed")).waitFor({ state: "attached" });
    await page.getByTestId("withdraw-confirm").click();
    expect(await page.getByTestId("withdraw-problem").textContent()).toContain("不能撤回");
    expect(site.complaints()).toEqual([expect.stringContaining("409")]); // the browser's own line about the refusal
    expect(await ordersOf(tile)).toMatchObject({ items: [{ state: "confirmed" }] });
  });

  test("OP-3: with its concentrator cut off the money is booked once, waits in sight, and arrives once it is back", async () => {
    const tile = tileOf("B座-0103");
    await site.town("/concentrators/JC000002/offline", { offline: true });
    const wall = await open({ as: "admin" });
    await wall.locator(hook(`tile-${tile.number}`, "fault")).waitFor();
    const page = await open({ as: "admin" });
    await fillIn(page, tile, "90");
    await page.getByTestId("confirm-pay").click();
    await page.getByTestId("wait-online").waitFor();
    expect(await page.getByTestId("progress-sentence").textContent()).toContain("90.00 元已记账");
    expect(await takenBy(tile)).toEqual([]);
    await site.town("/concentrators/JC000002/offline", { offline: false });
    await page.locator(hook("order", "confirmed")).waitFor();
    await wall.locator(hook(`tile-${tile.number}`, "normal")).waitFor();
    const { items } = await ordersOf(tile);
    expect(items).toHaveLength(1);
    expect(await takenBy(tile)).toEqual([items[0]?.unitsWh]);
  });

  test("OP-6: one payment over all meters of a customer with three rooms, one receipt, one part withdrawn", async () => {
    const { items } = await site.ask<{ items: Customer[] }>("/api/customers?limit=100");
    const owner = items.find((each) => each.meters >= 6);
    if (!owner) throw new Error("no customer with six meters");
    const page = await open({ as: "admin" });
    await page.getByTestId("menu-customers").click();
    await page.getByTestId("customer-search").fill(owner.number);
    await page.getByTestId(`customer-${owner.number}`).click();
    await page.getByTestId("customer").waitFor();
    expect(await page.locator(".customer-room").count()).toBe(3);
    expect(await page.locator(".customer-meter").count()).toBe(6);
    await page.getByTestId("pay-all").click();
    await page.getByTestId("amount").fill("600.05");
    await page.getByTestId("split-even").click();
    await page.getByTestId("split-rest").getByText("已全部分配").waitFor();
    const inputs = page.locator(".split-input input");
    const typed = await inputs.evaluateAll((fields) =>
      fields.map((field) => (field as unknown as { value: string }).value),
    );
    expect(typed.map(Number).reduce((sum, each) => sum + Math.round(each * 100), 0)).toBe(60_005);
    await inputs.first().fill("1");
    expect(await page.getByTestId("split-rest").textContent()).toMatch(/还有 .* 元未分配/);
    expect(await page.getByTestId("open-confirm").isDisabled()).toBe(true);
    await page.getByTestId("split-lack").click();
    await page.getByTestId("split-even").click();
    await page.locator('[data-testid="open-confirm"]:enabled').click();
    expect(await page.getByTestId("confirm-words").textContent()).toBe("陆佰元零伍分");
    await page.getByTestId("confirm-pay").dblclick();
    const payment = page.locator('[data-testid="payment"][data-arrived="6"]');
    await payment.waitFor();
    const paymentNo = await payment.getAttribute("data-payment");
    const booked = await site.ask<{ parts: Order[]; amount: string }>(`/api/payments/${paymentNo}`);
    expect(booked.amount).toBe("600.05");
    expect(booked.parts).toHaveLength(6);
    const receipt = (await page.getByTestId("receipt").textContent()) ?? "";
    for (const room of owner.rooms) expect(receipt).toContain(room);
    expect(receipt).toContain("¥ 600.05");

    await page.getByTestId("split-again").click();
    const offline = booked.parts.find((part) => part.unitsWh > 0);
    if (!offline) throw new Error("one of his meters holds its credit itself");
    const { address } = await meterOf(offline);
    await site.town(`/meters/${address}/offline`, { offline: true });
    await page.getByTestId("amount").fill("300");
    await page.getByTestId("split-even").click();
    await page.locator('[data-testid="open-confirm"]:enabled').click();
    await page.getByTestId("confirm-pay").click();
    await page.locator('[data-testid="payment"][data-arrived="5"]').waitFor();
    await page.getByTestId("withdraw").click();
    await page.getByTestId("withdraw-reason").fill("这一间不充");
    await page.getByTestId("withdraw-confirm").click();
    await page.locator('.part[data-state="withdrawn"]').waitFor();
    expect(await page.locator('.part[data-state="confirmed"]').count()).toBe(5);
    await site.town(`/meters/${address}/offline`, { offline: false });
    await expectBooksRight();
  });

  test("the statement of one room adds up, and its file holds that room alone", async () => {
    const page = await open({ as: "admin" });
    const { items } = await site.ask<{ items: Customer[] }>("/api/customers?limit=100");
    const owner = items.find((each) => each.meters >= 6);
    await page.goto(`${site.base}/customers/${owner?.customerId}`);
    const detail = await site.ask<{ rooms: { name: string }[] }>(`/api/customers/${owner?.customerId}`);
    const [room = "", ...others] = detail.rooms.map((each) => each.name);
    expect(others).toHaveLength(2);
    await page.getByTestId(`statement-${room}`).click();
    const sheet = page.getByTestId("statement");
    await sheet.waitFor();
    const [, opening, recharges, usage, shares, closing] =
      /期初 ([−\d.,]+) \+ 充值 ([−\d.,]+) − 用量 ([−\d.,]+) − 公摊 ([−\d.,]+) = 期末 ([−\d.,]+)/
        .exec((await page.getByTestId("statement-sum").textContent()) ?? "")
        ?.map((text) => Math.round(Number(text.replace("−", "-").replaceAll(",", "")) * 10_000)) ?? [];
    expect(recharges).toBeGreaterThan(0);
    const taken = Math.round(Number((await site.ask<{ others: string }>(await statementPath(page))).others) * 10_000);
    expect((opening ?? 0) + (recharges ?? 0) - (usage ?? 0) - (shares ?? 0) + taken).toBe(closing);
    const [file] = await Promise.all([page.waitForEvent("download"), page.getByTestId("export").click()]);
    const [first] = await readSheet(readFileSync(await file.path()));
    const text = JSON.stringify(first?.data);
    expect(text).toContain(room);
    for (const other of others) expect(text).not.toContain(other);
  });

  /** The request behind the statement that the page shows. */
  async function statementPath(page: Page): Promise<string> {
    const [from, to] = await Promise.all(
      ["from", "to"].map((name) => page.getByTestId(`statement-${name}`).inputValue()),
    );
    return `/api${new URL(page.url()).pathname}?from=${from}&to=${to}`;
  }

  test("records are narrowed, summed and taken out with the same rows and the same sum", async () => {
    const page = await open({ as: "admin" });
    await page.getByTestId("menu-records").click();
    await page.getByTestId("filter-search").fill(HERO);
    await page.locator('[data-testid="records-totals"][data-count="1"]').waitFor();
    expect(await page.getByTestId("records-totals").getAttribute("data-amount")).toBe("100.00");
    const [file] = await Promise.all([page.waitForEvent("download"), page.getByTestId("export").click()]);
    expect(file.suggestedFilename()).toMatch(/^充值记录.*\.xlsx$/);
    const [sheet] = await readSheet(readFileSync(await file.path()));
    expect(sheet?.data.at(-1)?.[7]).toBe(100);
    expect(sheet?.data[1]?.[0]).toContain(HERO);
    await page.getByTestId("filter-channel").selectOption("transfer");
    await page.getByTestId("records-empty").waitFor();
    await page.reload(); // what was chosen stands in the address
    await page.getByTestId("records-empty").waitFor();
  });

  test("OP-8: a shift is counted blind, differs, is counted again and closed; the report agrees with the records", async () => {
    const page = await open({ as: "admin" });
    await page.getByTestId("menu-recharge").click();
    await page.getByTestId("shift-close-link").click();
    await page.getByTestId("close-shift").waitFor();
    const shiftId = new URL(page.url()).pathname.split("/").at(-1);
    const { amount } = (
      await site.ask<{ channels: { channel: string; amount: string }[] }>("/api/recharges/totals?channel=cash")
    ).channels[0] ?? { amount: "" };
    expect(await page.getByTestId("report-expected").textContent()).toContain("清点交班后显示");
    await page.getByTestId("pieces-10000").fill("3");
    await page.getByTestId("pieces-50").fill("1");
    expect(await page.getByTestId("pieces-sum").textContent()).toContain("300.50");
    await page.getByTestId("count").click();
    await page.getByTestId("count-result").waitFor();
    expect(await page.getByTestId("count-result").getAttribute("data-difference")).not.toBe("0.00");
    await page.getByTestId("shift-close").click();
    expect(await page.getByTestId("shift-reason-missing").textContent()).toBe("请填写差异原因");
    await page.getByTestId("recount").click();
    await page.getByTestId("count-way").getByText("只填总额").click();
    await page.getByTestId("count-sum").fill(amount);
    await page.getByTestId("count").click();
    await page.locator('[data-testid="count-result"][data-difference="0.00"]').waitFor();
    await page.getByTestId("shift-close").click();
    await page.locator(hook("shift-report", "closed")).waitFor();
    for (const what of ["report-expected", "report-counted", "report-cash"])
      expect(await page.getByTestId(what).getAttribute("data-amount"), what).toBe(amount);
    expect(await page.getByTestId("report-counted").textContent()).toContain("清点 2 次");
    const [file] = await Promise.all([page.waitForEvent("download"), page.getByTestId("export").click()]);
    const [sheet] = await readSheet(readFileSync(await file.path()));
    expect(sheet?.data.find((row) => row[1] === "实际清点")?.[3]).toBe(Number(amount));
    const closed = await site.ask<{ items: { shiftId: number; state: string }[] }>("/api/shifts?state=closed");
    expect(closed.items.map((each) => String(each.shiftId))).toContain(shiftId);
    await expectBooksRight();
    await page.getByTestId("menu-recharge").click();
    await page.locator('[data-testid="shift-bar"][data-open="0"]').waitFor();
  });

  test("nothing keeps anybody out of the pages of the desk, at a desk and on a phone", async () => {
    const { items } = await site.ask<{ items: Customer[] }>("/api/customers?limit=100");
    const id = items.find((each) => each.meters >= 6)?.customerId;
    const [order] = (await ordersOf(tileOf(HERO))).items;
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
    await expectBooksRight();
  });
});
