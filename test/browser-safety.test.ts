import { DatabaseSync } from "node:sqlite";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import type { UserMade } from "#contract/people.ts";
import type { FlowContext } from "#flows/context.ts";
import { saveSetting } from "#store/settings.ts";
import { systemClock } from "#system/clock.ts";
import { totpCode, totpStep } from "#system/totp.ts";
import { chineseTexts, PHONE, type Site, seriousBarriers } from "./browser-site.ts";
import { browserStories, hook } from "./browser-stories.ts";
import { until } from "./until.ts";

/** What an authenticator shows for a secret in base 32: now, or that many codes later. */
function codeOf(secret: string, later = 0): string {
  const bits = [...secret]
    .map((sign) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(sign).toString(2).padStart(5, "0"))
    .join("");
  const bytes = (bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2));
  return totpCode(Uint8Array.from(bytes), totpStep(systemClock()) + later);
}

browserStories("safety of sessions and the audit", ({ before, open, refusals }) => {
  let site: Site;
  let ctx: FlowContext;
  let meterId = 0;
  before(async (opened) => {
    ({ site, ctx } = opened);
    meterId = await until("a meter is normal", async () => {
      const board = await site.ask<{ tiles: { meterId: number; state: string }[] }>("/api/board");
      return board.tiles.find((tile) => tile.state === "normal")?.meterId;
    });
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
    await expect.poll(() => change.textContent()).toContain("保电");
    await expect.poll(() => page.getByTestId("audit-detail").textContent()).toContain("诊所有冰箱");
    await expect.poll(() => new URL(page.url()).searchParams.get("action")).toBe("guard.set");
    // What was done is told in words, never by its code alone.
    await expect.poll(() => row.locator(".audit-action").textContent()).toBe("设为保电");
    await page.reload();
    await row.waitFor();
    await expect.poll(() => page.getByTestId("audit-row").count()).toBe(1);
    expect(await seriousBarriers(page)).toEqual([]);
    // What is typed goes into the address and keeps the focus; what leaves the address leaves the fields.
    const typed = { "filter-object-id": ["object", `meter:${meterId}`], "filter-search": ["search", "冰箱"] } as const;
    await page.getByTestId("filter-object").selectOption("meter");
    for (const [field, [name, value]] of Object.entries(typed)) {
      await page.getByTestId(field).pressSequentially(value.replace("meter:", ""));
      await page.waitForURL((url) => url.searchParams.get(name) === value);
      await expect.poll(() => page.locator(`[data-testid="${field}"]:focus`).count()).toBe(1);
    }
    await page.getByTestId("audit-every").click();
    await until("the text is gone", async () => (await page.getByTestId("filter-search").inputValue()) === "");
    await page.goBack();
    await until("it is there again", async () => (await page.getByTestId("filter-search").inputValue()) === "冰箱");
    await expect.poll(() => page.getByTestId("filter-object-id").inputValue()).toBe(String(meterId));
    await row.getByRole("button").first().click();
    await page.getByTestId("audit-link").click();
    await page.getByTestId("meter-drawer").waitFor();
  });

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
    await expect.poll(() => page.getByTestId("audit-problems").textContent()).toContain(`audit row ${id} was changed`);
    await page.goto(`${site.base}/reliability`);
    await page.locator(hook("reliability-audit", "bad")).waitFor();
    tamper(`update audit set reason = '诊所有冰箱' where id = '${id}'; delete from audit_check`);
  });

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
  });

  /** Sets up a second factor on the page of the own account; the recovery codes. */
  async function setUp(page: Page, password: string): Promise<readonly string[]> {
    await page.goto(`${site.base}/account`);
    await page.getByTestId("totp-password").fill(password);
    await page.getByTestId("totp-begin").click();
    await page.getByTestId("totp-code").fill(codeOf((await page.getByTestId("totp-secret").textContent()) ?? ""));
    await page.getByTestId("totp-confirm").click();
    await page.getByTestId("recovery-codes").waitFor();
    const codes = await page.getByTestId("recovery-codes").locator("li").allTextContents();
    await page.getByTestId("recovery-kept").click();
    await page.locator(hook("second-factor", "on")).waitFor();
    return codes;
  }

  async function logIn(login: string, password: string): Promise<Page> {
    const page = await open({ as: "nobody" });
    await page.getByTestId("login-name").fill(login);
    await page.getByTestId("login-password").fill(password);
    await page.getByTestId("login-submit").click();
    return page;
  }

  test("a lost second factor is reset on the page of the person, who then logs in by password and sets up another", async () => {
    refusals(401, 403, 502);
    const [initial, own] = ["Morgen-stern-7", "Abend-stern-8"];
    const { items } = await site.ask<{ items: { roleId: number; code: string }[] }>("/api/roles");
    const { user } = await site.tell<UserMade>("/api/users", {
      ...{ login: "wei.lost", name: "同事魏", password: initial, reason: "新同事", scope: { all: true } },
      roleIds: items.filter(({ code }) => code === "maintenance").map(({ roleId }) => roleId),
    });
    const admin = await open({ as: "admin" });
    await admin.goto(`${site.base}/users/${user.userId}`);
    await admin.getByTestId("user-reset").waitFor();
    await expect.poll(() => admin.getByTestId("user-factor").count()).toBe(0); // there is none to take away

    const person = await logIn("wei.lost", initial);
    await person.getByTestId("password-old").fill(initial);
    await person.getByTestId("password-new").fill(own);
    await person.getByTestId("password-again").fill(own);
    await person.getByTestId("password-save").click();
    await person.getByTestId("user-menu").waitFor();
    await setUp(person, own);
    // From now on his role asks for one.
    const demand = { key: "security.totp_permissions", by: "story", at: systemClock() };
    await ctx.db.transact((tx) => saveSetting(tx, { ...demand, value: "meter.read" }));

    await admin.reload();
    await admin.getByTestId("user-factor-since").waitFor();
    await admin.getByTestId("user-factor").click();
    await admin.getByTestId("person-confirm").click();
    await expect.poll(() => admin.getByTestId("person-missing").textContent()).not.toBe("");
    await admin.getByTestId("person-reason").fill("手机丢失");
    expect(await seriousBarriers(admin)).toEqual([]);
    tamper("update session set proved_at = 1");
    await admin.getByTestId("person-confirm").click();
    await admin.getByTestId("step-up-text").fill(site.password);
    await admin.getByTestId("step-up-confirm").click();
    await admin.getByTestId("user-factor-since").waitFor({ state: "detached" });
    await expect.poll(() => admin.getByTestId("user-factor").count()).toBe(0);
    const line = await ctx.db.read.selectFrom("audit").selectAll().where("action", "=", "totp.reset").execute();
    expect(line).toMatchObject([{ actor: "admin", object: `user:${user.userId}`, reason: "手机丢失" }]);
    await person.getByTestId("login-over").waitFor();

    // The password is enough, and what his role asks for waits for another factor.
    const back = await logIn("wei.lost", own);
    await back.getByTestId("user-menu").waitFor();
    const read = () =>
      back.evaluate(async (id) => {
        const body = JSON.stringify({ key: `read-${Date.now()}`, kind: "read" });
        const headers = { "content-type": "application/json" };
        const answer = await fetch(`/api/meters/${id}/commands`, { method: "POST", headers, body });
        return [answer.status, ((await answer.json()) as { code?: string }).code];
      }, meterId);
    await expect.poll(() => read()).toEqual([403, "totp_enrol_required"]);
    await back.goto(`${site.base}/account`);
    await back.locator(hook("second-factor", "off")).locator(".banner-warn").waitFor();
    // The confirmation holds, but its answer is lost: the page offers other recovery codes at once.
    await back.getByTestId("totp-password").fill(own);
    await back.getByTestId("totp-begin").click();
    const secret = (await back.getByTestId("totp-secret").textContent()) ?? "";
    await back.route("**/api/session/totp/confirm", async (route) => {
      await route.fetch();
      await route.fulfill({ status: 502, body: "" });
    });
    await back.getByTestId("totp-code").fill(codeOf(secret));
    await back.getByTestId("totp-confirm").click();
    await back.getByTestId("recovery-unseen").waitFor();
    expect(await seriousBarriers(back)).toEqual([]);
    await back.getByTestId("totp-again").fill(codeOf(secret, 1));
    await back.getByTestId("recovery-renew").click();
    await back.getByTestId("recovery-codes").waitFor();
    await expect.poll(() => back.getByTestId("recovery-codes").locator("li").count()).toBe(10);
    await back.getByTestId("recovery-kept").click();
    await back.getByTestId("totp-again").waitFor();
    await expect.poll(() => back.getByTestId("recovery-unseen").count()).toBe(0);
    expect((await read())[0]).toBeLessThan(300);
    await ctx.db.transact((tx) => saveSetting(tx, { ...demand, value: "" }));
  });

  test("a second factor: set up, asked for at log-in and before a trip, which then leaves with what was typed", async () => {
    refusals(401, 403);
    const page = await open({ as: "admin" });
    await page.getByTestId("user-menu").click();
    await page.getByTestId("account-link").click();
    await page.getByTestId("totp-password").fill("wrong password");
    await page.getByTestId("totp-begin").click();
    await page.getByTestId("totp-problem").waitFor();
    await page.getByTestId("totp-password").fill(site.password);
    await page.getByTestId("totp-begin").click();
    const secret = (await page.getByTestId("totp-secret").textContent()) ?? "";
    await expect.poll(() => page.locator(".account-qr svg").count()).toBe(1);
    expect(await seriousBarriers(page)).toEqual([]);
    await page.getByTestId("totp-code").fill(codeOf(secret));
    await page.getByTestId("totp-confirm").click();
    await page.getByTestId("recovery-codes").waitFor();
    const codes = await page.getByTestId("recovery-codes").locator("li").allTextContents();
    expect(codes).toHaveLength(10);
    await page.getByTestId("recovery-kept").click();
    await page.locator(hook("second-factor", "on")).waitFor();

    const fresh = await logIn("admin", site.password);
    await fresh.getByTestId("login-code").fill(codes[0] ?? "");
    await fresh.getByTestId("login-submit").click();
    await fresh.getByTestId("user-menu").waitFor();

    // The proof of the log-in runs out while the dialog is open.
    tamper(`update meter set supply_guard = 0 where id = ${meterId}`);
    await fresh.goto(`${site.base}/?meter=${meterId}`);
    await fresh.getByTestId("action-trip").click();
    await fresh.getByTestId("switch-reason").fill("检修 3 号箱");
    tamper("update session set proved_at = 1");
    await fresh.getByTestId("switch-confirm").click();
    await fresh.getByTestId("step-up-text").fill(codes[0] ?? ""); // used
    await fresh.getByTestId("step-up-confirm").click();
    await fresh.getByTestId("step-up-problem").waitFor();
    await expect.poll(() => fresh.getByTestId("switch-reason").inputValue()).toBe("检修 3 号箱");
    await fresh.getByTestId("step-up-text").fill(codes[1] ?? "");
    await fresh.getByTestId("step-up-confirm").click();
    await fresh.getByTestId("step-up").waitFor({ state: "detached" });
    await until("the trip is asked for, once", async () => {
      const rows = await ctx.db.read
        .selectFrom("audit")
        .select("reason")
        .where("action", "=", "meter.trip")
        .where("object", "=", `meter:${meterId}`)
        .execute();
      return rows.length === 1 && rows[0]?.reason === "检修 3 号箱";
    });
    await fresh.goto(`${site.base}/account`);
    await fresh.getByTestId("own-session").nth(1).waitFor();
    await fresh.getByTestId("end-others").click();
    await until("only this one is left", async () => (await fresh.getByTestId("own-session").count()) === 1);
  });
});
