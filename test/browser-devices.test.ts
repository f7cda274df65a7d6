import { expect, test } from "vitest";
import type { FlowContext } from "#flows/context.ts";
import { verifyLedger } from "#flows/verify-ledger.ts";
import type { Db } from "#store/db.ts";
import { chineseTexts, PHONE, type Site, seriousBarriers } from "./browser-site.ts";
import { browserStories } from "./browser-stories.ts";
import { until } from "./until.ts";

browserStories("devices", ({ before, open }) => {
  let site: Site;
  let db: Db;
  let ctx: FlowContext;
  before(async (opened) => {
    ({ site, db, ctx } = opened);
  });

  /** A meter of the archive that holds its own credit, is on, and was read. */
  async function wellMeter(skip: readonly number[] = []) {
    return until("a meter that is on", async () => {
      const row = await db.read
        .selectFrom("meter")
        .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
        .innerJoin("account", "account.id", "meter.account_id")
        .where("account.credit_at", "=", "meter")
        .where("meter.profile", "=", "jc1")
        .where("meter.closes_by", "=", "direct")
        .where("meter_state.relay", "=", "closed")
        .where("meter_state.remaining_wh", ">", 10_000)
        .$if(skip.length > 0, (query) => query.where("meter.id", "not in", [...skip]))
        .select(["meter.id", "meter.number", "meter.label"])
        .orderBy("meter.id")
        .executeTakeFirst();
      return row ?? false;
    });
  }
  const rowOf = (id: number) =>
    db.read
      .selectFrom("meter")
      .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
      .where("meter.id", "=", id)
      .selectAll("meter_state")
      .select(["meter.number", "meter.mode"])
      .executeTakeFirstOrThrow();
  const books = async () => (await verifyLedger(ctx)).problems;

  test("a meter is exchanged to the end: what the old one gave up is in the new one, and the books hold", async () => {
    const meter = await wellMeter();
    const [spare] = (await site.snapshot()).spares;
    if (!spare) throw new Error("the town has spares");
    await site.town(`/meters/${meter.number}/load`, { watts: 0 });
    const page = await open({ as: "admin" });
    await page.goto(`${site.base}/?meter=${meter.id}`);
    await page.getByTestId(`tile-${meter.number}`).click();
    await page.getByTestId("begin-exchange").click();
    await page.getByTestId("exchange-confirm").click();
    await page.getByTestId("exchange-missing").getByText("请填写原因").waitFor();
    await page.getByTestId("exchange-reason").fill("显示屏损坏");
    await page.getByTestId("exchange-confirm").click();
    await page.getByTestId("old-step").waitFor();
    expect(await seriousBarriers(page)).toEqual([]);
    await page.getByTestId("clear-old").click();
    await page.getByTestId("swap-step").waitFor();
    const { exchange_no: exchangeNo, carry_wh: carryWh } = await db.read
      .selectFrom("meter_exchange")
      .select(["exchange_no", "carry_wh"])
      .where("open_meter_id", "=", meter.id)
      .executeTakeFirstOrThrow();
    expect(carryWh).toBeGreaterThan(0);
    // The page goes on where it was, on a phone too.
    const phone = await open({ as: "admin", size: PHONE });
    await phone.goto(`${site.base}/exchanges/${exchangeNo}`);
    await phone.getByTestId("swap-step").waitFor();
    expect(await phone.evaluate<number>("document.documentElement.scrollWidth")).toBeLessThanOrEqual(PHONE.width);
    await page.getByTestId("swap").click();
    await page.getByText("请填写新表号、通信地址和起码").waitFor();
    await page.getByTestId("swap-number").fill(spare.number);
    await page.getByTestId("swap-open").fill((spare.indexWh / 1_000).toFixed(2));
    await page.getByTestId("swap").click();
    await page.getByTestId("exchange-done").waitFor();
    const seen = (await site.snapshot()).spares.find((each) => each.number === spare.number);
    expect(seen).toMatchObject({ purchaseCount: 1, topUps: [{ count: 1, amount: (carryWh ?? 0) / 10 }] });
    expect((await site.snapshot()).meters.find((each) => each.number === meter.number)?.creditWh).toBe(0);
    await until("supply is back", async () => {
      const now = (await site.snapshot()).spares.find((each) => each.number === spare.number);
      return now?.relay === "closed";
    });
    expect(await rowOf(meter.id)).toMatchObject({ number: spare.number, suspect_wh: null, top_ups_stopped: 0 });
    await until("the books hold", async () => (await books()).length === 0);
    // The list has it, with its file; the report of the meter has two lines.
    await page.goto(`${site.base}/exchanges`);
    await page.getByTestId("exchanges-view").getByText("已结束").click();
    await page.waitForURL(/state=ended/); // what was chosen stands in the address
    await page.reload();
    await page.getByTestId(`exchange-${exchangeNo}`).getByText(spare.number).waitFor();
    const [file] = await Promise.all([page.waitForEvent("download"), page.getByTestId("export").click()]);
    expect(file.suggestedFilename()).toContain("换表记录");
    await page.goto(`${site.base}/reports/meters/${meter.id}`);
    await page.getByTestId("segment-1").getByText(meter.number).waitFor();
    await page.getByTestId("segment-2").getByText(spare.number).waitFor();
    expect(await seriousBarriers(page)).toEqual([]);
    const english = await open({ as: "admin", language: "en" });
    await english.goto(`${site.base}/exchanges/${exchangeNo}`);
    await english.getByTestId("exchange-done").waitFor();
    const names = await chineseTexts(english);
    expect(names.filter((text) => /换表|旧表|新表|余量/.test(text))).toEqual([]);
  }, 90_000);

  test("a meter becomes postpaid and runs below zero, and goes off when it is prepaid again and somebody confirmed it", async () => {
    const done = (await db.read.selectFrom("meter_exchange").select("meter_id").execute()).map((row) => row.meter_id);
    const meter = await wellMeter(done);
    const inTown = async () => (await site.snapshot()).meters.find((each) => each.number === meter.number);
    const page = await open({ as: "admin" });
    await page.goto(site.base);
    await page.getByTestId(`tile-${meter.number}`).click();
    const change = async (to: "prepaid" | "postpaid") => {
      await page.getByTestId("change-mode").click();
      await page.getByTestId(`mode-to-${to}`).click();
      await page.getByTestId("mode-preview").waitFor();
      await page.getByTestId("mode-reason").fill("合同变更");
    };
    await page.getByTestId("change-mode").click();
    await page.getByTestId("mode-to-public").click();
    await page.getByTestId("mode-obstacle").getByText("转为公共表会把它用掉").waitFor();
    await page.getByTestId("mode-cancel").click();
    await change("postpaid");
    await page.getByTestId("mode-confirm").click();
    await page.locator('[data-testid="device-mode"][data-mode="postpaid"]').waitFor();
    expect(await inTown()).toMatchObject({ counts: true, relay: "closed" });
    await site.town(`/meters/${meter.number}/load`, { watts: 0 });
    await site.town(`/meters/${meter.number}/credit`, { wh: -4_000 });
    await until("seen below zero", async () => (await rowOf(meter.id)).remaining_wh === -4_000);
    expect(await inTown()).toMatchObject({ relay: "closed" });
    await change("prepaid");
    await page.locator('[data-testid="mode-preview"][data-supply="goes_off"]').getByText("立即自行断电").waitFor();
    await page.getByTestId("mode-preview").getByText("-4.00").waitFor();
    expect(await seriousBarriers(page)).toEqual([]);
    await page.getByTestId("mode-confirm").click();
    await page.locator('[data-testid="device-mode"][data-mode="prepaid"]').waitFor();
    await until("it is off", async () => (await inTown())?.relay === "open");
    expect(await inTown()).toMatchObject({ counts: false, tripCause: "credit" });
    await until("seen off", async () => (await rowOf(meter.id)).off_cause === "arrears");
    expect(await books()).toEqual([]);
  }, 90_000);
});
