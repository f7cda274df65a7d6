import { expect, test } from "vitest";
import type { Board, Tile } from "#contract/metering.ts";
import type { MeterSnapshot } from "#simulator/snapshot.ts";
import type { Db } from "#store/db.ts";
import { type Colleague, colleague } from "./browser-people.ts";
import { PHONE, type Site, seriousBarriers } from "./browser-site.ts";
import { browserStories, expectBooksRight, hook } from "./browser-stories.ts";
import { until } from "./until.ts";

/** Three minutes of the town pass in six seconds. */
const SPEED = 30;
const PATIENCE_MS = 60_000;

browserStories("load guards", ({ before, open, refusals }) => {
  let site: Site;
  let db: Db;
  let maintenance: Colleague;
  let [shop, dormitory]: Tile[] = [];
  const id = (tile: Tile | undefined): number => tile?.meterId ?? 0;

  before(async (opened) => {
    ({ site, db } = opened);
    maintenance = await colleague(db, { role: "maintenance", name: "维保老王" });
    const { meters } = await site.snapshot();
    const able = new Set(
      meters.filter((each) => each.profile === "jc1" && each.creditWh > 20_000).map((each) => each.number),
    );
    [shop, dormitory] = await until("two meters are read and supplied", async () => {
      const { tiles } = await site.ask<Board>("/api/board");
      const fit = tiles.filter((tile) => able.has(tile.number) && tile.state === "normal");
      return fit.length > 1 && fit;
    });
    await site.town("/speed", { speed: SPEED });
  });

  async function inTown(tile: Tile | undefined): Promise<MeterSnapshot> {
    const found = (await site.snapshot()).meters.find((each) => each.number === tile?.number);
    if (found === undefined) throw new Error("the meter is in the town");
    return found;
  }
  const tileNow = async (tile: Tile | undefined) =>
    (await site.ask<Board>("/api/board")).tiles.find((each) => each.meterId === id(tile));

  test("MA-5: three overloads lock a shop; a recharge does not bring supply back, maintenance may not, an administrator does after a visit", async () => {
    refusals(400, 403, 409);
    await site.town(`/meters/${shop?.number}/load`, { watts: 400 });
    const page = await open({ as: "admin" });
    await page.goto(`${site.base}/?meter=${id(shop)}`);
    await page.getByTestId("load-guard").waitFor();
    await expect.poll(() => page.getByTestId("load-guard-limits").textContent()).toContain("未启用");

    // What is no limit is said beside the field, and nothing typed is lost.
    await page.getByTestId("load-guard-set").click();
    await page.getByTestId("guard-maxW").fill("一千");
    await page.getByTestId("guard-save").click();
    await page.getByText("请填写原因").waitFor();
    await expect.poll(() => page.locator('[data-testid="guard-maxW"][aria-invalid="true"]').count()).toBe(1);
    await page.getByTestId("guard-reason").fill("租约限 1 kW");
    await page.getByTestId("guard-maxW").fill("1000");
    await page.getByTestId("guard-save").dblclick();
    await page.getByTestId("guard-dialog").waitFor({ state: "detached" });
    await page.getByTestId("load-guard-in-meter").waitFor({ timeout: PATIENCE_MS });
    await expect.poll(() => page.getByTestId("load-guard-limits").textContent()).toContain("最大负荷 1000 W");
    expect(await seriousBarriers(page)).toEqual([]);

    await site.town(`/meters/${shop?.number}/load`, { watts: 1500 });
    await page.locator(`${hook("load-guard", "locked")}`).waitFor({ timeout: PATIENCE_MS });
    await expect
      .poll(() => inTown(shop))
      .toMatchObject({
        relay: "open",
        tripCause: "guard",
        guard: { trips: 3, state: "locked" },
      });
    await page.locator('[data-reason="off_safety"]').waitFor();
    await expect.poll(() => page.getByTestId("load-guard-last").textContent()).toContain("1500 W");
    await expect.poll(() => page.getByTestId("action-close").isDisabled()).toBe(true);
    await expect.poll(async () => (await tileNow(shop))?.state).toBe("off");

    // The shop pays: the money arrives in the meter, and it stays dark.
    const { orderNo } = await site.tell<{ orderNo: string }>("/api/recharges", {
      ...{ key: "pays-in-the-dark", meterId: id(shop), amount: "50", channel: "cash" },
    });
    await until("the units are in the meter", async () => {
      const order = await site.ask<{ state: string }>(`/api/recharges/${orderNo}`);
      return order.state === "confirmed";
    });
    await expect.poll(() => inTown(shop)).toMatchObject({ relay: "open", guard: { state: "locked" } });
    const closes = db.read
      .selectFrom("command")
      .select("id")
      .where("meter_id", "=", id(shop))
      .where("kind", "=", "close");
    expect(await closes.execute()).toEqual([]);

    // Somebody is sent there with a phone: he sees why, and cannot let go of it.
    const phone = await open({ as: maintenance, size: PHONE });
    await phone.goto(`${site.base}/alarms?kind=safety_lock`);
    await phone.getByTestId(`alarm-${shop?.number}`).getByText("安全锁定").waitFor();
    await phone.getByTestId(`alarm-${shop?.number}`).getByRole("link").click();
    await phone.getByTestId("alarm-evidence").getByText("超过最大负荷").waitFor();
    await phone.getByTestId("alarm-release").click();
    await phone.getByTestId("load-guard-held").getByText("请有权限的管理员解锁").waitFor();
    await expect.poll(() => phone.getByTestId("load-guard-release").count()).toBe(0);
    await expect.poll(() => phone.getByTestId("action-close").isDisabled()).toBe(true);
    const forced = await phone.evaluate(
      async ([meterId]) => {
        const post = (path: string, body: object) =>
          fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
        const close = await post(`/api/meters/${meterId}/commands`, {
          key: "forced-close",
          kind: "close",
          reason: "客户催",
        });
        const free = await post(`/api/meters/${meterId}/load-guard/release`, { key: "forced-free", note: "我要解锁" });
        return [close.status, free.status];
      },
      [id(shop)],
    );
    expect(forced).toEqual([409, 403]);
    expect(await seriousBarriers(phone)).toEqual([]);

    // The stove is gone; the administrator writes down what was found.
    await site.town(`/meters/${shop?.number}/load`, { watts: 400 });
    await page.getByTestId("load-guard-release").click();
    await page.getByTestId("release-confirm").click();
    await page.getByText("请填写现场核实结果").waitFor();
    await page.getByTestId("release-reason").fill("好");
    await page.getByTestId("release-confirm").click();
    await page.getByTestId("release-problem").getByText("至少 4 个字").waitFor();
    expect((await inTown(shop)).relay).toBe("open");
    await page.getByTestId("release-reason").fill("电热锅已拿走,现场无异常");
    await page.getByTestId("release-confirm").dblclick();
    await page.locator(hook("load-guard", "free")).waitFor({ timeout: PATIENCE_MS });
    await expect.poll(async () => await inTown(shop)).toMatchObject({ relay: "closed", guard: { trips: 0, total: 3 } });
    await expect.poll(async () => (await tileNow(shop))?.state).toBe("normal");
    await page.goto(`${site.base}/alarms?kind=safety_lock&state=closed`);
    await page.getByTestId(`alarm-${shop?.number}`).getByText("已解锁").waitFor();
    const audit = await db.read
      .selectFrom("audit")
      .select(["action", "reason"])
      .where("object", "=", `meter:${id(shop)}`)
      .where("action", "=", "loadguard.release")
      .execute();
    expect(audit).toEqual([{ action: "loadguard.release", reason: "电热锅已拿走,现场无异常" }]);
    await expectBooksRight(site);
  });

  test("MA-6: 60 W of resistance are known and cut off, 45 W and a switching supply of 60 are not; the room is lit again when it is gone", async () => {
    const plug = (resistiveW: number, switchingW: number) =>
      site.town(`/meters/${dormitory?.number}/appliances`, { resistiveW, switchingW });
    await site.town(`/meters/${dormitory?.number}/load`, { watts: 150 });
    const page = await open({ as: "admin", language: "en" });
    await page.goto(`${site.base}/?meter=${id(dormitory)}`);
    await page.getByTestId("load-guard-set").click();
    await page.getByTestId("guard-maliciousW").fill("50");
    await page.getByTestId("guard-reason").fill("dormitory rule");
    await page.getByTestId("guard-save").click();
    await page.getByTestId("load-guard-in-meter").waitFor({ timeout: PATIENCE_MS });

    await plug(45, 0);
    const calm = (await inTown(dormitory)).indexWh;
    await until("a while passes", async () => (await inTown(dormitory)).indexWh > calm + 5);
    await plug(45, 60);
    await until("a while passes", async () => (await inTown(dormitory)).indexWh > calm + 15);
    await expect.poll(() => inTown(dormitory)).toMatchObject({ relay: "closed", guard: { total: 0 } });

    await plug(105, 60);
    await until("it is off", async () => (await inTown(dormitory)).relay === "open");
    await expect
      .poll(() => inTown(dormitory))
      .toMatchObject({ tripCause: "guard", guard: { state: "waiting", trips: 1 } });
    await page
      .locator('[data-testid="load-guard-last"][data-cause="malicious_load"]')
      .waitFor({ timeout: PATIENCE_MS });
    await plug(0, 60);
    await expect.poll(async () => (await inTown(dormitory)).relay, { timeout: PATIENCE_MS }).toBe("closed");
    await page.locator(hook("load-guard", "free")).waitFor({ timeout: PATIENCE_MS });
    await page.getByText("Switched off by its load guard").first().waitFor();
    await expect.poll(() => page.getByTestId("load-guard").textContent()).not.toMatch(/\p{Script=Han}/u);
    expect((await inTown(dormitory)).guard).toMatchObject({ trips: 1, total: 1 });
  });
});
