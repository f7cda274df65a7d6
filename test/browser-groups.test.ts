import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import type { CustomerDetail } from "#contract/customers.ts";
import type { GroupDetail } from "#contract/groups.ts";
import { type Actor, permissions, SCOPE_ALL } from "#domain/permission.ts";
import type { FlowContext } from "#flows/context.ts";
import { requestRefund } from "#flows/refund.ts";
import { systemClock } from "#system/clock.ts";
import { newId } from "#system/ids.ts";
import { DESK, PHONE, type Site, seriousBarriers } from "./browser-site.ts";
import { browserStories, expectBooksRight } from "./browser-stories.ts";
import { until } from "./until.ts";

/** Refunds below it need nobody else's word. */
const REFUND_AT_ONCE = 150;

/** A trip for arrears and a closing, each read back from three meters. */

const boss: Actor = { userId: 1, login: "admin", name: "管理员", permissions: new Set(permissions), scope: SCOPE_ALL };

browserStories("merged accounts in a browser", ({ before, open }) => {
  let site: Site;
  let ctx: FlowContext;
  before((opened) => {
    ({ site, ctx } = opened);
  });

  const openFor = (size = DESK): Promise<Page> => open({ as: "admin", size });
  const groupNow = (groupNo: string) => site.ask<GroupDetail>(`/api/groups/${groupNo}`);
  const addressOf = async (meterId: number) => (await site.ask<{ address: string }>(`/api/meters/${meterId}`)).address;
  const real = async (meterId: number) => {
    const address = await addressOf(meterId);
    const meter = (await site.snapshot()).meters.find((each) => each.address === address);
    if (!meter) throw new Error(`no simulated meter ${address}`);
    return meter;
  };
  /** Pays the balance out until only so much is left. */
  async function drain(groupNo: string, mainId: number, leftYuan: number): Promise<void> {
    for (;;) {
      const excess = Math.floor(Number((await groupNow(groupNo)).balance) - leftYuan);
      if (excess <= 0) return;
      const quantity = String(Math.min(excess, REFUND_AT_ONCE));
      const key = newId(systemClock());
      const asked = { key, meterId: mainId, kind: "balance" as const, quantity, orderNo: null };
      await requestRefund(ctx, boss, { ...asked, method: "transfer", reason: "多存的退回", ip: "" });
    }
  }

  test("OP-6: three meters of a customer become one account; subs are not recharged alone; arrears trip all, a recharge closes all", async () => {
    const { items } = await site.ask<{ items: { customerId: number; meters: number }[] }>("/api/customers?limit=100");
    const owner = items.find((each) => each.meters >= 6);
    if (!owner) throw new Error("no customer with six meters");
    const customer = await site.ask<CustomerDetail>(`/api/customers/${owner.customerId}`);
    const on = (creditAt: "meter" | "server", kind: string) =>
      customer.meters.filter(({ tile }) => tile.creditAt === creditAt && tile.kind === kind).map(({ tile }) => tile);
    const [main, second] = on("meter", "electricity");
    const water = customer.meters
      .map(({ tile }) => tile)
      .find((tile) => tile.kind === "water" && tile.creditAt === "server");
    if (!main || !second || !water) throw new Error("two electricity meters with credit and a water meter are needed");
    const three = [main, second, water];

    const page = await openFor();
    await page.goto(`${site.base}/customers/${owner.customerId}`);
    await page.getByTestId("open-merge").click();
    await page.getByTestId(`main-${main.number}`).check();
    await page.getByTestId(`sub-${second.number}`).check();
    await page.getByTestId(`sub-${water.number}`).check();
    await page.getByTestId("merge-preview").waitFor();
    await page.getByTestId("merge-reason").fill("一户多房,统一充值");
    expect(await seriousBarriers(page)).toEqual([]);
    await page.locator('[data-testid="merge-confirm"]:enabled').click();
    await page.getByTestId("group").waitFor();
    for (const { number } of three)
      await page.locator(`[data-testid="member-${number}"][data-state="merged"]`).waitFor();
    const groupNo = page.url().split("/").at(-1) ?? "";
    const merged = await groupNow(groupNo);
    const brought = merged.members.reduce((sum, each) => sum + Math.round(Number(each.brought) * 1e4), 0);
    const used = merged.members.reduce((sum, each) => sum + Math.round(Number(each.usedYuan) * 1e4), 0);
    expect(Math.round(Number(merged.balance) * 1e4)).toBe(brought - used);
    // It counts its own credit no more: it runs on units that are nobody's.
    expect((await real(main.meterId)).creditWh).toBeGreaterThan(9_000_000);
    expect(await seriousBarriers(page)).toEqual([]);
    await expectBooksRight(site);

    await page.goto(`${site.base}/recharge?meter=${second.meterId}`);
    await page.getByTestId("recharge-obstacle").getByText(`请给主表 ${main.label} 充值`).waitFor();
    await expect.poll(() => page.getByTestId("amount").count()).toBe(0);

    await drain(groupNo, main.meterId, 1);
    for (const { meterId } of [main, second])
      await site.town(`/meters/${await addressOf(meterId)}/load`, { watts: 8_000 });
    await page.goto(`${site.base}/groups/${groupNo}`);
    await page.getByTestId("group-arrears").waitFor();
    for (const { number } of three) await page.locator(`[data-testid="member-${number}"][data-relay="open"]`).waitFor();
    for (const { meterId } of three) expect((await real(meterId)).relay).toBe("open");
    const others = customer.meters.filter(({ tile }) => !three.some((each) => each.meterId === tile.meterId));
    for (const { tile } of others) {
      const before = customer.meters.find((each) => each.tile.meterId === tile.meterId)?.tile.state;
      expect([(await real(tile.meterId)).relay === "open", before === "off"]).toEqual([
        before === "off",
        before === "off",
      ]);
    }

    await page.getByTestId("recharge-main").click();
    await page.getByTestId("charges-group").waitFor();
    await page.getByTestId("amount").fill("300");
    await page.locator('[data-testid="open-confirm"]:enabled').click();
    await page.getByTestId("confirm-pay").click();
    await page.locator('[data-testid="order"][data-state="confirmed"]').waitFor();
    await page.goto(`${site.base}/groups/${groupNo}`);
    for (const { number } of three)
      await page.locator(`[data-testid="member-${number}"][data-relay="closed"]`).waitFor();
    for (const { meterId } of three)
      await until("supply is back", async () => (await real(meterId)).relay === "closed");
    await expect.poll(() => page.getByTestId("group-arrears").count()).toBe(0);
    await expectBooksRight(site);

    // Taken out again: shares by choice, the rest to the main meter, exactly.
    await page.getByTestId("open-unmerge").click();
    await page.getByTestId(`leave-${second.number}`).check();
    await page.getByTestId(`leave-${water.number}`).check();
    await page.getByTestId("share-even").click();
    await page.getByTestId("unmerge-dissolves").waitFor();
    await page.getByTestId(`share-${water.number}`).fill("20.01");
    await page.getByTestId(`share-${second.number}`).fill("50");
    await page.getByTestId("unmerge-reason").fill("分开管理");
    await page.getByTestId("unmerge-preview").getByText("20.01").first().waitFor();
    await page.locator('[data-testid="unmerge-confirm"]:enabled').click();
    await page.locator('[data-testid="group"][data-state="dissolved"]').waitFor();
    const ended = await groupNow(groupNo);
    expect(ended.balance).toBe("0.00");
    const shareOf = (meterId: number) => ended.members.find((each) => each.tile.meterId === meterId);
    expect(shareOf(water.meterId)?.share).toBe("20.01");
    expect(shareOf(second.meterId)).toMatchObject({ share: "50.00", state: "left" });
    const held = (await real(second.meterId)).creditWh;
    expect(held).toBeLessThanOrEqual(shareOf(second.meterId)?.shareWh ?? 0);
    expect(held).toBeGreaterThan((shareOf(second.meterId)?.shareWh ?? 0) - 20_000);
    await expectBooksRight(site);
  });

  test("the list and an account on a phone", async () => {
    const page = await openFor(PHONE);
    await page.goto(`${site.base}/groups?state=all`);
    await page.getByTestId("groups").waitFor();
    expect(await seriousBarriers(page)).toEqual([]);
    const wide = await page.evaluate<number>("document.documentElement.scrollWidth");
    expect(wide).toBeLessThanOrEqual(PHONE.width);
    await page.locator('[data-testid^="group-G"]').first().click();
    await page.getByTestId("group").waitFor();
    await expect
      .poll(() => page.evaluate<number>("document.documentElement.scrollWidth"))
      .toBeLessThanOrEqual(PHONE.width);
  });
});
