import { afterAll, expect, test } from "vitest";
import { instant } from "#base/time.ts";
import type { CollectionSettings } from "#contract/collection.ts";
import { fromHex } from "#protocol/bytes.ts";
import { DEMO_MASTER_KEY, type MeterPlan, meterPlan } from "#simulator/plan.ts";
import { createTown, type Town } from "#simulator/town.ts";
import type { Db } from "#store/db.ts";
import { pause, systemClock } from "#system/clock.ts";
import { PHONE, type Site, seriousBarriers } from "./browser-site.ts";
import { browserStories, expectBooksRight } from "./browser-stories.ts";
import { until } from "./until.ts";

/** What a meter of a device that is added uses. */
const USED_W = 500;

browserStories("concentrators", ({ before, open, refusals }) => {
  let site: Site;
  let db: Db;
  before(async (opened) => {
    ({ site, db } = opened);
  });

  const concentrator = (id: number) =>
    db.read.selectFrom("concentrator").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
  /** Meters of our own model on bus 1 of the first concentrator. */
  const meters = async () =>
    db.read
      .selectFrom("meter")
      .innerJoin("concentrator", "concentrator.id", "meter.concentrator_id")
      .selectAll("meter")
      .where("meter.profile", "=", "jc1")
      .where("meter.bus", "=", 1)
      .where("concentrator.id", "=", 1)
      .orderBy("meter.id")
      .execute();
  /** What went out to a meter since an instant: the bytes that the simulated bus was given. */
  const asked = async (meterId: number, since: number) => {
    const rows = await db.read
      .selectFrom("frame_log")
      .select(["hex", "at"])
      .where("meter_id", "=", meterId)
      .where("direction", "=", "sent")
      .where("at", ">", since)
      .execute();
    return rows.map((row) => row.hex);
  };
  /** Rounds that asked for the power: 0203FF00 on the wire, low byte first, each byte plus 33H. */
  const power = (frames: readonly string[]) => frames.filter((hex) => hex.includes("33323635")).length;

  const devices: Town[] = [];
  afterAll(() => Promise.all(devices.map((device) => device.close())));
  /** A device that is in no town yet dials in, with meters that use {@link USED_W}. */
  async function dialling(own: { id: string; key: string }, meters: readonly MeterPlan[]): Promise<Town> {
    const plan = { seed: 1, masterKey: DEMO_MASTER_KEY, concentrators: [own] };
    const town = createTown({
      plan: { ...plan, meters: meters.map((each) => ({ ...each, concentrator: own.id })) },
      speed: 1,
      bus: { baud: "instant", replyDelayMs: 0 },
      now: () => instant(systemClock()),
    });
    devices.push(town);
    for (const { number } of meters) town.setLoad(number, USED_W);
    town.step();
    town.dial({ host: "127.0.0.1", port: site.linkPort });
    return town;
  }
  /** The cycle of the project, as it was when the site was opened. */
  async function cycleAgain(): Promise<void> {
    const { projects } = await site.ask<CollectionSettings>("/api/collection");
    const [{ projectId, itemSetId, version }] = projects as [CollectionSettings["projects"][number]];
    await site.tell("/api/collection/defaults", { projectId, readIntervalS: 2, itemSetId, version });
  }

  test("the list tells who is there, how well it answers and who owns it; a stopped one turns red", async () => {
    const page = await open({ as: "admin" });
    await page.goto(`${site.base}/concentrators`);
    const table = page.getByTestId("concentrators");
    await table.waitFor();
    await page.locator("[data-testid=collectors]").waitFor();
    expect(await seriousBarriers(page)).toEqual([]);
    const first = await concentrator(1);
    const line = page.getByTestId(`concentrator-${first.code}`);
    await line.locator("[data-state=online]").waitFor();
    await line.getByText(/\d+\.\d %/).waitFor();
    await site.town(`/concentrators/${first.code}/offline`, { offline: true });
    await line.locator("[data-state=offline]").waitFor();
    await site.town(`/concentrators/${first.code}/offline`, { offline: false });
    await line.locator("[data-state=online]").waitFor();
  });

  test("a cycle of 15 minutes, then of 5, holds at once; the frames of the buses are seen live", async () => {
    const page = await open({ as: "admin" });
    await page.goto(`${site.base}/settings/collection`);
    await page.getByTestId("edit-project-1").click();
    await page.getByTestId("defaults-cycle").fill("900");
    await page.getByTestId("defaults-save").click();
    await page.getByTestId("project-1-cycle").getByText("15 分钟").waitFor();
    const [meter] = await meters();
    if (!meter) throw new Error("the town has meters");
    // Nothing is due for minutes: the bus falls silent within seconds.
    await until("silence on the bus", async () => {
      const since = systemClock();
      await pause(3_000);
      return (await asked(meter.id, since)).length === 0;
    });
    await page.goto(`${site.base}/concentrators/1`);
    await page.getByTestId("edit-channel-1").click();
    await page.getByTestId("channel-cycle").fill("300");
    await page.getByTestId("channel-save").click();
    await page
      .getByTestId("channel-1-cycle")
      .getByText(/^5 分钟/)
      .waitFor(); // not the 15 that it was
    await page.getByTestId("edit-channel-1").click();
    await page.getByTestId("channel-cycle").fill("2");
    const since = systemClock();
    await page.getByTestId("channel-save").click();
    await page.getByTestId("channel-1-cycle").getByText("2 秒").waitFor();
    await until("the meter is asked again", async () => (await asked(meter.id, since)).length > 0);
    const monitor = page.getByTestId("monitor");
    await monitor.locator("[data-direction=sent]").first().getByText("发 TX").waitFor();
    await monitor
      .locator("[data-direction=received] code")
      .first()
      .getByText(/68( [0-9A-F]{2})+ 16/)
      .waitFor();
    await page.getByTestId("monitor-pause").click();
    await page.getByTestId("monitor-filter").fill("没有这样的报文");
    await expect.poll(() => monitor.count()).toBe(0);
    await page.getByTestId("monitor-filter").fill("");
    expect(await seriousBarriers(page)).toEqual([]);
    await cycleAgain();
  });

  test("a meter is renamed, read by other items, and spoken to in DL/T 645-1997, all without a restart", async () => {
    const page = await open({ as: "admin" });
    const [meter, other] = await meters();
    if (!meter || !other) throw new Error("the town has meters");
    await page.goto(`${site.base}/settings/collection`);
    await page.getByTestId("add-item-set").click();
    await page.getByTestId("item-set-name").fill("只读示数");
    await page.getByTestId("item-set-save").click();
    await page.getByTestId("item-sets").getByText("只读示数").waitFor();
    await page.goto(`${site.base}/concentrators/1`);
    await page.getByTestId(`edit-${meter.id}`).click();
    await page.getByTestId("meter-label").fill("A座-改名");
    await page.getByTestId("meter-items").selectOption({ label: "只读示数" });
    await page.getByTestId("meter-save").click();
    await page.getByTestId(`channel-meter-${meter.id}`).getByText("A座-改名").waitFor();
    await pause(2_000);
    const since = systemClock();
    await until("both were asked several rounds", async () => {
      const counts = [await asked(meter.id, since), await asked(other.id, since)];
      return counts.every((each) => each.length >= 12);
    });
    expect(power(await asked(other.id, since))).toBeGreaterThan(0);
    expect(power(await asked(meter.id, since))).toBe(0);
    await page.getByTestId(`protocol-${meter.id}`).click();
    await page.getByTestId("protocol-profile").selectOption("sf97");
    await page.getByTestId("protocol-save").click();
    await page.getByText("请填写原因").waitFor();
    await page.getByTestId("protocol-reason").fill("现场为 1997 规约");
    await page.getByTestId("protocol-tick").click();
    await page.getByTestId("protocol-save").click();
    await page.getByTestId(`channel-meter-${meter.id}`).getByText("sf97").waitFor();
    const changed = systemClock();
    // Function 01 with two bytes of identifier is a read of 1997; 2007 has 11 with four.
    await until("it is asked in 1997", async () =>
      (await asked(meter.id, changed)).some((hex) => /68[0-9a-f]{12}680102/.test(hex)),
    );
    expect((await asked(meter.id, changed + 2_000)).filter((hex) => /68[0-9a-f]{12}6811/.test(hex))).toEqual([]);
    const audit = await db.read
      .selectFrom("audit")
      .select("action")
      .where("object", "=", `meter:${meter.id}`)
      .execute();
    expect(audit.map((row) => row.action)).toEqual(expect.arrayContaining(["meter.edit", "meter.protocol"]));
  });

  test("a channel is added, a meter read on trial with its two frames, and two editors are kept apart", async () => {
    const page = await open({ as: "admin" });
    const [, , meter] = await meters();
    if (!meter) throw new Error("the town has meters");
    await page.goto(`${site.base}/concentrators/1`);
    await page.getByTestId("add-channel").click();
    await page.getByTestId("channel-name").fill("LoRa 北楼");
    await page.getByTestId("channel-bus").fill("9");
    await page.getByTestId("channel-kind").selectOption("lora");
    await page.getByTestId("channel-save").click();
    await page.getByTestId("channel-9").getByText("LoRa 北楼").waitFor();
    await page.getByTestId(`read-${meter.id}`).click();
    await page.locator("[data-testid=test-read][data-state=confirmed]").waitFor();
    const frames = page.getByTestId("test-read-frames");
    await frames.locator("[data-direction=sent]").first().waitFor();
    await frames.locator("[data-direction=received]").first().waitFor();
    await page.keyboard.press("Escape");
    await page.getByTestId("edit-concentrator").click();
    await db.transact((tx) => tx.updateTable("concentrator").set({ version: 77 }).where("id", "=", 1).execute());
    await page.getByTestId("concentrator-new-name").fill("我改的");
    await page.getByTestId("concentrator-save").click();
    await page.getByTestId("concentrator-problem").getByText("已被他人修改").waitFor();
    expect((await concentrator(1)).name).not.toBe("我改的");
    refusals(409);
  });

  test("IS-2: a new concentrator, its key shown once, a channel, a cycle of 15 minutes, items, a meter; the frames of its trial read in hex", async () => {
    const page = await open({ as: "admin" });
    await page.goto(`${site.base}/concentrators`);
    await page.getByTestId("add-concentrator").click();
    await page.getByTestId("new-concentrator-code").fill("JC000770");
    await page.getByTestId("new-concentrator-name").fill("新楼 4G 集中器");
    await page.getByTestId("new-concentrator-save").click();
    const key = (await page.getByTestId("link-key").textContent()) ?? "";
    await page.getByTestId("link-key-done").click();
    const masterKey = fromHex(DEMO_MASTER_KEY) as Uint8Array;
    const hung = meterPlan({ seed: 1, masterKey, concentrator: "JC000770", c: 770, n: 2 });
    const device = await dialling({ id: "JC000770", key }, [hung]);
    await page.getByTestId("concentrator-JC000770").locator("[data-state=online]").waitFor();
    await page.getByTestId("concentrator-JC000770").getByRole("link").click();
    await page.getByTestId("edit-channel-1").click();
    await page.getByTestId("channel-name").fill("1 号 RS-485");
    await page.getByTestId("channel-cycle").fill("900");
    await page.getByTestId("channel-items").selectOption({ label: "只读示数" });
    await page.getByTestId("channel-save").click();
    await page.getByTestId("channel-1-cycle").getByText("15 分钟").waitFor();
    await page.getByTestId("add-meter").click();
    const openIndex = (hung.initialIndexWh / 1_000).toFixed(2);
    const typed = { label: "新楼-102", number: hung.number, address: hung.address, price: "0.8", index: openIndex };
    await page.getByTestId("new-meter-profile").selectOption("jc1");
    await page.getByTestId("new-meter-mode").selectOption("postpaid");
    for (const [field, text] of Object.entries(typed)) await page.getByTestId(`new-meter-${field}`).fill(text);
    await page.getByTestId("new-meter-save").click();
    await page.getByTestId("new-meter-dialog").waitFor({ state: "detached" });
    const { id } = await db.read
      .selectFrom("meter")
      .select("id")
      .where("number", "=", hung.number)
      .executeTakeFirstOrThrow();
    await page.getByTestId(`read-${id}`).click();
    await page.locator("[data-testid=test-read][data-state=confirmed]").waitFor();
    await page.getByTestId("test-read-frames").locator("[data-direction=received]").first().waitFor();
    const spoken = await page.getByTestId("test-read-frames").locator("code").allTextContents();
    const address = hung.address.match(/../g)?.toReversed().join(" ");
    expect(spoken.length).toBeGreaterThanOrEqual(2);
    for (const hex of spoken) expect(hex).toContain(`68 ${address} 68`);
    await page.keyboard.press("Escape");
    await page
      .getByTestId("monitor")
      .locator("[data-direction=received] code")
      .getByText(`68 ${address} 68`)
      .first()
      .waitFor();
    const row = await db.read
      .selectFrom("meter_state")
      .selectAll()
      .where("meter_id", "=", id)
      .executeTakeFirstOrThrow();
    expect(row.index_wh).toBeGreaterThanOrEqual(hung.initialIndexWh);
    expect(row.index_wh).toBeLessThanOrEqual(device.meter(hung.number)?.indexWh ?? 0);
  });

  test("IS-4: a water meter on the RS-485 of a radio meter is read through it, and recharged", async () => {
    const { id, number } = await db.read
      .selectFrom("meter")
      .select(["id", "number"])
      .where("gateway_id", "is not", null)
      .where("kind", "=", "water")
      .executeTakeFirstOrThrow();
    const page = await open({ as: "admin" });
    await page.goto(`${site.base}/concentrators/2`);
    await page.getByTestId(`channel-meter-${id}`).getByText("经网关表").waitFor();
    await page.getByTestId(`read-${id}`).click();
    await page.locator("[data-testid=test-read][data-state=confirmed]").waitFor();
    await page.getByTestId("test-read-frames").locator("[data-direction=received]").first().waitFor();
    await page.goto(`${site.base}/recharge?meter=${id}`);
    await page.getByTestId("amount").fill("50");
    await page.locator('[data-testid="open-confirm"]:enabled').click();
    await page.getByTestId("confirm-pay").click();
    await page.locator('[data-testid="order"][data-state="confirmed"]').waitFor();
    const { items } = await site.ask<{ items: { unitsWh: number }[] }>(`/api/recharges?meterId=${id}`);
    const held = (await site.snapshot()).meters.find((each) => each.number === number);
    expect(held?.topUps.map(({ amount }) => amount * 10)).toEqual(items.map(({ unitsWh }) => unitsWh));
    expect(items).toHaveLength(1);
    await expectBooksRight(site);
  });

  test("MA-7: another device takes a concentrator's place: its key is shown once, the old one is hung up on", async () => {
    const page = await open({ as: "admin" });
    const before = await concentrator(2);
    await page.goto(`${site.base}/concentrators/2`);
    await page.getByTestId("replace-concentrator").click();
    await page.getByTestId("replace-code").fill("JC-REPLACED");
    await page.getByTestId("replace-reason").fill("雷击损坏");
    await page.getByTestId("replace-tick").click();
    await page.getByTestId("replace-save").click();
    await page
      .getByTestId("link-key")
      .getByText(/^[0-9a-f]{32}$/)
      .waitFor();
    await page.getByTestId("link-key-done").click();
    await page.getByText("JC-REPLACED").first().waitFor();
    const after = await concentrator(2);
    // At least once: on a machine that stands still for long its collector takes it over anew.
    expect(after.epoch).toBeGreaterThan(before.epoch);
    expect(after.key_sealed).not.toBe(before.key_sealed);
    await page.goto(`${site.base}/concentrators`);
    const line = page.getByTestId("concentrator-JC-REPLACED");
    await line.locator("[data-state=offline]").waitFor();
  });

  test("the link of a concentrator is changed after a warning, and it comes back by the new rules", async () => {
    const page = await open({ as: "admin" });
    await page.goto(`${site.base}/concentrators/3`);
    await page.getByTestId("edit-link").click();
    await page.getByTestId("link-sources").fill("不是网段");
    await page.getByTestId("link-reason").fill("加固");
    await page.getByTestId("link-tick").click();
    await page.getByTestId("link-save").click();
    await page.getByTestId("link-problem").getByText("允许来源有误").waitFor();
    refusals(400);
    await page.getByTestId("link-sources").fill("127.0.0.0/8");
    await page.getByTestId("link-save").click();
    await page.getByTestId("link-sources").waitFor({ state: "detached" });
    await page.getByTestId("link-facts").getByText("127.0.0.0/8").waitFor();
    await page.locator(".page-head [data-state=online]").waitFor();
    await page.getByTestId("edit-link").click();
    await page.getByTestId("link-sources").fill("");
    await page.getByTestId("link-weaker").waitFor();
    expect(await seriousBarriers(page)).toEqual([]);
  });

  test("setting clocks is switched on with a warning and a reason", async () => {
    const page = await open({ as: "admin" });
    await page.goto(`${site.base}/settings/collection`);
    await page.getByTestId("clock-mode").getByText("关闭").waitFor();
    await page.getByTestId("edit-clock").click();
    await page.getByText("冻结以电表时钟为准").waitFor();
    await page.getByTestId("clock-reason").fill("服务器已接 NTP");
    await page.getByTestId("clock-tick").click();
    await page.getByTestId("clock-save").click();
    await page.getByTestId("clock-mode").getByText("已开启").waitFor();
    expect(await seriousBarriers(page)).toEqual([]);
    await page.getByTestId("edit-clock").click();
    await page.getByTestId("clock-reason").fill("试完");
    await page.getByTestId("clock-tick").click();
    await page.getByTestId("clock-save").click();
    await page.getByTestId("clock-mode").getByText("关闭").waitFor();
  });

  test("on a phone and in English it is all there", async () => {
    const page = await open({ as: "admin", size: PHONE, language: "en" });
    for (const path of ["/concentrators", "/concentrators/1", "/settings/collection"]) {
      await page.goto(site.base + path);
      await page.locator("main h1").waitFor();
      await page.locator("table").first().waitFor();
      const wide = await page.evaluate<number>("document.documentElement.scrollWidth");
      expect(wide).toBeLessThanOrEqual(PHONE.width);
    }
  });
});
