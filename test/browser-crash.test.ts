import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Tile } from "#contract/metering.ts";
import { randomStream } from "#simulator/random.ts";
import { freshDatabase, testDatabases } from "#store/test-databases.ts";
import { buildWeb } from "../tools/build-web.ts";
import { quiet, watchBooks } from "../tools/chaos/books.ts";
import { cashier, type Intent } from "../tools/chaos/cashier.ts";
import { judge } from "../tools/chaos/oracle.ts";
import { victim } from "../tools/chaos/programs.ts";
import { stage } from "../tools/chaos/stage.ts";
import { DESK, launchBrowser, noBrowserHere } from "./browser-site.ts";
import { hook, SOON_MS } from "./browser-stories.ts";
import { until } from "./until.ts";

const SEED = 3;
/** Recharges by other cashiers, beside those that are clicked. */
const BESIDE = { allAlive: 5, serverDies: 20, collectorDies: 20 };
const CLICKED = 5;
const RECHARGES = CLICKED + BESIDE.allAlive + BESIDE.serverDies + BESIDE.collectorDies;
/** docs/UX.md 20: so soon a board says that its stream is cut. */
const STALE_MS = 15_000;

const noBrowser = noBrowserHere();

describe.each(testDatabases)("programs killed in front of a cashier on $name", ({ name, available }) => {
  test.skipIf(!available || noBrowser !== null)(
    "SA-3: server and collector are killed during 50 recharges; the screen says what is known, and each arrives once",
    async () => {
      const at = await killable(name);
      const { ctx, town, server, collector, desk, intents } = at;
      const tiles = await until("readings of the town", async () => {
        const normal = (await at.tiles()).filter(isCashiers);
        return normal.length > CLICKED && normal;
      });
      const [first, second, third, fourth, fifth, watched] = tiles as [Tile, Tile, Tile, Tile, Tile, Tile];
      const wall = await at.open();
      await wall.evaluate("window.loadedOnce = true");
      const page = await at.open();
      page.on("request", (request) => {
        if (request.method() !== "POST" || !request.url().endsWith("/api/recharges")) return;
        const { key, meterId, amount } = request.postDataJSON() as Intent;
        if (!intents.some((each) => each.key === key)) intents.push({ key, meterId, amount, orderNo: null });
      });
      const beside = (recharges: number) => {
        for (let i = 0; i < recharges; i++) desk.recharge();
      };
      const fillIn = async (tile: Tile, amount: string): Promise<void> => {
        await page.goto(`${at.base}/recharge?meter=${tile.meterId}`);
        await page.getByTestId("amount").fill(amount);
        await page.locator('[data-testid="open-confirm"]:enabled').click();
        await page.getByTestId("confirm-pay").waitFor();
      };
      const pay = () => page.getByTestId("confirm-pay").click();
      const booked = async (): Promise<string> => {
        const { key } = intents.findLast((each) => each.orderNo === null) as Intent;
        const order = await ctx.db.read
          .selectFrom("recharge_order")
          .select("order_no")
          .where("idem_key", "=", key)
          .executeTakeFirst();
        return order?.order_no ?? "";
      };
      /** Waits for the end of the payment on the screen, and notes which order the screen calls it. */
      const arrives = async (): Promise<string> => {
        await page.locator(hook("order", "confirmed")).waitFor();
        const orderNo = (await page.getByTestId("order").getAttribute("data-order")) ?? "";
        const intent = intents.findLast((each) => each.orderNo === null) as Intent;
        intent.orderNo = orderNo;
        return orderNo;
      };
      const takenBy = ({ number }: Tile) => town.meter(number)?.topUps.length;

      beside(BESIDE.allAlive);
      await fillIn(first, "50");
      await pay();
      await arrives();

      // The server is dead before anything is booked: nobody knows, and the page says so.
      await fillIn(second, "60");
      beside(BESIDE.serverDies);
      server.kill();
      await server.died();
      await pay();
      await wall.getByTestId("stale-banner").waitFor({ timeout: STALE_MS });
      await page.getByTestId("in-doubt").waitFor();
      await expect
        .poll(() => page.getByTestId("in-doubt").textContent())
        .toContain("60 元已提交,但没有收到服务器的回答。请不要重新收款");
      expect(await booked()).toBe("");
      const concentrator = town.plan.meters.find((each) => each.number === watched.number)?.concentrator ?? "";
      town.setConcentratorOffline(concentrator, true);
      await server.start("");
      await wall.getByTestId("stale-banner").waitFor({ state: "detached" });
      await wall.locator(hook(`tile-${watched.number}`, "fault")).waitFor(); // happened while the stream was cut
      await expect.poll(() => wall.evaluate("window.loadedOnce")).toBe(true);
      town.setConcentratorOffline(concentrator, false);
      await page.getByTestId("in-doubt-retry").click();
      await arrives();
      await desk.allAcknowledged();

      // The server dies when it has booked and before it answers: the same key finds the order again.
      server.kill();
      await server.died();
      await server.start("recharge:after-commit=1");
      await fillIn(third, "70");
      await pay();
      await server.died();
      await page.getByTestId("in-doubt").waitFor();
      const found = await booked();
      expect(found).not.toBe("");
      await server.start("");
      await page.getByTestId("in-doubt-retry").click();
      await expect.poll(() => arrives()).toBe(found);

      // Nobody is there to talk to meters: booked, and not called credited.
      await fillIn(fourth, "80");
      beside(BESIDE.collectorDies);
      collector.kill();
      await collector.died();
      const before = takenBy(fourth);
      await pay();
      await page.locator(hook("order", "booked")).waitFor();
      await expect
        .poll(() => page.getByTestId("progress-sentence").textContent())
        .toContain("80.00 元已记账,正在等待下发");
      await desk.allAcknowledged();
      expect(takenBy(fourth)).toBe(before);
      await collector.start("");
      await arrives();
      await quiet(ctx);

      // The collector dies when it has noted that it sends: read back before anything is sent again.
      collector.kill();
      await collector.died();
      await fillIn(fifth, "90");
      await collector.start("pump:after-sent-mark=1");
      await pay();
      await collector.died();
      await page.locator('[data-testid="order"]:not([data-state="confirmed"])').waitFor();
      await expect.poll(() => page.getByTestId("progress-sentence").textContent()).toContain("90.00 元已记账");
      await collector.start("");
      await arrives();

      await quiet(ctx);
      await page.goto(`${at.base}/records`);
      await page.locator(`[data-testid="records-totals"][data-count="${RECHARGES}"]`).waitFor();
      expect(at.complaints()).toEqual([]);
      expect((await at.watch.stop()).worstSum).toBe(0);
      expect(await judge(ctx, town.snapshot(), intents)).toEqual({
        recharges: RECHARGES,
        confirmed: RECHARGES,
        lost: 0,
        doubled: 0,
        ledgerSum: 0,
        unresolved: 0,
        problems: [],
      });
    },
    240_000,
  );
});

