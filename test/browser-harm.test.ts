import { sql } from "kysely";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { insertRows } from "#store/portable.ts";
import { DESK, PHONE, type Site } from "./browser-site.ts";
import { browserStories, expectBooksRight, hook, type Opened, tileOf } from "./browser-stories.ts";
import { patternsOfConsole, show, walkConsole } from "./browser-walk.ts";
import { livedIn } from "./lived-in.ts";

type Tile = { meterId: number; number: string; label: string };

/** As long as a name can be, and all that a name must not become: an element, a script, a formula, one line without an end. */
const HOSTILE = `<img src=x onerror="document.title='hit'">=HYPERLINK("http://x.example","点")${"永".repeat(40)}`.slice(
  0,
  92,
);
const NAMED = ["area", "room", "customer", "concentrator", "role", "user", "tariff", "project", "item_set"] as const;
/** Buttons that end what the story stands on: the session, or the person's own rights. */
const LEFT_ALONE = /^(logout|user-menu|end-others|totp-begin|language-.*|theme-.*)$/;
const CLICKS_A_PAGE = 14;

const BROKEN_BY_NAMES = `[
  ...(document.querySelector("img[src=x]") ? ["a name became an element"] : []),
  ...(document.title === "hit" ? ["a name ran"] : []),
  ...(document.documentElement.scrollWidth > document.documentElement.clientWidth ? ["wider than the window"] : []),
]`;

browserStories("what people and things do to a console", ({ before, open, refusals }) => {
  let opened: Opened;
  let site: Site;
  let starts: string[];
  before(async (given) => {
    opened = given;
    ({ site } = given);
    starts = await livedIn(given);
  });

  const ordersOf = async ({ meterId }: Tile) =>
    (await site.ask<{ items: { orderNo: string }[] }>(`/api/recharges?meterId=${meterId}`)).items;

  test("the log-in runs out in the middle of a payment: nothing typed is lost, and it is paid once", async () => {
    refusals(401);
    const { db } = opened;
    const { tiles } = await site.ask<{ tiles: Tile[] }>("/api/board");
    const tile = tileOf(tiles, "A座-0104");
    const before = await ordersOf(tile);
    const page = await open({ as: "nobody" });
    await page.getByTestId("login-name").fill("admin");
    await page.getByTestId("login-password").fill(site.password);
    await page.getByTestId("login-submit").click();
    await page.getByTestId("user-menu").waitFor();
    const [own] = await db.read.selectFrom("session").select("token_hash").orderBy("created_at", "desc").execute();
    await page.goto(`${site.base}/recharge?meter=${tile.meterId}`);
    await page.getByTestId("amount").fill("66");
    await page.locator('[data-testid="open-confirm"]:enabled').click();
    await page.getByTestId("confirm-pay").waitFor();
    await db.transact((tx) =>
      tx
        .deleteFrom("session")
        .where("token_hash", "=", own?.token_hash ?? "")
        .execute(),
    );
    await page.getByTestId("confirm-pay").dblclick();
    const over = page.getByTestId("login-over");
    await over.waitFor();
    expect(await ordersOf(tile)).toEqual(before);
    await over.getByTestId("login-password").fill(site.password);
    await over.getByTestId("login-submit").click();
    await over.waitFor({ state: "detached" });
    // What was confirmed before is asked for again under its own key, by the page itself.
    await page.locator(hook("order", "confirmed")).waitFor();
    await expect.poll(() => page.getByTestId("receipt").textContent()).toContain("66.00");
    expect(await ordersOf(tile)).toHaveLength(before.length + 1);
    await expectBooksRight(site);
  });

  test("ten thousand areas are folded away, and one of them is found and ticked", async () => {
    const { db } = opened;
    const areas = Array.from({ length: 10_000 }, (_, i) => ({
      ...{ id: 50_000 + i, project_id: 1, name: `区域 ${i}`, sort: i },
      parent_id: i < 100 ? null : 50_000 + (i % 100),
    }));
    await db.transact((tx) => insertRows(tx, "area", areas));
    const page = await open({ as: "admin" });
    await page.goto(`${site.base}/users/new`);
    await page.getByTestId("scope-tree").waitFor();
    await page.getByTestId("area-50007").check();
    await page.getByTestId("area-50107").waitFor();
    await db.transact((tx) => tx.deleteFrom("area").where("id", ">=", 50_100).execute());
    await db.transact((tx) => tx.deleteFrom("area").where("id", ">=", 50_000).execute());
  });

  test("names that are code or have no end, and every button clicked twice, break nothing and lose nothing", async () => {
    const { db } = opened;
    for (const table of NAMED)
      await db.transact((tx) => sql`update ${sql.table(table)} set name = ${HOSTILE} || id`.execute(tx));
    await db.transact((tx) => sql`update meter set label = ${HOSTILE} || id`.execute(tx));
    const wrong: Record<string, string[]> = {};
    const broken: string[] = [];
    const listen = (page: Page) =>
      page.on("response", (answer) => {
        if (answer.status() >= 500) broken.push(`${answer.request().method()} ${answer.url()}: ${answer.status()}`);
      });
    const pages = await Promise.all([DESK, PHONE].map((size) => open({ as: "admin", size })));
    for (const page of pages) listen(page);
    let clicks = 0;
    await walkConsole(site, pages, starts, async (page, pattern, address) => {
      const said = await page.evaluate<string[]>(BROKEN_BY_NAMES);
      if (said.length > 0) wrong[pattern] = said;
      const names = await page.$$eval("button[data-testid]:not(:disabled)", (all) => [
        ...new Set(all.map((each) => each.getAttribute("data-testid") ?? "")),
      ]);
      for (const name of names.filter((each) => !LEFT_ALONE.test(each)).slice(0, CLICKS_A_PAGE)) {
        const button = page.getByTestId(name).first();
        if (!(await button.isVisible().catch(() => false))) continue;
        await button.dblclick({ timeout: 2_000 }).then(
          () => clicks++,
          () => {}, // it went away, or lies below a dialog
        );
        await page.keyboard.press("Escape");
      }
      await show(site, page, address);
    });
    expect(wrong).toEqual({});
    expect(clicks).toBeGreaterThan(patternsOfConsole().length);
    expect(broken).toEqual([]);
    const said = site.complaints().filter((line) => !/status of (400|403|404|409|422|429) /.test(line));
    expect(said).toEqual([]);
    await expectBooksRight(site);
  }, 480_000); // every page twice, beside other programs
});
