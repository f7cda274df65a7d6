import { DatabaseSync } from "node:sqlite";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import type { ReconcilePage, Reconciliation } from "#contract/reconcile.ts";
import { chineseTexts, PHONE, type Site, seriousBarriers } from "./browser-site.ts";
import { browserStories } from "./browser-stories.ts";
import { until } from "./until.ts";

browserStories("the accountant's checks", ({ before, open }) => {
  let site: Site;
  before(async (opened) => {
    ({ site } = opened);
  });

  /** One statement at the embedded database, past every program. */
  function tamper(statement: string): void {
    const database = new DatabaseSync(site.database);
    database.exec("pragma busy_timeout = 10000");
    database.exec(statement);
    database.close();
  }

  const ledgerNow = () =>
    site.ask<ReconcilePage>("/api/reconciliation").then(({ last }) => last as Reconciliation | null);

  async function reconcileNow(page: Page, state: "ok" | "wrong"): Promise<void> {
    await page.getByTestId("reconcile-run").click();
    await page.locator(`[data-testid="ledger-check"][data-state="${state}"]`).waitFor();
  }

  test("FI-3: the ledger holds; one row changed in the database is named on the page, and healed it holds again", async () => {
    const page = await open({ as: "admin" });
    await page.getByTestId("menu-reconcile").click();
    await reconcileNow(page, "ok");
    // The opening credit of the town is booked and gets its seal within seconds.
    await until("every row has its seal", async () => {
      await page.getByTestId("reconcile-run").click();
      const last = await ledgerNow();
      return last !== null && last.ledger.sealed > 0 && last.ledger.waiting === 0;
    });
    await expect.poll(() => page.getByTestId("ledger-check").textContent()).toContain("完整,借贷平衡");

    tamper("update ledger_entry set amount_e4 = amount_e4 * 2 where transfer_id = 'opening:2'");
    await reconcileNow(page, "wrong");
    const problems = await page.getByTestId("ledger-problems").locator("li").allTextContents();
    expect(problems[0]).toMatch(/^transfer opening:2 was changed after it was sealed \(seal \d+, row \d+\)$/);
    // The balance no longer agrees either; both are told, in no order.
    await page.getByTestId("difference-ledger").filter({ hasText: "数据库中的行被改动过" }).waitFor();

    tamper("update ledger_entry set amount_e4 = amount_e4 / 2 where transfer_id = 'opening:2'");
    await reconcileNow(page, "ok");
    await page.getByTestId("reconcile-view").getByText("已处理").click();
    await page.locator('[data-testid="difference-ledger"][data-state="gone"]').first().waitFor();
  });

  test("the page is whole on a phone and in English, and nobody is kept out of it by how it is built", async () => {
    const page = await open({ as: "admin", size: PHONE, language: "en" });
    await page.goto(`${site.base}/reconcile`);
    await page.getByTestId("ledger-check").waitFor();
    const admin = "系统管理员"; // a name, as it was entered
    expect((await chineseTexts(page)).filter((text) => !text.startsWith(admin))).toEqual([]);
    expect(await seriousBarriers(page)).toEqual([]);
    const width = await page.evaluate<number>("document.documentElement.scrollWidth");
    expect(width).toBeLessThanOrEqual(PHONE.width);
  });
});
