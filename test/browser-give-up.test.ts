import { expect, test } from "vitest";
import { money } from "#base/units.ts";
import { postedTransfer } from "#domain/ledger.ts";
import type { FlowContext } from "#flows/context.ts";
import { bookTransfer, openLedgerAccounts } from "#store/ledger.ts";
import { type RefundTile, refundDesk } from "./browser-refund-desk.ts";
import { browserStories, hook } from "./browser-stories.ts";

browserStories("credit given up in a browser", (stage) => {
  const desk = refundDesk(stage);
  const { open, refusals, tileOf, serverTile, refundsOf, refundOf, meterOf, posted, expectBooksRight } = desk;
  const { pay, fillIn, asked } = desk;
  let { site, people, ctx } = {} as Awaited<ReturnType<typeof desk.start>>;

  stage.before(async (opened) => {
    ({ site, people, ctx } = await desk.start(opened));
  });

  test("a clear shows what it wipes, waits for a second person, and leaves 0.00 in the meter", async () => {
    const tile = tileOf("A座-0107");
    const admin = await open({ as: "admin" });
    await pay(admin, tile, "50");
    const finance = await open({ as: people.finance });
    await finance.goto(`${site.base}/?meter=${tile.meterId}`);
    await finance.getByTestId("action-clear").click();
    await finance
      .getByTestId("refund-preview")
      .getByText(/清除 .*价值/)
      .waitFor();
    await expect.poll(() => finance.getByTestId("preview-units").textContent()).toMatch(/→ 0\.00 度/);
    await finance.getByTestId("clear-confirm").click();
    await expect.poll(() => finance.getByTestId("clear-missing").textContent()).toBe("请填写原因");
    await finance.getByTestId("clear-reason").fill("拆表");
    await finance.getByTestId("clear-confirm").dblclick();
    await finance.locator(hook("refund", "requested")).waitFor();
    expect(await refundsOf(tile)).toHaveLength(1);
    const refundNo = await asked(finance);
    await admin.goto(`${site.base}/refunds/${refundNo}`);
    await admin.getByTestId("approval-approve").click();
    await admin.getByTestId("decision-confirm").click();
    await finance.locator(hook("refund", "done")).waitFor();
    const done = await refundOf(refundNo);
    expect((await meterOf(tile)).count).toBe(2);
    expect(await posted("write_off")).toBe(Math.round(Number(done.amount) * 10_000));
    const meter = await site.ask<{ remainingWh: number }>(`/api/meters/${tile.meterId}`);
    expect(meter.remainingWh).toBe(0);
    await expectBooksRight();
  });

  test("a debt stands in the way of a refund, is written off by two people to its last digit, and then does not", async () => {
    const tile = tileOf("A座-0106");
    await owe(ctx, tile, 123_456);
    const cashier = await open({ as: people.cashier });
    await cashier.goto(`${site.base}/refunds/new?meter=${tile.meterId}`);
    await cashier.locator('[data-testid="refund-obstacle"][data-code="debts_first"]').waitFor();
    await expect.poll(() => cashier.getByTestId("write-off").count()).toBe(0); // not his to give up
    await cashier.getByTestId("refund-quantity").fill("1");
    await cashier.getByTestId("preview-problem").getByText("请先结清或核销欠费").waitFor();

    const finance = await open({ as: people.finance });
    const { customer } = await site.ask<{ customer: { customerId: number } }>(`/api/meters/${tile.meterId}`);
    await finance.goto(`${site.base}/customers/${customer.customerId}`);
    await finance.getByTestId("write-off").click();
    await expect.poll(() => finance.getByTestId("write-off-amount").inputValue()).toBe("12.3456");
    await finance.getByTestId("write-off-amount").fill("12.35"); // more than is owed
    await finance.getByTestId("write-off-reason").fill("租户失联");
    await finance.getByTestId("write-off-preview-problem").getByText("最多可退 12.3456").waitFor();
    await finance.getByTestId("write-off-confirm").click();
    await finance.getByTestId("write-off-problem").waitFor();
    expect(await refundsOf(tile)).toEqual([]);
    await finance.getByTestId("write-off-cancel").click();
    await finance.getByTestId("write-off").click();
    await finance.getByTestId("preview-money").getByText("欠费 12.3456 → 0.00 元").waitFor();
    await finance.getByTestId("write-off-reason").fill("租户失联");
    await finance.getByTestId("write-off-confirm").dblclick();
    await finance.locator(hook("refund", "requested")).waitFor();
    await finance.locator('[data-testid="approval-why-not"][data-why="same_person"]').waitFor();
    const lost = await posted("write_off");
    const admin = await open({ as: "admin" });
    await admin.goto(`${site.base}/refunds/${await asked(finance)}`);
    await admin.getByTestId("approval-approve").click();
    await admin.getByTestId("decision-confirm").click();
    await finance.locator(hook("refund", "done")).waitFor();
    expect(await refundsOf(tile)).toMatchObject([{ kind: "debt", state: "done", amount: "12.3456" }]);
    expect([await posted("debt"), lost - (await posted("write_off"))]).toEqual([0, 123_456]);
    await cashier.reload();
    await cashier.getByTestId("refund-source").waitFor();
    await expect.poll(() => cashier.getByTestId("refund-obstacle").count()).toBe(0);
    refusals(409);
    await expectBooksRight();
  });

  test("a balance on the server is refunded by transfer, not without the bank's number, or stays in the wallet", async () => {
    const tile = serverTile();
    const page = await open({ as: people.cashier });
    const orderNo = await pay(page, tile, "150");
    await page.getByTestId("order-refund").click();
    await page.getByTestId("refund-method").getByText("转账").click();
    await fillIn(page, "50", "多收");
    await page.getByTestId("refund-send").click();
    await page.locator(hook("refund", "confirmed")).waitFor(); // no meter is asked
    await expect.poll(() => page.getByTestId("progress").locator("[data-step]").count()).toBe(2);
    const before = await posted("transfer");
    await page.getByTestId("payout").click();
    await page.getByTestId("payout-confirm").click();
    await expect.poll(() => page.getByTestId("payout-missing").textContent()).toBe("请填写银行流水号或凭证号");
    await page.getByTestId("payout-reason").fill("ICBC 8899");
    await page.getByTestId("payout-confirm").click();
    await page.locator(hook("refund", "paid")).waitFor();
    expect((await posted("transfer")) - before).toBe(500_000);
    expect(await refundOf(await asked(page))).toMatchObject({ orderNo, payoutNote: "ICBC 8899", payable: "50.00" });

    // The customer changes his mind after it was confirmed: the money is his, in the wallet.
    await page.goto(`${site.base}/refunds/new?meter=${tile.meterId}&order=${orderNo}`);
    await page.getByTestId("refund-quantity").fill("100.01"); // 50 of 150 are gone
    await page.getByTestId("preview-problem").getByText("最多 100.00").waitFor();
    await fillIn(page, "30", "再退一些");
    await page.getByTestId("refund-send").click();
    await page.locator(hook("refund", "confirmed")).waitFor();
    const [owed, wallet] = [await posted("refund_payable"), await posted("wallet")];
    await page.getByTestId("refund-withdraw").click();
    await page.getByTestId("refund-withdraw-reason").fill("客户不要了");
    await page.getByTestId("refund-withdraw-confirm").click();
    await page.locator(hook("refund", "withdrawn")).waitFor();
    expect([owed - (await posted("refund_payable")), (await posted("wallet")) - wallet]).toEqual([300_000, 300_000]);
    refusals(409);
    await expectBooksRight();
  });

  test("a refund whose meter contradicts the books stops, says so, and goes on after it was looked at", async () => {
    const tile = tileOf("A座-0103");
    const page = await open({ as: "admin" });
    await pay(page, tile, "100");
    const count = (purchase_count: number) =>
      ctx.db.transact((tx) =>
        tx.updateTable("meter_state").set({ purchase_count }).where("meter_id", "=", tile.meterId).execute(),
      );
    await count(7);
    await page.goto(`${site.base}/refunds/new?meter=${tile.meterId}`);
    await fillIn(page, "10", "多充");
    await page.getByTestId("refund-send").click();
    await page.locator(hook("refund", "stopped")).waitFor();
    await page.getByTestId("progress-sentence").getByText("不要付款").waitFor();
    await expect.poll(() => page.getByTestId("payout").count()).toBe(0);
    expect((await meterOf(tile)).taken).toHaveLength(1);
    await count(1);
    await page.getByTestId("refund-recheck").click();
    await page.getByTestId("refund-recheck-reason").fill("到场看过,次数为 1");
    await page.getByTestId("refund-recheck-confirm").click();
    await page.locator(hook("refund", "confirmed")).waitFor();
    expect(await meterOf(tile)).toEqual({ count: 2, taken: [expect.any(Number), -10_000] });
    await page.getByTestId("payout").click();
    await page.getByTestId("payout-confirm").click();
    await page.locator(hook("refund", "paid")).waitFor();
    await expectBooksRight();
  });
});

/** The customer of a meter owes so much, as if for a share. */
async function owe(ctx: FlowContext, tile: RefundTile, e4: number): Promise<void> {
  const { customer_id: ref } = await ctx.db.read
    .selectFrom("account")
    .innerJoin("meter", "meter.account_id", "account.id")
    .select("account.customer_id")
    .where("meter.id", "=", tile.meterId)
    .executeTakeFirstOrThrow();
  await ctx.db.transact(async (tx) => {
    const debt = { kind: "debt", ref } as const;
    await openLedgerAccounts(tx, [debt]);
    const of = { id: "share:browser", kind: "share", actor: "test", amount: money(e4) } as const;
    await bookTransfer(tx, postedTransfer({ ...of, from: debt, to: { kind: "revenue", ref: 1 } }), ctx.clock());
  });
}
