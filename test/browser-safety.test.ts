import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import type { FlowContext } from "#flows/context.ts";
import { chineseTexts, PHONE, type Site, seriousBarriers } from "./browser-site.ts";
import { browserStories, hook } from "./browser-stories.ts";
import { until } from "./until.ts";

browserStories("safety of sessions and the audit", ({ before, open }) => {
  let site: Site;
  let ctx: FlowContext;
  let meterId = 0;
  before(async (opened) => {
    ({ site, ctx } = opened);
    const board = await site.ask<{ tiles: { meterId: number; state: string }[] }>("/api/board");
    meterId = board.tiles.find((tile) => tile.state === "normal")?.meterId ?? 0;
  });

  /** One statement at the embedded database, past every program. */
  function tamper(statement: string): void {
    const database = new DatabaseSync(site.database);
    database.exec("pragma busy_timeout = 10000");
    database.exec(statement);
    database.close();
  }

  test("what was done is found in three clicks, with before and after, and leads to what it is about", async () => {
    const page = await open({ as: "admin" });
    await page.evaluate(
      ([id]) =>
        fetch(`/api/meters/${id}/guard`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ on: true, reason: "诊所有冰箱" }),
        }),
      [meterId],
    );
    await page.getByTestId("menu-audit").click(); // 1
    await page.getByTestId("audit-row").first().waitFor();
    await page.getByTestId("filter-action").selectOption("guard.set"); // 2
    const row = page.locator(`[data-testid="audit-row"][data-object="meter:${meterId}"]`);
    await row.getByRole("button").first().click(); // 3
    const change = page.locator('[data-testid="audit-change"][data-field="guard"]');
    expect(await change.textContent()).toContain("保电");
    expect(await page.getByTestId("audit-detail").textContent()).toContain("诊所有冰箱");
    expect(new URL(page.url()).searchParams.get("action")).toBe("guard.set");
    await page.reload();
    await row.waitFor();
    expect(await page.getByTestId("audit-row").count()).toBe(1);
    expect(await seriousBarriers(page)).toEqual([]);
    await row.getByRole("button").first().click();
    await page.getByTestId("audit-link").click();
    await page.getByTestId("meter-drawer").waitFor();
  }, 60_000);

  test("the chain holds; a row that is changed or deleted in the database is named on the page", async () => {
    const page = await open({ as: "admin" });
    await until("everything is sealed", async () => {
      const row = await ctx.db.read.selectFrom("audit_unsealed").select("item").limit(1).executeTakeFirst();
      return row === undefined;
    });
    const { id } = await ctx.db.read
      .selectFrom("audit")
      .select("id")
      .where("action", "=", "guard.set")
      .executeTakeFirstOrThrow();
    // The next check is due at once instead of in an hour.
    tamper(`update audit set reason = 'nobody asked' where id = '${id}'; delete from audit_check`);
    await page.goto(`${site.base}/audit`);
    await until("the job has checked", async () => {
      const row = await ctx.db.read.selectFrom("audit_check").select("ok").executeTakeFirst();
      return row?.ok === 0;
    });
    await page.reload();
    await page.locator(hook("audit-chain", "bad")).waitFor();
    expect(await page.getByTestId("audit-problems").textContent()).toContain(`audit row ${id} was changed`);
    await page.goto(`${site.base}/reliability`);
    await page.locator(hook("reliability-audit", "bad")).waitFor();
    tamper(`update audit set reason = '诊所有冰箱' where id = '${id}'; delete from audit_check`);
  }, 150_000);

  test("the page of the audit is whole on a phone and in English", async () => {
    const page = await open({ as: "admin", size: PHONE, language: "en" });
    await page.goto(`${site.base}/audit?action=guard.set`);
    await page.getByTestId("audit-row").getByRole("button").first().click();
    await page.getByTestId("audit-detail").waitFor();
    const known = ["系统管理员", "诊所有冰箱"]; // as they were entered
    const label = await page.locator(".audit-object").allTextContents();
    const left = (await chineseTexts(page)).filter((text) => !known.some((each) => text.includes(each)));
    expect(left.filter((text) => !label.includes(text))).toEqual([]);
    expect(await seriousBarriers(page)).toEqual([]);
    const width = await page.evaluate<number>("document.documentElement.scrollWidth");
    expect(width).toBeLessThanOrEqual(PHONE.width);
  }, 60_000);
});
