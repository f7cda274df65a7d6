import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import type { Tile } from "#contract/metering.ts";
import type { Users } from "#contract/people.ts";
import { type Colleague, colleague } from "./browser-people.ts";
import { DESK, PHONE, type Site, seriousBarriers } from "./browser-site.ts";
import { browserStories, expectBooksRight, hook, SOON_MS, tileOf } from "./browser-stories.ts";

type Order = { orderNo: string; state: string; amount: string };

browserStories("limits of a user", ({ before, open, refusals }) => {
  let site: Site;
  let tiles: Tile[];
  let cashier: Colleague;
  let maintenance: Colleague;
  before(async (opened) => {
    ({ site } = opened);
    cashier = await colleague(opened.db, { role: "cashier", name: "林收费" });
    maintenance = await colleague(opened.db, { role: "maintenance", name: "何维保" });
    tiles = (await site.ask<{ tiles: Tile[] }>("/api/board")).tiles;
  });

  const ordersOf = async ({ meterId }: Tile) =>
    (await site.ask<{ items: Order[] }>(`/api/recharges?meterId=${meterId}`)).items;
  /** What the meter itself knows of its purchases. */
  const takenBy = async ({ number }: Tile) =>
    (await site.snapshot()).meters.find((each) => each.number === number)?.topUps.length;
  const lineOf = async (who: Colleague) => {
    const { items } = await site.ask<Users>(`/api/users?search=${encodeURIComponent(who.name)}`);
    if (items[0] === undefined) throw new Error(`no user ${who.name}`);
    return items[0];
  };

  /** The administrator sets limits on the page of a user; empty fields are none. */
  async function limit(page: Page, who: Colleague, limits: Readonly<Record<string, string>>): Promise<void> {
    const { userId, login } = await lineOf(who);
    await page.goto(`${site.base}/users/${userId}`);
    for (const [kind, value] of Object.entries(limits)) await page.getByTestId(`limit-${kind}`).fill(value);
    await page.getByTestId("user-reason").fill("试用期限额");
    await page.getByTestId("user-save").click();
    await page.getByTestId(`user-${login}`).waitFor();
  }

  async function fillIn(page: Page, tile: Tile, amount: string): Promise<void> {
    await page.goto(`${site.base}/recharge?meter=${tile.meterId}`);
    await page.getByTestId("amount").fill(amount);
    await page.getByTestId("note").fill("代交");
    await page.locator('[data-testid="open-confirm"]:enabled').click();
    await page.getByTestId("confirm-pay").waitFor();
  }

  test("SA-2: an administrator limits a cashier, who is told what is left, and whose recharge beyond it moves neither meter nor books", async () => {
    refusals(409);
    const admin = await open({ as: "admin" });
    const { userId, login } = await lineOf(cashier);
    await admin.goto(`${site.base}/users`);
    const line = admin.getByTestId(`user-${login}`);
    await line.waitFor();
    await expect.poll(() => line.locator('[data-testid^="limit-tag-"]').count()).toBe(0);
    await admin.goto(`${site.base}/users/${userId}`);
    await admin.getByTestId("limit-batchMeters").fill("501");
    await admin.getByTestId("user-reason").fill("试用期限额");
    await admin.getByTestId("user-save").click();
    await admin.locator('#limit-batchMeters[aria-invalid="true"]').waitFor();
    expect((await lineOf(cashier)).version).toBe(0);
    await limit(admin, cashier, { rechargeDay: "150", rechargeOne: "100", batchMeters: "" });
    await line.getByText("日充值 ≤ 150.00 元").waitFor();
    await line.getByText("单笔 ≤ 100.00 元").waitFor();
    await expect.poll(() => line.locator('[data-testid^="limit-tag-"]').count()).toBe(2);
    const audit = await site.ask<{ items: { action: string; reason: string }[] }>("/api/audit?action=user.limits");
    expect(audit.items).toMatchObject([{ action: "user.limits", reason: "试用期限额" }]);

    const [first, second, third] = ["A座-0104", "A座-0202", "A座-0203"].map((label) => tileOf(tiles, label));
    if (!first || !second || !third) throw new Error("no three rooms");
    const page = await open({ as: cashier });
    await page.goto(`${site.base}/recharge?meter=${first.meterId}`);
    await page.getByTestId("amount").fill("100.5");
    await page.getByTestId("preview-problem").getByText("单笔限额 100.00 元").waitFor();
    await expect.poll(() => page.getByTestId("open-confirm").isDisabled()).toBe(true);
    await page.getByTestId("amount").fill("100");
    await page.locator('[data-testid="day-room"][data-left="150.00"]').waitFor();
    await page.locator('[data-testid="open-confirm"]:enabled').click();
    await page.getByTestId("confirm-pay").click();
    await page.locator(hook("order", "confirmed")).waitFor();

    // Two tabs ask before either has paid, so both are told that 50 are left; one of them comes second.
    const before = await takenBy(third);
    await fillIn(page, second, "50");
    const twin = await page.context().newPage();
    twin.setDefaultTimeout(SOON_MS);
    await twin.goto(site.base);
    await twin.evaluate("sessionStorage.clear()");
    await fillIn(twin, third, "50");
    await page.getByTestId("confirm-pay").click();
    await page.locator(hook("order", "confirmed")).waitFor();
    await twin.getByTestId("confirm-pay").click();
    const problem = twin.getByTestId("recharge-problem");
    await problem.getByText("充值日限额:限额 150.00 元,今天已收 150.00 元(含已撤回的),还可收 0.00 元").waitFor();
    await problem.getByText("请由同事办理、明天再收").waitFor();
    expect([await twin.getByTestId("amount").inputValue(), await twin.getByTestId("note").inputValue()]).toEqual([
      "50",
      "代交",
    ]);
    expect(await ordersOf(third)).toEqual([]);
    expect(await takenBy(third)).toBe(before);
    expect(await ordersOf(second)).toHaveLength(1);
    expect(await ordersOf(first)).toHaveLength(1);
    await expectBooksRight(site);

    // At another computer, where nobody knows whether it was booked, the order that was is named, and is one click away.
    const elsewhere = await open({ as: cashier });
    const [booked] = await ordersOf(second);
    if (!booked) throw new Error("no order of the second room");
    await elsewhere.goto(`${site.base}/recharge?meter=${second.meterId}`);
    await elsewhere.getByTestId("amount").fill("50");
    const maybe = elsewhere.getByTestId("preview-problem");
    await maybe.getByText("这笔可能已经记账").waitFor();
    await maybe.getByText(`单号 ${booked.orderNo}`).waitFor();
    await maybe.getByText("核对前不要退还现金").waitFor();
    await expect.poll(() => elsewhere.getByTestId("open-confirm").isDisabled()).toBe(true);
    await elsewhere.getByTestId("to-repeat").click();
    await elsewhere.waitForURL(`**/records/${booked.orderNo}`);
    await elsewhere.close();

    // A colleague without a limit takes it, and what the administrator gives back holds at once.
    await limit(admin, cashier, { rechargeDay: "", rechargeOne: "" });
    await twin.getByTestId("amount").fill("49");
    await twin.locator('[data-testid="open-confirm"]:enabled').click();
    await twin.getByTestId("confirm-pay").click();
    await twin.locator(hook("order", "confirmed")).waitFor();
    expect(await ordersOf(third)).toHaveLength(1);
    await expectBooksRight(site);
    await twin.close();
  });

  test("who may switch two meters at once is told on the list that three are too many", async () => {
    const admin = await open({ as: "admin" });
    await limit(admin, maintenance, { batchMeters: "2" });
    const page = await open({ as: maintenance });
    await page.goto(`${site.base}/switch-batches/new`);
    await page.getByTestId("choose-meters").waitFor();
    const some = tiles.filter((tile) => tile.kind === "electricity").slice(0, 3);
    await page.getByTestId("batch-paste").fill(some.map(({ number }) => number).join("\n"));
    await page.getByTestId("batch-next").click();
    await page.getByTestId("batch-over-limit").getByText("将操作 3 只,超过您的批量只数限额 2 只").waitFor();
    await expect.poll(() => page.getByTestId("batch-ask").isDisabled()).toBe(true);
    await page.getByTestId("batch-edit").click();
    await expect.poll(() => page.getByTestId("batch-paste").inputValue()).toContain(some[2]?.number ?? "?");
    await page.getByTestId("batch-paste").fill(
      some
        .slice(1)
        .map(({ number }) => number)
        .join("\n"),
    );
    await page.getByTestId("batch-next").click();
    await page.locator('[data-testid="batch-ask"]:enabled').waitFor();
    await expect.poll(() => page.getByTestId("batch-over-limit").count()).toBe(0);
  });

  test.each([
    ["a phone", PHONE],
    ["a desk", DESK],
  ])("the limits fit %s, in both languages, and have no barriers", async (_, size) => {
    const { userId } = await lineOf(maintenance);
    for (const language of ["zh-CN", "en"] as const) {
      const page = await open({ as: "admin", size, language });
      for (const path of ["/users", `/users/${userId}`]) {
        await page.goto(`${site.base}${path}`);
        await page.locator('[data-testid^="limit-"]').first().waitFor();
        const wide = await page.evaluate<number>("document.documentElement.scrollWidth");
        expect([language, path, wide]).toEqual([language, path, size.width]);
        expect(await seriousBarriers(page)).toEqual([]);
      }
    }
  });
});