/** What a cashier can sell to, with the credit in the meter. */
const isCashiers = (tile: Tile): boolean =>
  tile.mode === "prepaid" && tile.kind === "electricity" && tile.creditAt === "meter" && tile.state === "normal";

/** Server and collector as programs of their own over a town, cashiers beside, and a browser; all ends with the test. */
async function killable(database: (typeof testDatabases)[number]["name"]) {
  await buildWeb({ quiet: true });
  const dataDir = mkdtempSync(join(tmpdir(), "jichao-browser-crash-"));
  const db = await freshDatabase(database);
  const { ctx, town, env, httpPort, linkPort } = await stage({ db, dataDir, seed: SEED, weather: {} });
  const server = victim("server", env, () => {});
  const collector = victim("collector", env, () => {});
  const browser = await launchBrowser();
  const watch = watchBooks(ctx);
  onTestFinished(async () => {
    await browser.close();
    await watch.stop();
    server.kill();
    collector.kill();
    await Promise.all([server.died(), collector.died(), town.close()]);
    await db.drop();
    rmSync(dataDir, { recursive: true, force: true });
  });
  await Promise.all([server.start(""), collector.start("")]);
  town.dial({ host: "127.0.0.1", port: linkPort });
  const password = env.JICHAO_ADMIN_PASSWORD ?? "";
  const desk = await cashier({ port: httpPort, password, random: randomStream(SEED, 4_712) });
  const base = `http://127.0.0.1:${httpPort}`;
  const context = await browser.newContext({ viewport: DESK, reducedMotion: "reduce" });
  await context.addInitScript(`localStorage.setItem("jichao.language", "zh-CN")`);
  const heard: string[] = [];
  const login = await context.newPage();
  await login.goto(base);
  await login.getByTestId("login-name").fill("admin");
  await login.getByTestId("login-password").fill(password);
  await login.getByTestId("login-submit").click();
  await login.getByTestId("user-menu").waitFor();
  await login.close();

  async function open(): Promise<Page> {
    const page = await context.newPage();
    page.setDefaultTimeout(SOON_MS);
    page.on("pageerror", (error) => heard.push(error.message));
    page.on("console", (message) => message.type() === "error" && heard.push(message.text()));
    await page.goto(base);
    await page.getByTestId("board").waitFor();
    return page;
  }

  return {
    ctx,
    town,
    server,
    collector,
    watch,
    desk,
    /** What was paid: by cashiers beside, and on pages. */
    intents: desk.intents,
    base,
    open,
    tiles: async () => ((await (await context.request.get(`${base}/api/board`)).json()) as { tiles: Tile[] }).tiles,
    /** Whatever a browser complained of, but for a line that we cut. */
    complaints: () => heard.filter((line) => !line.includes("net::ERR_")),
  };
}
