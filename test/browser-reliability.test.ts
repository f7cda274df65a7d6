import { expect, test } from "vitest";
import { beginQuarantine } from "#flows/begin-quarantine.ts";
import { noteBackup } from "#store/backup/runs.ts";
import type { Db } from "#store/db.ts";
import { systemClock } from "#system/clock.ts";
import { newId } from "#system/ids.ts";
import { silentLog } from "#system/log.ts";
import { type Colleague, colleague } from "./browser-people.ts";
import { PHONE, type Site, seriousBarriers } from "./browser-site.ts";
import { browserStories } from "./browser-stories.ts";
import { until } from "./until.ts";

browserStories("reliability and quarantine", ({ before, open }) => {
  let site: Site;
  let db: Db;
  let zhou: Colleague;
  let wu: Colleague;
  before(async (opened) => {
    ({ site, db } = opened);
    zhou = await colleague(db, { role: "maintenance", name: "周维保" });
    wu = await colleague(db, { role: "maintenance", name: "吴维保" });
  });

  test("the page says what holds and what has to be done, and turns when it was done", async () => {
    const page = await open({ as: "admin" });
    await page.getByTestId("menu-reliability").click();
    await page.locator('[data-testid="reliability-backup"][data-state="look"]').waitFor();
    await expect.poll(() => page.getByTestId("reliability-backup").textContent()).toContain("还没有");
    // What is not well leads to help, and help back to where something can be done.
    await page.getByTestId("help-backup").click();
    await page.locator("#backup:focus").waitFor();
    await expect.poll(() => page.getByTestId("guide-backup").textContent()).toContain("jichao backup verify");
    const guides = await page.locator("[data-testid^='guide-']").count();
    await page.getByTestId("help-search").fill("钱包");
    await expect.poll(() => page.getByTestId("help-terms-list").locator("dt").allTextContents()).toContain("钱包");
    await expect.poll(() => page.locator("[data-testid^='guide-']").count()).toBeLessThan(guides);
    await page.getByTestId("help-search").fill("没有这样的词");
    await page.getByTestId("help-none").waitFor();
    expect(await seriousBarriers(page)).toEqual([]);
    await page.goto(`${site.base}/reliability`);
    const cards = page.locator("article[data-testid^='reliability-']");
    await expect.poll(() => cards.count()).toBe(guides); // each has its guide
    const now = systemClock();
    await db.transact((tx) =>
      noteBackup(tx, {
        ...{ id: newId(now), kind: "backup", file: "jichao.tar.gz.age", started_at: now, ended_at: now },
        ...{
          snapshot_at: now,
          bytes: 5_000_000,
          row_count: 1_234,
          encrypted: 1,
          checked: "restored",
          ok: 1,
          problem: "",
        },
      }),
    );
    await page.reload();
    await page.locator('[data-testid="reliability-backup"][data-state="good"]').waitFor();
    await expect.poll(() => page.getByTestId("reliability-backup").textContent()).toContain("1234");
    await page.locator('[data-testid="reliability-database"][data-state="good"]').waitFor();
    await page.locator('[data-testid="reliability-quarantine"][data-state="good"]').waitFor();
    expect(await seriousBarriers(page)).toEqual([]);
    const other = await open({ as: zhou });
    await other.goto(`${site.base}/reliability`);
    await other.getByTestId("menu-guard").waitFor();
    await other.locator("main .panel, [data-testid=no-access]").first().waitFor();
    await expect.poll(() => other.getByTestId("reliability-backup").count()).toBe(0); // not for who does not answer for the system
  });

  test("after a restore the meters go free as they answer, one is let go by hand, and trips wait for two", async () => {
    const board = await site.ask<{ tiles: { meterId: number; label: string }[] }>("/api/board");
    const total = board.tiles.length;
    await beginQuarantine(
      { db, clock: systemClock, newId, log: silentLog },
      { file: "jichao.tar.gz.age", snapshotAt: systemClock() - 3_600_000, by: "host" },
    );
    // One has taken a purchase that the books do not know.
    const doubtful = await db.read
      .selectFrom("meter")
      .innerJoin("account", "account.id", "meter.account_id")
      .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
      .select("meter.id")
      .where("account.credit_at", "=", "meter")
      .where("meter_state.top_up_open", "is", null)
      .orderBy("meter.id")
      .executeTakeFirstOrThrow();
    await db.transact((tx) =>
      tx
        .updateTable("meter_state")
        .set((eb) => ({ purchase_count: eb("purchase_count", "+", 1), version: eb("version", "+", 1) }))
        .where("meter_id", "=", doubtful.id)
        .execute(),
    );
    const page = await open({ as: zhou });
    await page.getByTestId("quarantine-banner").waitFor();
    await page.goto(`${site.base}/quarantine`);
    await page.getByTestId(`held-${doubtful.id}`).waitFor();
    await until("the others have gone free", async () => {
      const rows = await db.read.selectFrom("quarantine_meter").select("state").execute();
      return (
        rows.filter(({ state }) => state === "clear").length > total / 2 &&
        rows.some(({ state }) => state === "doubtful")
      );
    });
    await page.getByTestId(`held-${doubtful.id}`).getByText("存疑").waitFor();
    await expect.poll(() => page.getByTestId(`held-${doubtful.id}`).textContent()).toContain("表内次数少于账上");
    for (const size of [PHONE, { width: 1440, height: 900 }]) {
      const looking = await open({ as: "admin", size, language: "en" });
      for (const path of ["/quarantine", "/reliability"]) {
        await looking.goto(`${site.base}${path}`);
        await looking.locator("main .panel, [data-testid=quarantine-none]").first().waitFor();
        expect(await seriousBarriers(looking)).toEqual([]);
        await expect
          .poll(() => looking.evaluate<number>("document.documentElement.scrollWidth"))
          .toBeLessThanOrEqual(size.width);
        const folder = process.env.JICHAO_SCREENS;
        if (folder) await looking.screenshot({ path: `${folder}${path}-${size.width}.png`, fullPage: true });
      }
    }

    await page.getByTestId(`free-${doubtful.id}`).click();
    await page.getByTestId("quarantine-meter-confirm").click();
    await expect.poll(() => page.getByTestId("quarantine-meter-dialog").textContent()).toContain("请填写依据");
    await page.getByTestId("quarantine-meter-reason").fill("已到现场核对");
    await page.getByTestId("quarantine-meter-confirm").dblclick();
    await page.getByTestId(`held-${doubtful.id}`).waitFor({ state: "detached" });
    await expect.poll(() => page.getByTestId("quarantine-released").textContent()).toBe("1");

    await page.getByTestId("quarantine-ask").click();
    await page.getByTestId("quarantine-trips-reason").fill("备份后的收款已补记");
    await page.getByTestId("quarantine-trips-confirm").click();
    await page.getByTestId("quarantine-asked").waitFor();
    const other = await open({ as: wu });
    await other.goto(`${site.base}/approvals`);
    await other.getByTestId("approval-approve").click();
    await other.getByTestId("decision-confirm").click();
    await other.getByTestId("approval-approve").waitFor({ state: "detached" });
    await page
      .locator('[data-testid="quarantine-trips"][data-barred="false"]')
      .or(page.getByTestId("quarantine-none"))
      .first()
      .waitFor();
  });
});
