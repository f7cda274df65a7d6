import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import readSheet from "read-excel-file/node";
import { expect, test } from "vitest";
import type { Site } from "./browser-site.ts";
import { browserStories, expectBooksRight, hook } from "./browser-stories.ts";

type Order = { meterId: number; state: string; unitsWh: number };
type Customer = { customerId: number; number: string; rooms: string[]; meters: number };

browserStories("a customer of many meters, and the shift that takes his money, in a browser", ({ before, open }) => {
  let site: Site;
  before((opened) => {
    ({ site } = opened);
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
    await expect.poll(() => page.locator(".customer-room").count()).toBe(3);
    await expect.poll(() => page.locator(".customer-meter").count()).toBe(6);
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
    await expect.poll(() => page.getByTestId("split-rest").textContent()).toMatch(/还有 .* 元未分配/);
    await expect.poll(() => page.getByTestId("open-confirm").isDisabled()).toBe(true);
    await page.getByTestId("split-lack").click();
    await page.getByTestId("split-even").click();
    await page.locator('[data-testid="open-confirm"]:enabled').click();
    await expect.poll(() => page.getByTestId("confirm-words").textContent()).toBe("陆佰元零伍分");
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
    const { address } = await site.ask<{ address: string }>(`/api/meters/${offline.meterId}`);
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
    await expect.poll(() => page.locator('.part[data-state="confirmed"]').count()).toBe(5);
    await site.town(`/meters/${address}/offline`, { offline: false });
    await expectBooksRight(site);
  });

  test("AM-6: the statement of one room of three adds up, and its file holds that room alone", async () => {
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

  test("OP-8: a shift is counted blind, differs, is counted again and closed; the report agrees with the records", async () => {
    const page = await open({ as: "admin" });
    await page.getByTestId("menu-recharge").click();
    await page.getByTestId("shift-close-link").click();
    await page.getByTestId("close-shift").waitFor();
    const shiftId = new URL(page.url()).pathname.split("/").at(-1);
    const { amount } = (
      await site.ask<{ channels: { channel: string; amount: string }[] }>("/api/recharges/totals?channel=cash")
    ).channels[0] ?? { amount: "" };
    await expect.poll(() => page.getByTestId("report-expected").textContent()).toContain("清点交班后显示");
    await page.getByTestId("pieces-10000").fill("3");
    await page.getByTestId("pieces-50").fill("1");
    await expect.poll(() => page.getByTestId("pieces-sum").textContent()).toContain("300.50");
    await page.getByTestId("count").click();
    await page.getByTestId("count-result").waitFor();
    await expect.poll(() => page.getByTestId("count-result").getAttribute("data-difference")).not.toBe("0.00");
    await page.getByTestId("shift-close").click();
    await expect.poll(() => page.getByTestId("shift-reason-missing").textContent()).toBe("请填写差异原因");
    await page.getByTestId("recount").click();
    await page.getByTestId("count-way").getByText("只填总额").click();
    await page.getByTestId("count-sum").fill(amount);
    await page.getByTestId("count").click();
    await page.locator('[data-testid="count-result"][data-difference="0.00"]').waitFor();
    await page.getByTestId("shift-close").click();
    await page.locator(hook("shift-report", "closed")).waitFor();
    for (const what of ["report-expected", "report-counted", "report-cash"])
      expect(await page.getByTestId(what).getAttribute("data-amount"), what).toBe(amount);
    await expect.poll(() => page.getByTestId("report-counted").textContent()).toContain("清点 2 次");
    const [file] = await Promise.all([page.waitForEvent("download"), page.getByTestId("export").click()]);
    const [sheet] = await readSheet(readFileSync(await file.path()));
    expect(sheet?.data.find((row) => row[1] === "实际清点")?.[3]).toBe(Number(amount));
    const closed = await site.ask<{ items: { shiftId: number; state: string }[] }>("/api/shifts?state=closed");
    expect(closed.items.map((each) => String(each.shiftId))).toContain(shiftId);
    await expectBooksRight(site);
    await page.getByTestId("menu-recharge").click();
    await page.locator('[data-testid="shift-bar"][data-open="0"]').waitFor();
  });
});

/** The request behind the statement that the page shows. */
async function statementPath(page: Page): Promise<string> {
  const [from, to] = await Promise.all(
    ["from", "to"].map((name) => page.getByTestId(`statement-${name}`).inputValue()),
  );
  return `/api${new URL(page.url()).pathname}?from=${from}&to=${to}`;
}
