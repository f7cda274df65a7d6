import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import readSheet from "read-excel-file/node";
import { expect, test } from "vitest";
import type { Board } from "#contract/metering.ts";
import { chineseTexts, PHONE, type Site, seriousBarriers } from "./browser-site.ts";
import { browserStories } from "./browser-stories.ts";

const PASSWORD = "Morgen-stern-7";

/** What the seed roles see of the menu, in its order. */
const figures = ["current", "days", "day", "periods", "ranking"];
const doubtful = ["losses", "completeness", "doubts", "exports"];
const reports = [...figures, "runningOut", ...doubtful];
const menus = {
  cashier: [
    ...["board", "guard", "recharge", "records", "refunds", "customers", "moveOuts", "merged", "shifts", "approvals"],
    ...reports,
    "concentrators",
  ],
  finance: [
    ...["board", "guard", "records", "refunds", "customers", "merged", "shifts", "approvals", "reconcile", "prices"],
    ...["supply", ...reports, "shares", "hvac", "concentrators", "reliability", "audit"],
  ],
  maintenance: [
    "board",
    "alarms",
    "guard",
    "batches",
    "approvals",
    ...figures,
    ...doubtful,
    "concentrators",
    "trials",
    "areas",
    "imports",
    "exchanges",
  ],
} as const;

