import { expect, test } from "vitest";
import { addDays, dayOf, HOUR_MS, later, monthOf, startOfDay } from "#base/time.ts";
import type { MeterDevice } from "#contract/devices.ts";
import { registers, verdictCode } from "#domain/reading.ts";
import { closeDueDays } from "#flows/close-days.ts";
import type { FlowContext } from "#flows/context.ts";
import { verifyLedger } from "#flows/verify-ledger.ts";
import type { Db } from "#store/db.ts";
import { type Colleague, colleague } from "./browser-people.ts";
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

  test("MA-3: a meter is exchanged to the end: what the old one gave up is in the new one, the month is the sum of both, and the books hold", async () => {
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
    await expect
      .poll(() => phone.evaluate<number>("document.documentElement.scrollWidth"))
      .toBeLessThanOrEqual(PHONE.width);
    await page.getByTestId("swap").click();
    await page.getByText("请填写新表号、通信地址和起码").waitFor();
    await page.getByTestId("swap-number").fill(spare.number);
    const openedAt = Math.round(spare.indexWh / 10) * 10; // as the register shows it
    await page.getByTestId("swap-open").fill((openedAt / 1_000).toFixed(2));
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
    // The day is over: it has a line of each device, no jump between them, and the month is their sum.
    const { index_wh: indexWh } = await rowOf(meter.id);
    const today = dayOf(ctx.clock());
    const midnight = startOfDay(addDays(today, 1));
    const atMidnight = { meter_id: meter.id, register: registers.energyTotal, measured_at: midnight };
    await db.transact((tx) =>
      tx
        .insertInto("reading")
        .values({ ...atMidnight, value: indexWh ?? 0, verdict: verdictCode("ok"), received_at: midnight })
        .execute(),
    );
    const tomorrow = { ...ctx, clock: () => later(midnight, 9 * HOUR_MS) };
    for (let more = true; more; ) more = (await closeDueDays(tomorrow)).more;
    await page.goto(`${site.base}/reports/meters/${meter.id}?period=${monthOf(today)}`);
    const lines = page.getByTestId(`part-${today}`).getByTestId("usage");
    await lines.nth(1).waitFor();
    const used = await lines.evaluateAll((all) => all.map((one) => Number(one.getAttribute("data-wh"))));
    const [old] = (await site.ask<MeterDevice>(`/api/meters/${meter.id}/device`)).segments;
    expect(used).toEqual([(old?.closeWh ?? 0) - (old?.openWh ?? 0), (indexWh ?? 0) - openedAt]);
    expect(Number(await page.getByTestId("meter-total").getAttribute("data-wh"))).toBe((used[0] ?? 0) + (used[1] ?? 0));
    expect(Math.max(...used)).toBeLessThan(5_000); // minutes of a room, and not the distance between two registers
    const english = await open({ as: "admin", language: "en" });
    await english.goto(`${site.base}/exchanges/${exchangeNo}`);
    await english.getByTestId("exchange-done").waitFor();
    const names = await chineseTexts(english);
    expect(names.filter((text) => /换表|旧表|新表|余量/.test(text))).toEqual([]);
  });

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
    await expect.poll(() => inTown()).toMatchObject({ counts: true, relay: "closed" });
    await site.town(`/meters/${meter.number}/load`, { watts: 0 });
    await site.town(`/meters/${meter.number}/credit`, { wh: -4_000 });
    await until("seen below zero", async () => (await rowOf(meter.id)).remaining_wh === -4_000);
    await expect.poll(() => inTown()).toMatchObject({ relay: "closed" });
    await change("prepaid");
    await page.locator('[data-testid="mode-preview"][data-supply="goes_off"]').getByText("立即自行断电").waitFor();
    await page.getByTestId("mode-preview").getByText("-4.00").waitFor();
    expect(await seriousBarriers(page)).toEqual([]);
    await page.getByTestId("mode-confirm").click();
    await page.locator('[data-testid="device-mode"][data-mode="prepaid"]').waitFor();
    await until("it is off", async () => (await inTown())?.relay === "open");
    await expect.poll(() => inTown()).toMatchObject({ counts: false, tripCause: "credit" });
    await until("seen off", async () => (await rowOf(meter.id)).off_cause === "arrears");
    expect(await books()).toEqual([]);
  });

  test("IS-5: transformers of 30 are agreed by two, and from their index on thirty times as much is billed", async () => {
    const meter = await db.read
      .selectFrom("meter")
      .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
      .innerJoin("account", "account.id", "meter.account_id")
      .where("account.credit_at", "=", "server")
      .where("meter.kind", "=", "electricity")
      .where("meter.profile", "=", "jc1")
      .where("meter_state.relay", "=", "closed")
      .select(["meter.id", "meter.number", "meter.price_e4", "meter.account_id"])
      .orderBy("meter.id")
      .executeTakeFirstOrThrow();
    const inTown = async () => (await site.snapshot()).meters.find((each) => each.number === meter.number);
    const balance = async () =>
      (
        await db.read
          .selectFrom("ledger_account")
          .select("balance_e4")
          .where("kind", "=", "balance")
          .where("ref_id", "=", meter.account_id)
          .executeTakeFirstOrThrow()
      ).balance_e4;
    /** Everything that the meter shows is read and charged. */
    const settled = () =>
      until("what it shows is charged", async () => {
        const [shown, row] = [Math.floor(((await inTown())?.indexWh ?? 0) / 10) * 10, await rowOf(meter.id)];
        return row.index_wh === shown && row.settled_index_wh === shown && shown;
      });
    await site.town(`/meters/${meter.number}/load`, { watts: 0 });
    const from = await settled();
    const page = await open({ as: "admin" });
    await page.goto(`${site.base}/?meter=${meter.id}`);
    await page.getByTestId("change-ratio").click();
    await page.getByTestId("ratio-to").fill("30");
    await page.getByTestId("ratio-reason").fill("增容,装互感器 150/5");
    await page.getByTestId("ratio-confirm").click();
    await page.locator('[data-testid="ratio-progress"][data-state="requested"]').waitFor();
    const li: Colleague = await colleague(db, { role: "finance", name: "李会计" });
    const other = await open({ as: li });
    await other.goto(`${site.base}/approvals`);
    await other.getByTestId("approval-approve").click();
    await other.getByTestId("decision-confirm").click();
    await other.getByTestId("approval-approve").waitFor({ state: "detached" });
    await page.reload();
    await page.getByTestId("carry-out").click();
    await page.getByTestId("carry-out-confirm").click();
    await page.getByTestId("device-ratio").getByText("30", { exact: true }).waitFor();
    const before = await balance();
    await site.town(`/meters/${meter.number}/load`, { watts: 10_000 });
    await until("it has used something", async () => ((await inTown())?.indexWh ?? 0) >= from + 30);
    await site.town(`/meters/${meter.number}/load`, { watts: 0 });
    const used = (await settled()) - from;
    expect(used).toBeGreaterThanOrEqual(30);
    const charges = await db.read
      .selectFrom("usage_charge")
      .select(["usage_wh", "amount_e4", "ratio"])
      .where("meter_id", "=", meter.id)
      .where("index_wh", ">", from)
      .execute();
    expect(new Set(charges.map(({ ratio }) => ratio))).toEqual(new Set([30]));
    expect(charges.reduce((sum, { usage_wh }) => sum + usage_wh, 0)).toBe(used * 30);
    const paid = before - (await balance());
    expect(charges.reduce((sum, { amount_e4 }) => sum + amount_e4, 0)).toBe(paid);
    expect(Math.abs(paid - (used * 30 * meter.price_e4) / 1_000)).toBeLessThanOrEqual(1); // the rest is carried on
    await page.goto(`${site.base}/reports/meters/${meter.id}`);
    const line = page.getByTestId("segment-2");
    await line.waitFor();
    await expect.poll(() => line.locator("td").nth(0).textContent()).toBe("30");
    await expect.poll(() => line.locator("[data-wh]").getAttribute("data-wh")).toBe(String(used * 30));
    expect(await books()).toEqual([]);
  });
});
