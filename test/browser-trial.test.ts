import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import readSheet from "read-excel-file/node";
import { afterAll, expect, test } from "vitest";
import { HOUR_MS, instant } from "#base/time.ts";
import type { ConcentratorMade } from "#contract/collection.ts";
import type { Trial } from "#contract/trials.ts";
import { fromHex } from "#protocol/bytes.ts";
import { DEMO_MASTER_KEY, type MeterPlan, meterPlan } from "#simulator/plan.ts";
import { createTown, type Town } from "#simulator/town.ts";
import type { Db } from "#store/db.ts";
import { systemClock } from "#system/clock.ts";
import { DESK, PHONE, type Site, seriousBarriers } from "./browser-site.ts";
import { browserStories, expectBooksRight, sheetsOfPaper } from "./browser-stories.ts";
import { until } from "./until.ts";

const CODE = "JC000880";
/** A dead meter is asked several times, each with its patience. */
const RUN_MS_MAX = 120_000;
const CREDIT_WH = 100_000;

browserStories("trial runs", ({ before, open, refusals }) => {
  let site: Site;
  let db: Db;
  let device: Town;
  let concentratorId: number;
  let hung: MeterPlan[];
  before(async (opened) => {
    ({ site, db } = opened);
    const { items } = await site.ask<{ items: { areaId: number; parentId: number | null }[] }>("/api/areas");
    const areaId = items.find((each) => each.parentId === null)?.areaId ?? 1;
    const asked = {
      key: "trial-concentrator",
      areaId,
      code: CODE,
      name: "新楼集中器",
      linkKind: "jichao",
      linkKey: null,
    };
    const made = await site.tell<ConcentratorMade>("/api/concentrators", asked);
    concentratorId = made.id;
    const masterKey = fromHex(DEMO_MASTER_KEY) as Uint8Array;
    hung = [1, 2, 3].map((n) => meterPlan({ seed: 1, masterKey, concentrator: CODE, c: 880, n }));
    device = createTown({
      plan: {
        ...{ seed: 1, masterKey: DEMO_MASTER_KEY, meters: hung },
        concentrators: [{ id: CODE, key: made.linkKey ?? "" }],
      },
      speed: 1,
      bus: { baud: "instant", replyDelayMs: 0 },
      now: () => instant(systemClock()),
    });
    for (const { number } of hung) {
      device.setCredit(number, CREDIT_WH);
      device.setLoad(number, 0);
    }
    device.step();
    device.dial({ host: "127.0.0.1", port: site.linkPort });
    await device.whenOnline();
    for (const [i, meter] of hung.entries())
      await site.tell("/api/meters", {
        ...{ key: `trial-meter-${i}`, concentratorId, bus: 1, gatewayId: null, areaId, label: `新楼-10${i + 1}` },
        ...{ number: meter.number, address: meter.address, kind: "electricity", mode: "prepaid", profile: "jc1" },
        ...{ switchKind: "relay", closesBy: "direct", price: "0.8", ratio: 1 },
        openIndex: (meter.initialIndexWh / 1_000).toFixed(2),
      });
  });
  afterAll(() => device?.close());

  const idOf = async (number: string) =>
    (await db.read.selectFrom("meter").select("id").where("number", "=", number).executeTakeFirstOrThrow()).id;
  const switched = async (number: string) => {
    const rows = await db.read
      .selectFrom("meter_event")
      .select("kind")
      .where("meter_id", "=", await idOf(number))
      .where("kind", "in", ["tripped", "closed"])
      .orderBy("id")
      .execute();
    return rows.map((row) => row.kind);
  };
  const row = (page: Page, meter: MeterPlan) => page.getByTestId(`trial-meter-${meter.number}`);
  const resultOf = (page: Page, meter: MeterPlan) => row(page, meter).getAttribute("data-result");
  const ended = (page: Page, state: string) =>
    page.locator(`.page-head [data-state="${state}"]`).waitFor({ timeout: RUN_MS_MAX });
  const sheetNow = async (page: Page) => {
    const saved = page.waitForEvent("download");
    await page.getByTestId("export").click();
    const [sheet] = await readSheet(readFileSync(await (await saved).path()));
    return (sheet?.data ?? []).map((cells) => cells.map((cell) => String(cell ?? "")));
  };

  test("IS-6: three new meters are tried and switched; a dead one and one with a wrong clock are repaired, repeated, and the report is signed", async () => {
    const [good, dead, late] = hung as [MeterPlan, MeterPlan, MeterPlan];
    await until("all meters were read", async () => {
      const rows = await db.read
        .selectFrom("meter")
        .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
        .select(["last_answer_at", "relay"])
        .where("concentrator_id", "=", concentratorId)
        .execute();
      return rows.length === 3 && rows.every((each) => each.last_answer_at > 0 && each.relay === "closed");
    });
    device.setMeterOffline(dead.number, true);
    device.setClockOffset(late.number, HOUR_MS);
    const page = await open({ as: "admin" });
    await page.goto(`${site.base}/concentrators/${concentratorId}`);
    await page.getByTestId("trial-of-concentrator").click();
    await page.getByTestId(`plan-${good.number}`).getByText("空置").waitFor();
    await page.getByTestId("pick-all").uncheck();
    await expect.poll(() => page.getByTestId("trial-start").isDisabled()).toBe(true);
    await page.getByTestId("pick-all").check();
    await page.getByTestId("trial-switch").check();
    await page.getByTestId("trial-start").click();
    await page.getByTestId("trial-confirm-dialog").getByText("3 只").waitFor();
    // Whoever has not proved himself lately does so before supply is cut.
    await db.transact((tx) => tx.updateTable("session").set({ proved_at: 1 }).execute());
    refusals(403);
    await page.getByTestId("trial-confirm").click();
    await page.getByTestId("step-up-text").fill(site.password);
    await page.getByTestId("step-up-confirm").click();
    await page.getByTestId("trial-progress").waitFor();
    await ended(page, "finished");

    await expect.poll(() => Promise.all(hung.map((each) => resultOf(page, each)))).toEqual(["pass", "fail", "fail"]);
    await row(page, dead).getByTestId("fail-answers").getByText("表计没有应答").waitFor();
    await row(page, dead).getByText("检查表计供电、485 接线或信号").waitFor();
    await expect.poll(() => row(page, late).getByTestId("fail-clock").textContent()).toMatch(/时钟偏差 3(59|60)\d 秒/);
    for (const each of [good, late]) {
      await expect.poll(() => row(page, each).getByTestId("check-switch").getAttribute("data-outcome")).toBe("pass");
      await expect.poll(() => switched(each.number)).toEqual(["tripped", "closed"]);
      expect(device.meter(each.number)?.relay).toBe("closed");
    }
    await expect.poll(() => switched(dead.number)).toEqual([]);
    await expect.poll(() => row(page, dead).getByTestId("check-switch").getAttribute("data-outcome")).toBe("na");

    const sheet = await sheetNow(page);
    const head = sheet.find((cells) => cells.includes("拉合闸测试")) ?? [];
    const lineOf = (rows: string[][], { number }: MeterPlan) => rows.find((cells) => cells.includes(number)) ?? [];
    const cell = (rows: string[][], meter: MeterPlan, name: string) => lineOf(rows, meter)[head.indexOf(name)];
    expect(hung.map((each) => cell(sheet, each, "结论"))).toEqual(["合格", "不合格", "不合格"]);
    expect(cell(sheet, dead, "通信")).toBe("不合格: 表计没有应答");
    expect(cell(sheet, late, "时钟")).toMatch(/^不合格: 时钟偏差 3\d+ 秒/);
    expect(cell(sheet, good, "拉合闸测试")).toBe("合格: 拉闸后读到断开,合闸后读到合上");
    expect(sheet.flat().some((text) => text.includes("表计 3 只,合格 1,不合格 2"))).toBe(true);
    expect(sheet.flat().some((text) => text.includes("安装方") && text.includes("验收方"))).toBe(true);

    device.setMeterOffline(dead.number, false);
    device.setClockOffset(late.number, 0);
    await page.getByTestId("trial-repeat").click();
    await page.getByTestId("trial-repeat-dialog").getByText("重测 2 只").waitFor();
    await page.getByTestId("trial-repeat-confirm").click();
    await page.getByTestId("trial-progress").waitFor();
    await ended(page, "finished");
    await expect.poll(() => Promise.all(hung.map((each) => resultOf(page, each)))).toEqual(["pass", "pass", "pass"]);
    await row(page, late).getByTestId("trial-earlier").getByText("时钟偏差").waitFor();
    // It was not asked for again, so nobody was without supply twice.
    await expect.poll(() => switched(late.number)).toEqual(["tripped", "closed"]);

    await page.getByTestId("trial-sign").click();
    await page.getByTestId("trial-sign-confirm").click();
    await page.getByTestId("trial-sign-missing").getByText("请填写验收意见").waitFor();
    await page.getByTestId("trial-sign-reason").fill("三只表计全部合格,同意验收");
    await page.getByTestId("trial-sign-confirm").click();
    await ended(page, "signed");
    await page.getByTestId("trial-signature").getByText("三只表计全部合格").waitFor();
    await page.getByTestId("trial-repeat").waitFor({ state: "detached" });
    await expect.poll(() => page.getByTestId("trial-sign").count()).toBe(0);
    const code = (await page.getByTestId("trial-code").textContent()) ?? "";
    expect(code).toMatch(/^([0-9A-F]{4} ){3}[0-9A-F]{4}$/);
    const paper = await sheetNow(page);
    const flat = paper.flat().find((text) => text.includes("校验码")) ?? "";
    expect(flat.toUpperCase()).toContain(code.replaceAll(" ", ""));
    for (const [typed, verdict] of [
      [code, "verifyGood"],
      ["0000 1111 2222 3333", "verifyOther"],
    ] as const) {
      await page.getByTestId("verify-code").fill(typed);
      await page.getByTestId("verify-submit").click();
      await page.locator(`[data-testid="verify-verdict"][data-verdict="${verdict}"]`).waitFor();
    }
    const trialNo = new URL(page.url()).pathname.split("/").at(-1) ?? "";
    const signed = await site.ask<Trial>(`/api/trials/${trialNo}`);
    expect([signed.passed, signed.failed, signed.code]).toEqual([3, 0, code.replaceAll(" ", "").toLowerCase()]);
    const audit = await db.read.selectFrom("audit").select("action").where("object", "=", `trial:${trialNo}`).execute();
    expect(audit.map((each) => each.action).sort()).toEqual(["trial.repeat", "trial.sign", "trial.start"]);

    expect(await sheetsOfPaper(page)).toBeLessThanOrEqual(2);
    expect(await seriousBarriers(page)).toEqual([]);
    for (const size of [PHONE, DESK]) {
      await page.setViewportSize(size);
      await expect
        .poll(() => page.evaluate<number>("document.documentElement.scrollWidth - innerWidth"))
        .toBeLessThanOrEqual(0);
    }
    await page.goto(`${site.base}/trials?state=signed`);
    await page.getByTestId(`trial-${trialNo}`).getByText("合格 3").waitFor();
    const list = await sheetNow(page);
    expect(list.flat()).toContain(trialNo);
    await expectBooksRight(site);
  });

  test("a run of an area is cancelled: those under way are finished, the rest is left and said so", async () => {
    const page = await open({ as: "admin" });
    await page.goto(`${site.base}/trials`);
    await page.getByTestId("trial-new").click();
    const { items } = await site.ask<{ items: { areaId: number; name: string }[] }>("/api/areas");
    await page.getByTestId("trial-area").selectOption(String(items[0]?.areaId));
    await page.getByTestId("trial-plan").waitFor();
    await page.getByTestId("trial-start").click();
    await page.getByTestId("trial-cancel").click();
    await page.getByTestId("trial-cancel-confirm").click();
    await ended(page, "cancelled");
    const counts = page.getByTestId("trial-counts");
    expect(Number(await counts.getAttribute("data-skipped"))).toBeGreaterThan(0);
    const trips = await db.read
      .selectFrom("command")
      .select("id")
      .where("reason", "=", new URL(page.url()).pathname.split("/").at(-1) ?? "")
      .where("kind", "=", "trip")
      .execute();
    expect(trips).toEqual([]);
  });
});