browserStories("users and roles", ({ before, open, refusals }) => {
  let site: Site;
  let board: Board;
  let area: { areaId: number; name: string; meters: number };
  before(async (opened) => {
    ({ site } = opened);
    board = await site.ask<Board>("/api/board");
    const [first] = board.tiles;
    if (first === undefined) throw new Error("the town has no meters");
    const meters = board.tiles.filter((tile) => tile.areaId === first.areaId).length;
    area = { areaId: first.areaId, name: first.areaName, meters };
  });

  const menuOf = (page: Page) =>
    page
      .locator("nav.side a[data-testid]")
      .evaluateAll((links) => links.map((link) => String(link.getAttribute("data-testid")).slice("menu-".length)));

  /** Unfolds the tree down to the area and ticks it. */
  async function tickArea(page: Page): Promise<void> {
    const tick = page.getByTestId(`area-${area.areaId}`);
    await page.getByTestId("scope-tree").waitFor();
    for (let depth = 0; depth < 5 && !(await tick.isVisible()); depth++) {
      for (const fold of await page.locator('.scope-fold[aria-expanded="false"]').all()) await fold.click();
    }
    await tick.focus();
    await page.keyboard.press("Space");
    await expect.poll(() => tick.getAttribute("data-mark")).toBe("on");
  }

  /** Makes a user on the page: his login and the password that is shown once. */
  async function make(page: Page, { login, role }: { login: string; role: string }): Promise<string> {
    await page.goto(`${site.base}/users/new`);
    await page.getByTestId("user-login").fill(login);
    await page.getByTestId("user-name").fill(`同事 ${login}`);
    await page.getByTestId(`role-tick-${role}`).check();
    await tickArea(page);
    await expect.poll(() => page.getByTestId("scope-sum").getAttribute("data-meters")).toBe(String(area.meters));
    await page.getByTestId("user-reason").fill("新同事");
    await page.getByTestId("user-save").click();
    const password = await page.getByTestId("password-text").innerText();
    await page.getByTestId("password-done").click();
    await page.getByTestId(`user-${login}`).waitFor();
    return password;
  }

  /** Logs in on a computer of his own, and chooses his own password first. */
  async function enter(login: string, initial: string): Promise<Page> {
    const page = await open({ as: "nobody" });
    await page.getByTestId("login-name").fill(` ${login.toUpperCase()} `);
    await page.getByTestId("login-password").fill(initial);
    await page.getByTestId("login-submit").click();
    await page.getByTestId("must-change").waitFor();
    await expect.poll(() => page.getByTestId("user-menu").count()).toBe(0);
    await page.getByTestId("password-old").fill(initial);
    await page.getByTestId("password-new").fill(PASSWORD);
    await page.getByTestId("password-again").fill(PASSWORD);
    await page.getByTestId("password-save").click();
    await page.getByTestId("user-menu").waitFor();
    return page;
  }

  test("SA-2: an administrator makes a role, ticks functions and meters, and whoever has it sees exactly that", async () => {
    refusals(401, 403);
    const admin = await open({ as: "admin" });
    await admin.goto(`${site.base}/roles`);
    await admin.getByTestId("role-matrix").waitFor();
    await expect.poll(() => admin.getByTestId("cell-admin-user.manage").isDisabled()).toBe(true);
    await admin.getByTestId("role-add").click();
    await admin.getByTestId("role-name").fill("夜班值守");
    await admin.getByTestId("role-reason").fill("夜间排班");
    await admin.getByTestId("role-confirm").click();
    const head = admin.locator("th", { hasText: "夜班值守" });
    const code = String(await head.getAttribute("data-testid")).slice("role-".length);
    for (const permission of ["board.view", "recharge.view"])
      await admin.getByTestId(`cell-${code}-${permission}`).check();
    await admin.getByTestId("matrix-review").click();
    await expect
      .poll(() => admin.getByTestId("matrix-diff").innerText())
      .toMatch(/夜班值守\s*增加:查看状态墙、查看充值记录/);
    await admin.getByTestId("role-confirm").click();
    await expect.poll(() => admin.getByTestId("role-missing").innerText()).not.toBe("");
    await admin.getByTestId("role-reason").fill("夜间只看不收");
    await admin.getByTestId("role-confirm").click();
    await admin.locator('[data-testid="matrix-changes"][data-count="0"]').waitFor();
    const watch = await enter("night.watch", await make(admin, { login: "night.watch", role: code }));
    await expect.poll(() => menuOf(watch)).toEqual(["board", "guard", "records", "refunds", "exports"]);

    // One tick more, and his open page has one entry more; one less, and it is gone.
    await admin.goto(`${site.base}/roles`);
    await admin.getByTestId(`cell-${code}-recharge.view`).uncheck();
    await admin.getByTestId(`cell-${code}-calendar.manage`).check();
    await admin.getByTestId("matrix-review").click();
    await admin.getByTestId("role-reason").fill("改排班");
    await admin.getByTestId("role-confirm").click();
    await watch.getByTestId("menu-supply").waitFor();
    await expect.poll(() => menuOf(watch)).toEqual(["board", "guard", "supply"]);
    await watch.goto(`${site.base}/records`);
    await watch.getByTestId("no-access").waitFor();

    // And when he is disabled his open page is locked.
    await admin.goto(`${site.base}/users?search=night`);
    await admin.getByTestId("user-night.watch").getByRole("link").click();
    await admin.getByTestId("user-disable").click();
    await admin.getByTestId("person-reason").fill("离职");
    await admin.getByTestId("person-confirm").click();
    await watch.getByTestId("login-over").waitFor();
  });

  test.each(["cashier", "finance", "maintenance"] as const)(
    "who is %s sees the menu of that role and no more, and telephones and prices as it says",
    async (role) => {
      const admin = await open({ as: "admin" });
      const page = await enter(`the.${role}`, await make(admin, { login: `the.${role}`, role }));
      await expect.poll(() => menuOf(page)).toEqual(menus[role]);
      const tile = board.tiles.find((each) => each.areaId === area.areaId && each.kind === "electricity");
      await page.goto(`${site.base}/?meter=${tile?.meterId}`);
      const isMasked = role === "maintenance";
      const phone = await page.getByTestId("fact-phone").innerText();
      expect(phone).toMatch(isMasked ? /^1\d\d\*{4}\d{4}$/ : /^1\d{10}$/);
      await expect
        .poll(() => page.getByTestId("fact-price").innerText())
        .toMatch(isMasked ? /无权查看/ : /^\d+\.\d\d+ 元\/kWh$/);
      await page.goto(`${site.base}/users`);
      await page.getByTestId("no-access").waitFor();
      await page.goto(`${site.base}/roles`);
      await page.getByTestId("no-access").waitFor();
    },
    180_000,
  );

  test("AM-1: an area manager has his own building on the board, in search, sums, typed addresses and files", async () => {
    refusals(404);
    const admin = await open({ as: "admin" });
    const page = await enter("chen", await make(admin, { login: "chen", role: "area_manager" }));
    const foreign = board.tiles.find((tile) => tile.areaId !== area.areaId);
    const own = board.tiles.filter((tile) => tile.areaId === area.areaId);
    if (foreign === undefined) throw new Error("the town has one building only");
    await page.locator("[data-testid^='tile-']").first().waitFor();
    await expect.poll(() => page.locator("button[data-testid^='tile-']").count()).toBe(own.length);
    const ask = async <T>(path: string) => (await (await page.request.get(site.base + path)).json()) as T;
    const seen = await ask<Board>("/api/board");
    expect(seen.counts.total).toBe(own.length);
    expect(new Set(seen.tiles.map((tile) => tile.areaId))).toEqual(new Set([area.areaId]));
    const { items } = await ask<{ items: { areaName: string }[] }>(`/api/meters?search=${foreign.number}&limit=20`);
    expect(items).toEqual([]);
    const strange = await ask<{ code: string }>(`/api/meters/${foreign.meterId}`);
    expect(strange.code).toBe((await ask<{ code: string }>("/api/meters/987654")).code);
    await page.goto(`${site.base}/reports/meters/${foreign.meterId}`);
    await page.getByTestId("load-failed").waitFor();
    await page.goto(`${site.base}/reports/current`);
    const saved = page.waitForEvent("download");
    await page.getByTestId("export").first().click();
    const text = JSON.stringify(await readSheet(readFileSync(await (await saved).path())));
    for (const tile of own) expect(text).toContain(tile.number);
    for (const tile of board.tiles) if (tile.areaId !== area.areaId) expect(text).not.toContain(tile.number);
  });

  test("looking through a user's eyes shows his menu and his meters, changes nothing, and says so until it is left", async () => {
    const admin = await open({ as: "admin" });
    await make(admin, { login: "seen", role: "cashier" });
    await admin.getByTestId("user-seen").getByRole("link").click();
    await admin.getByTestId("user-preview").click();
    await admin.getByTestId("person-reason").fill("核对他的菜单");
    await admin.getByTestId("person-confirm").click();
    await admin.getByTestId("preview-banner").waitFor();
    await expect.poll(() => menuOf(admin)).toEqual(menus.cashier);
    await admin.locator("button[data-testid^='tile-']").first().waitFor();
    await expect.poll(() => admin.locator("button[data-testid^='tile-']").count()).toBe(area.meters);
    const body = { key: "preview-would-pay", meterId: board.tiles[0]?.meterId, amount: "50", channel: "cash" };
    const headers = { "sec-fetch-site": "same-origin" };
    const refused = await admin.request.post(`${site.base}/api/recharges`, { data: body, headers });
    expect([refused.status(), (await refused.json()).code]).toEqual([403, "preview_read_only"]);
    await admin.goto(`${site.base}/users`);
    await admin.getByTestId("no-access").waitFor();
    await admin.setViewportSize(PHONE);
    await admin.getByTestId("preview-leave").click();
    await admin.getByTestId("user-seen").waitFor();
    await expect.poll(() => admin.getByTestId("preview-banner").count()).toBe(0);
  });

  test("a person changes the own password in the account menu", async () => {
    refusals(409);
    const admin = await open({ as: "admin" });
    const page = await enter("own.password", await make(admin, { login: "own.password", role: "cashier" }));
    await page.getByTestId("user-menu").click();
    await page.getByTestId("own-password").click();
    await page.getByTestId("password-old").fill("not the old one");
    await page.getByTestId("password-new").fill("Abend-stern-8");
    await page.getByTestId("password-again").fill("Abend-stern-9");
    await page.getByTestId("password-save").click();
    await page.getByTestId("password-again").fill("Abend-stern-8");
    await page.getByTestId("password-save").click();
    await page.getByTestId("password-problem").waitFor();
    await page.getByTestId("password-old").fill(PASSWORD);
    await page.getByTestId("password-save").click();
    await page.getByTestId("password-changed").waitFor();
  });

  test("the pages have no serious barriers, fit a phone, and are whole in English", async () => {
    const page = await open({ as: "admin", language: "en" });
    for (const [path, ready] of [
      ["/users", "users-count"],
      ["/users/new", "scope-tree"],
      ["/roles", "role-matrix"],
    ] as const) {
      await page.setViewportSize({ width: 1440, height: 900 });
      await page.goto(site.base + path);
      await page.getByTestId(ready).waitFor();
      expect(await seriousBarriers(page)).toEqual([]);
      await page.setViewportSize(PHONE);
      const wide = () => page.evaluate<number>("document.documentElement.scrollWidth - window.innerWidth");
      await expect.poll(wide, { message: path }).toBe(0);
    }
    const names = /夜班|同事|号|座|楼|栋|层|区|系统管理员|街|园|室/; // names of people, roles and places are data
    expect((await chineseTexts(page)).filter((text) => !names.test(text))).toEqual([]);
  });
});
