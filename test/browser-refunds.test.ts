import { readFileSync } from "node:fs";
import type { Route } from "playwright-core";
import readSheet from "read-excel-file/node";
import { expect, test } from "vitest";
import type { Refund, RefundTotals } from "#contract/refunds.ts";
import { refundDesk } from "./browser-refund-desk.ts";
import { chineseTexts, PHONE, seriousBarriers } from "./browser-site.ts";
import { browserStories, hook, SOON_MS } from "./browser-stories.ts";
import { until } from "./until.ts";

type Order = { orderNo: string; state: string; unitsWh: number };

browserStories("refunds in a browser", (stage) => {
  const desk = refundDesk(stage);
  const { open, refusals, tileOf, refundsOf, refundOf, meterOf, posted } = desk;
  const { expectBooksRight, pay, payHere, fillIn, asked } = desk;
  let { site, people } = {} as Pick<Awaited<ReturnType<typeof desk.start>>, "site" | "people">;
  const totals = (filter = "") => site.ask<RefundTotals>(`/api/refunds/totals?${filter}`);

  stage.before(async (opened) => {
    ({ site, people } = await desk.start(opened));
  });

  test("OP-5: a recharge of the wrong meter is refunded from its record, paid, and made good on the right one", async () => {
    const [wrong, right] = [tileOf("A座-0104"), tileOf("A座-0202")];
    const page = await open({ as: people.cashier });
    const orderNo = await pay(page, wrong, "100"); // 102 kWh of 0.98
    const [cash, owed] = [await posted("cash"), await posted("refund_payable")];
    await page.getByTestId("menu-records").click();
    await page.getByTestId(`record-${orderNo}`).getByRole("link").click();
    await page.getByTestId("order-refund").click();
    await page.getByTestId("refund-form").waitFor();
    await expect.poll(() => page.getByTestId("refund-order").inputValue()).toBe(orderNo);

    await page.getByTestId("refund-quantity").fill("102.01"); // more than the recharge brought
    await page.getByTestId("preview-problem").getByText("最多 102.00").waitFor();
    await expect.poll(() => page.getByTestId("refund-open").isDisabled()).toBe(true);
    await page.getByTestId("refund-order").selectOption("");
    await page.getByTestId("refund-quantity").fill("99999"); // more than is left in the meter
    await page.getByTestId("preview-problem").getByText("超过可退数量").waitFor();
    await page.getByTestId("refund-order").selectOption(orderNo);
    await page.getByTestId("refund-all").click();
    await expect.poll(() => page.getByTestId("refund-quantity").inputValue()).toBe("102.00");
    await page.locator('[data-testid="refund-open"]:enabled').click();
    await expect.poll(() => page.getByTestId("refund-reason-missing").textContent()).toBe("请填写原因");
    await page.getByTestId("refund-method").getByText("原路退回(现金)").click();
    await fillIn(page, "102", "充错房间");
    const dialog = (await page.getByTestId("refund-confirm").textContent()) ?? "";
    for (const words of ["A座-0104", wrong.number.slice(-4), "102.00 度", "99.96", orderNo, "充错房间"])
      expect(dialog).toContain(words);
    await page.getByTestId("refund-confirm").locator("button:focus").waitFor(); // a moment after it is open
    await page.keyboard.press("Enter"); // the focus is on "back": nothing is asked
    await page.getByTestId("refund-confirm").waitFor({ state: "detached" });
    expect(await refundsOf(wrong)).toEqual([]);
    await page.getByTestId("refund-open").click();
    await page.getByTestId("refund-send").click();
    await page.locator(hook("refund", "confirmed")).waitFor(); // the meter has agreed; nobody reloaded
    const refundNo = await asked(page);
    expect(await meterOf(wrong)).toEqual({ count: 2, taken: [102_000, -102_000] });
    expect(await posted("refund_payable")).toBe(owed + 999_600);
    expect(await posted("cash")).toBe(cash);

    await page.getByTestId("payout").click();
    await page.getByTestId("payout-confirm").dblclick();
    await page.locator(hook("refund", "paid")).waitFor();
    await expect.poll(() => page.getByTestId("progress").locator('[data-step="done"]').count()).toBe(4);
    expect([(await posted("cash")) - cash, await posted("refund_payable")]).toEqual([999_600, owed]);

    await page.getByTestId("replace-recharge").click();
    await page.getByTestId("replaces").waitFor();
    await page.getByTestId("meter-search").fill("0202");
    await page.getByTestId(`hit-${right.number}`).click();
    const newOrder = await payHere(page, "100");
    await page.locator(hook("replacement", "success")).waitFor();
    await page.reload(); // linking again changes nothing
    await page.locator(hook("replacement", "success")).waitFor();
    await page.getByTestId("was-order").getByText(orderNo).click();
    await page.getByTestId("new-order").getByText(newOrder).waitFor();
    await page.getByTestId(`order-refund-${refundNo}`).getByText("−99.96 元").waitFor();
    expect(await refundOf(refundNo)).toMatchObject({
      orderNo,
      replacementNo: newOrder,
      payable: "99.96",
      takenWh: 102_000,
    });
    expect((await meterOf(right)).taken).toHaveLength(1);
    await expectBooksRight();

    await page.goto(`${site.base}/refunds/${refundNo}`);
    const slip = await page.getByTestId("receipt").textContent();
    for (const words of ["退费单", refundNo, "¥ 99.96", "玖拾玖元玖角陆分", orderNo, newOrder])
      expect(slip).toContain(words);
    await page.getByTestId("print").click();
    await page.locator('[data-testid="prints"][data-count="1"]').waitFor();
    await page.getByTestId("print").click();
    await page.getByTestId("receipt-reprint").getByText("补打 第 2 次").waitFor();
    refusals(409);
  });

  test("FI-7: a cashier asks, may not decide, somebody who may and asked may not either; finance approves and it goes through", async () => {
    const tile = tileOf("A座-0103");
    const cashier = await open({ as: people.cashier });
    await pay(cashier, tile, "500");
    await cashier.goto(`${site.base}/refunds/new?meter=${tile.meterId}`);
    await cashier.getByTestId("refund-form").waitFor();
    await cashier.getByTestId("refund-quantity").fill("300");
    await cashier.getByTestId("needs-approval").waitFor();
    await fillIn(cashier, "300", "客户退租一间");
    await cashier.getByTestId("refund-send").click();
    await cashier.locator(hook("refund", "requested")).waitFor();
    const refundNo = await asked(cashier);
    await cashier.locator('[data-testid="approval-why-not"][data-why="not_permitted"]').waitFor();
    await expect.poll(() => cashier.getByTestId("approval-approve").count()).toBe(0);
    expect((await meterOf(tile)).count).toBe(1);
    const { approvalId, amount } = await refundOf(refundNo);

    // The administrator may approve, but not what he asked for himself; the server says so too.
    const admin = await open({ as: "admin" });
    const other = tileOf("A座-0105");
    await pay(admin, other, "500");
    await admin.goto(`${site.base}/refunds/new?meter=${other.meterId}`);
    await fillIn(admin, "300", "试一试");
    await admin.getByTestId("refund-send").click();
    await admin.locator('[data-testid="approval-why-not"][data-why="same_person"]').waitFor();
    await expect.poll(() => admin.getByTestId("approval-approve").count()).toBe(0);
    const own = await refundOf(await asked(admin));
    const answer = await admin.request.post(`${site.base}/api/approvals/${own.approvalId}/decision`, {
      data: { verdict: "approve", version: 0, reason: "" },
      headers: { origin: site.base },
    });
    expect([answer.status(), (await answer.json()).code]).toEqual([403, "approval_same_person"]);
    await admin.getByTestId("refund-withdraw").click();
    await admin.getByTestId("refund-withdraw-reason").fill("只是试试");
    await admin.getByTestId("refund-withdraw-confirm").click();
    await admin.locator(hook("refund", "withdrawn")).waitFor();

    const finance = await open({ as: people.finance });
    await finance.getByTestId("menu-approvals").click();
    const card = finance.getByTestId(`approval-refund:${refundNo}`);
    await card.waitFor();
    await expect.poll(() => finance.getByTestId("approval-reason").textContent()).toBe("客户退租一间");
    await expect
      .poll(() => finance.getByTestId("approval-credit").textContent())
      .toMatch(/^\d+\.\d\d → \d+\.\d\d 度截至 20/);
    await card.getByTestId("approval-reject").click();
    await finance.getByTestId("decision-confirm").click(); // without a reason nothing is rejected
    await expect.poll(() => finance.getByTestId("decision-missing").textContent()).toBe("请填写原因");
    await finance.getByTestId("decision-cancel").click();
    await card.getByTestId("approval-approve").click();
    await finance.getByTestId("decision-confirm").dblclick();
    await cashier.locator(hook("refund", "confirmed")).waitFor(); // the cashier's page, not reloaded
    expect(await refundOf(refundNo)).toMatchObject({ state: "confirmed", approvalId, takenWh: 300_000, amount });
    expect((await meterOf(tile)).taken).toEqual([expect.any(Number), -300_000]);
    await finance.goto(`${site.base}/refunds/${refundNo}`);
    await finance.getByTestId("refund-facts").waitFor();
    await expect.poll(() => finance.getByTestId("payout").count()).toBe(0); // who approves has no till
    await cashier.getByTestId("payout").click();
    await cashier.getByTestId("payout-confirm").click();
    await cashier.locator(hook("refund", "paid")).waitFor();
    const paid = await refundOf(refundNo);
    expect(paid.createdBy).toBe(paid.paidBy);
    expect(paid.decidedBy).not.toBe(paid.createdBy);
    await expectBooksRight();
  });

  test("a double click, a lost answer, a reload and a second tab make one refund; a second one at once is refused", async () => {
    const tile = tileOf("A座-0106");
    const page = await open({ as: "admin" });
    await pay(page, tile, "100");
    await page.goto(`${site.base}/refunds/new?meter=${tile.meterId}`);
    await page.getByTestId("refund-form").waitFor();
    for (const typed of ["-1", "1e3", "abc"]) await page.getByTestId("refund-quantity").fill(typed);
    await expect.poll(() => page.getByTestId("refund-quantity").inputValue()).toBe("");
    await fillIn(page, "10.5", "多充了");
    await page.reload(); // what was typed is still there
    await page.getByTestId("refund-form").waitFor();
    await expect.poll(() => page.getByTestId("refund-quantity").inputValue()).toBe("10.5");
    let posts = 0;
    const { promise: booked, resolve: isBooked } = Promise.withResolvers<void>();
    const loseFirst = async (route: Route): Promise<void> => {
      posts++;
      if (posts > 1) return route.continue();
      await route.fetch(); // booked, but the page never hears of it
      isBooked();
    };
    await page.route("**/api/refunds", (route) =>
      route.request().method() === "POST" ? loseFirst(route) : route.continue(),
    );
    const [twin] = await Promise.all([
      page.context().waitForEvent("page"),
      page.evaluate("void window.open(location.href)"),
    ]);
    twin.setDefaultTimeout(SOON_MS);
    await fillIn(page, "10.5", "多充了");
    await page.getByTestId("refund-send").dblclick();
    await booked;
    await page.reload();
    await page.locator(hook("refund", "confirmed")).waitFor();
    expect(posts).toBe(2);
    // The second tab, with the same refund: its key answers with what was made.
    await fillIn(twin, "10.5", "多充了");
    await twin.getByTestId("refund-send").click();
    await twin.locator(hook("refund", "confirmed")).waitFor();
    expect(await asked(twin)).toBe(await asked(page));
    expect(await refundsOf(tile)).toHaveLength(1);
    expect((await meterOf(tile)).taken).toEqual([expect.any(Number), -10_500]);

    // Both tabs pay at once; money leaves the till once.
    const before = await posted("cash");
    for (const each of [page, twin]) await each.getByTestId("payout").click();
    await Promise.all([page, twin].map((each) => each.getByTestId("payout-confirm").click()));
    for (const each of [page, twin]) await each.locator(hook("refund", "paid")).waitFor();
    const { payable } = await refundOf(await asked(page));
    expect((await posted("cash")) - before).toBe(Math.round(Number(payable) * 10_000));

    // While the meter is silent one refund waits; another is refused and says where to look; the first can be withdrawn.
    await site.town(`/meters/${tile.number}/offline`, { offline: true });
    await page.goto(`${site.base}/refunds/new?meter=${tile.meterId}`);
    await fillIn(page, "1", "再退一次");
    await page.getByTestId("refund-send").click();
    await page.locator(hook("refund", "approved")).waitFor();
    await twin.goto(`${site.base}/refunds/new?meter=${tile.meterId}`);
    await twin.locator('[data-testid="refund-obstacle"][data-code="refund_open"]').waitFor();
    await twin.getByTestId("refund-quantity").fill("1");
    await twin.getByTestId("preview-problem").waitFor();
    await expect.poll(() => twin.getByTestId("refund-open").isDisabled()).toBe(true);
    await page.getByTestId("refund-withdraw").click();
    await page.getByTestId("refund-withdraw-reason").fill("改主意");
    await page.getByTestId("refund-withdraw-confirm").click();
    await page.locator(hook("refund", "withdrawn")).waitFor();
    await site.town(`/meters/${tile.number}/offline`, { offline: false });
    refusals(409);
    await expectBooksRight();
  });

  test("who may not refund sees no way to, and is refused", async () => {
    const page = await open({ as: people.maintenance });
    const tile = tileOf("A座-0104");
    await page.goto(`${site.base}/?meter=${tile.meterId}`);
    await page.getByTestId("action-read").waitFor();
    for (const name of ["action-refund", "action-clear", "menu-refunds"])
      expect(await page.getByTestId(name).count(), name).toBe(0);
    await page.goto(`${site.base}/refunds/new?meter=${tile.meterId}`);
    await page.getByText("您没有查看此页的权限").waitFor();
    const finance = await open({ as: people.finance });
    await finance.goto(`${site.base}/refunds`);
    await finance.getByTestId("refunds").waitFor();
    await expect.poll(() => finance.getByTestId("refund-new").count()).toBe(0);
    for (const [path, data] of [
      [
        "/api/refunds",
        { key: "browser-no-right", meterId: tile.meterId, kind: "units", quantity: "1", method: "cash", reason: "x" },
      ],
      ["/api/refunds/preview", { meterId: tile.meterId, kind: "clear", quantity: "" }],
    ] as const) {
      const answer = await page.request.post(site.base + path, { data, headers: { origin: site.base } });
      expect([answer.status(), (await answer.json()).code], path).toEqual([403, "forbidden"]);
    }
  });

  test("the records are narrowed, summed and taken out with the same rows and the same sum", async () => {
    const page = await open({ as: "admin" });
    await page.getByTestId("menu-records").click();
    await page.getByTestId("records-refunded").waitFor();
    await page.getByTestId("records-tabs").getByText("退费").click();
    await page.getByTestId("refunds").waitFor();
    const all = await until("everything has ended", async () => {
      const { items } = await site.ask<{ items: Refund[] }>("/api/refunds?limit=100");
      return items.every((each) => ["paid", "done", "withdrawn"].includes(each.state)) && items;
    });
    const sums = await totals();
    const paid = all
      .filter((each) => each.state === "paid")
      .reduce((sum, each) => sum + Math.round(Number(each.payable) * 100), 0);
    expect(sums.count).toBe(all.length);
    expect(Math.round(Number(sums.refunded) * 100)).toBe(paid);
    const [file] = await Promise.all([page.waitForEvent("download"), page.getByTestId("export").click()]);
    expect(file.suggestedFilename()).toMatch(/^退费记录.*\.xlsx$/);
    const [sheet] = await readSheet(readFileSync(await file.path()));
    const at = sheet?.data[3]?.indexOf("退费(元)") ?? -1;
    expect(sheet?.data.at(-1)?.[at]).toBe(-paid / 100);
    await page.getByTestId("filter-kind").selectOption("wallet");
    await page.locator('[data-testid="refunds-totals"][data-count="0"]').waitFor();
    await page.getByTestId("filter-method").selectOption("transfer");
    await page.getByTestId("refunds-empty").waitFor();
    await page.reload(); // what was chosen stands in the address
    await page.getByTestId("refunds-empty").waitFor();
  });

  test("nothing keeps anybody out of the pages of refunds, at a desk, on a phone, and in English", async () => {
    const tile = tileOf("A座-0104");
    const [refund] = await refundsOf(tile);
    const [order] = (await site.ask<{ items: Order[] }>(`/api/recharges?meterId=${tile.meterId}`)).items;
    const barriers: Record<string, string[]> = {};
    for (const size of [PHONE, undefined]) {
      const page = await open({ as: "admin", ...(size ? { size, language: "en" as const } : {}) });
      for (const [path, ready] of [
        ["/refunds", "refunds"],
        [`/refunds/new?meter=${tile.meterId}&order=${order?.orderNo}`, "refund-form"],
        [`/refunds/${refund?.refundNo}`, "refund"],
        [`/records/${order?.orderNo}`, "order-refunds"],
        ["/approvals?view=all", "approvals"],
      ] as const) {
        await page.goto(site.base + path);
        await page.getByTestId(ready).waitFor();
        const wide = await page.evaluate<number>(
          "document.querySelector('main').scrollWidth - document.querySelector('main').clientWidth",
        );
        const found = [...(await seriousBarriers(page)), ...(wide > 0 ? [`${wide} px too wide`] : [])];
        if (found.length > 0) barriers[`${path} ${size?.width ?? "desk"}`] = found;
      }
      if (size) {
        await page.goto(`${site.base}/refunds/new`);
        await page.getByTestId("meter-search").waitFor();
        expect((await chineseTexts(page)).filter((text) => !text.startsWith("系统管理员"))).toEqual([]);
      }
    }
    expect(barriers).toEqual({});
  });
});
