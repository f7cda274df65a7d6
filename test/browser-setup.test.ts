import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { afterAll, expect, test } from "vitest";
import { instant } from "#base/time.ts";
import type { SetupView } from "#contract/setup.ts";
import { fromHex } from "#protocol/bytes.ts";
import { DEMO_MASTER_KEY, type MeterPlan, meterPlan } from "#simulator/plan.ts";
import { createTown, type Town } from "#simulator/town.ts";
import type { Db } from "#store/db.ts";
import { systemClock } from "#system/clock.ts";
import { bookFile } from "../src/server/excel/book.ts";
import { readImportFile } from "../src/server/excel-read/import-file.ts";
import { chineseTexts, PHONE, type Site, seriousBarriers } from "./browser-site.ts";
import { emptyStories, expectBooksRight, hook } from "./browser-stories.ts";

/** What meters use while they are compared. */
const USED_W = 500;
const CODE = "JC000880";

/** An upload of some sheets, each with its heads. */
async function upload(sheets: Record<string, [heads: string[], ...rows: string[][]]>) {
  const parts: Buffer[] = [];
  const book = Object.entries(sheets).map(([name, [heads, ...rows]]) => ({
    ...{ name, columns: heads.map(() => ({ width: 12 })), heads: [heads], rows },
  }));
  for await (const part of bookFile(book)) parts.push(part as Buffer);
  return { name: "阳光广场.xlsx", mimeType: "application/octet-stream", buffer: Buffer.concat(parts) };
}

const fitsWidth = async (page: Page, width: number) =>
  await expect.poll(() => page.evaluate<number>("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);

emptyStories("an installation is set up", ({ before, open, refusals }) => {
  let site: Site;
  let db: Db;
  before((opened) => {
    ({ site, db } = opened);
  });
  const devices: Town[] = [];
  afterAll(() => Promise.all(devices.map((device) => device.close())));

  /** A device in the field that dials in. */
  function dialling(key: string, meters: readonly MeterPlan[]): Town {
    const plan = { seed: 1, masterKey: DEMO_MASTER_KEY, concentrators: [{ id: CODE, key }], meters };
    const town = createTown({
      ...{ plan, speed: 1, bus: { baud: "instant", replyDelayMs: 0 } as const, now: () => instant(systemClock()) },
    });
    devices.push(town);
    for (const { number } of meters) town.setLoad(number, USED_W);
    town.step();
    town.dial({ host: "127.0.0.1", port: site.linkPort });
    return town;
  }
  const view = () => site.ask<SetupView>("/api/setup");
  const step = (page: Page, name: string, state: string) =>
    page.locator(`[data-testid="setup-${name}"][data-state="${state}"]`).waitFor();
  const count = async (table: "project" | "area" | "meter" | "face_reading" | "concentrator") =>
    (await db.read.selectFrom(table).selectAll().execute()).length;
  /** Logs in as a person does, on a computer of his own. */
  async function entered(login: string, password: string, size?: typeof PHONE): Promise<Page> {
    const page = await open({ as: "nobody", ...(size && { size, language: "en" as const }) });
    await page.getByTestId("login-name").fill(login);
    await page.getByTestId("login-password").fill(password);
    await page.getByTestId("login-submit").click();
    await page.getByTestId("user-menu").waitFor();
    return page;
  }

  test("UX 82, UX 83: from nothing to the first reading by the screen alone, left in the middle, gone on with by another computer", async () => {
    refusals(400, 401, 409, 422);
    const masterKey = fromHex(DEMO_MASTER_KEY) as Uint8Array;
    const meters = [1, 2, 3].map((n) => meterPlan({ seed: 1, masterKey, concentrator: CODE, c: 880, n: n + 1 }));

    // The board is empty and leads to the assistant, which begins with the project.
    const page = await open({ as: "admin" });
    await page.getByTestId("board-setup").click();
    await step(page, "project", "open");
    await page.getByTestId("setup-demo").waitFor();
    expect(await seriousBarriers(page)).toEqual([]);
    await page.getByTestId("setup-name").fill("阳光广场");
    await page.getByTestId("setup-electricity").fill("八毛");
    await page.getByTestId("setup-save").click();
    await page.getByTestId("setup-project-problem").getByText("单价有误").waitFor();
    expect([await page.getByTestId("setup-name").inputValue(), await count("project")]).toEqual(["阳光广场", 0]);

    // A second person saves first: nothing is made twice, and what was typed stays.
    const other = await open({ as: "admin" });
    await other.goto(`${site.base}/setup`);
    await other.getByTestId("setup-name").fill("阳光广场(一期)");
    await other.getByTestId("setup-electricity").fill("0.75");
    await other.getByTestId("setup-save").dblclick();
    await other.getByTestId("setup-saved").waitFor();
    await page.getByTestId("setup-elsewhere").getByText("0.75").waitFor();
    await page.getByTestId("setup-electricity").fill("0.8");
    await page.getByTestId("setup-save").click();
    await page.getByTestId("setup-elsewhere").waitFor();
    await expect.poll(() => page.getByTestId("setup-name").inputValue()).toBe("阳光广场");
    await page.getByTestId("setup-save").click();
    await step(page, "project", "done");
    await expect.poll(async () => (await view()).project).toMatchObject({ name: "阳光广场", electricityPrice: "0.80" });
    expect([await count("project"), await count("area")]).toEqual([1, 1]);

    // Areas from Excel: a wrong line is named before anything is sent.
    await page.getByTestId("setup-next").click();
    await step(page, "areas", "open");
    await page.getByTestId("setup-lines").fill("A座\t1层\n\t2层\nB座//\n/3层");
    await page.getByTestId("setup-lines-faults").getByText("第 4 行").waitFor();
    await expect.poll(() => page.getByTestId("setup-areas-add").isDisabled()).toBe(true);
    await page.getByTestId("setup-lines").fill("A座\t1层\n\t2层\nB座\t1层");
    await page.getByTestId("setup-areas-add").dblclick();
    await page.getByTestId("setup-areas-added").getByText("新建 5 个").waitFor();
    expect(await count("area")).toBe(6);

    // A concentrator, because each meter names its own; its key is shown once and stays with the installer.
    await page.getByTestId("setup-go-concentrators").click();
    await page.getByTestId("setup-port").getByText(String(site.linkPort)).waitFor();
    await page.getByTestId("setup-local").waitFor();
    await page.getByTestId("setup-add-concentrator").click();
    await page.getByTestId("new-concentrator-code").fill(CODE);
    await page.getByTestId("new-concentrator-name").fill("A座集中器");
    await page.getByTestId("new-concentrator-save").click();
    const linkKey = (await page.getByTestId("link-key").textContent()) ?? "";
    await page.getByTestId("link-key-done").click();
    await page.locator(hook(`setup-login-${CODE}`, "never")).waitFor();

    // A device that does not know the key is told, with the reason.
    const stranger = dialling("00".repeat(16), []);
    await page
      .locator(hook(`setup-login-${CODE}`, "refused"))
      .getByText("密钥不符")
      .waitFor();
    await step(page, "concentrators", "problem");
    await stranger.close();

    // He goes home. On another computer the next day the assistant opens where he was.
    await page.context().close();
    const later = await entered("admin", site.password);
    await later.getByTestId("menu-setup").click();
    await step(later, "meters", "open");
    const [taken] = await Promise.all([later.waitForEvent("download"), later.getByTestId("setup-file").click()]);
    const filled = await readImportFile(await readFile(await taken.path()));
    const areas = filled.rows.filter(({ sheet }) => sheet === "areas").map(({ values }) => values.area);
    expect(areas).toEqual(expect.arrayContaining(["阳光广场/A座/2层", "阳光广场/B座/1层"]));
    const heads = ["表号", "片区", "房间", "表型", "通信地址", "集中器编号", "单价", "起码", "模式"];
    const rows = meters.map((meter, i) => [
      ...[meter.number, `阳光广场/A座/${i + 1 > 2 ? 2 : i + 1}层`, `A${i + 1}01`, "jc1", meter.address, CODE, "电价"],
      ...[(meter.initialIndexWh / 1_000).toFixed(2), "后付费"],
    ]);
    const prices: [string[], string[]] = [
      ["价格名称", "类别", "单价(元)"],
      ["电价", "电", "0.8"],
    ];
    const bad = rows.map((row, i) => (i === 1 ? row.with(5, "JC999999") : row));
    await later.getByTestId("import-file").setInputFiles(await upload({ 价格: prices, 表计: [heads, ...bad] }));
    await later.getByTestId("import-faults").getByText("表计 · F3").waitFor();
    await step(later, "meters", "problem");
    expect(await count("meter")).toBe(0);
    await later.getByTestId("import-file").setInputFiles(await upload({ 价格: prices, 表计: [heads, ...rows] }));
    await later.getByTestId("import-tick").check();
    await later.getByTestId("import-accept").dblclick();
    await later.locator(hook("import", "done")).waitFor();
    await step(later, "meters", "done");
    expect(await count("meter")).toBe(3);

    // The right device comes: its login is seen, with its time.
    const device = dialling(linkKey, meters);
    await later.getByTestId("setup-next").click();
    await later
      .locator(hook(`setup-login-${CODE}`, "online"))
      .getByText(/在线,\d{4}-/)
      .waitFor();
    await step(later, "concentrators", "done");

    // Meters are read; what is typed from the face is compared. Garbage, a slipped decimal point, then the right number.
    await later.getByTestId("setup-next").click();
    await later.getByTestId("face-read-all").dblclick();
    const [first, second] = meters as [MeterPlan, MeterPlan];
    const row = later.locator(hook(`face-${first.number}`, "read"));
    await row.waitFor();
    const shown = () => (device.meter(first.number)?.indexWh ?? 0) / 1_000;
    await row.getByTestId("face-typed").fill("看不清");
    await row.getByTestId("face-compare").click();
    await later.getByTestId("face-problem").waitFor();
    await row.getByTestId("face-typed").fill((shown() * 10).toFixed(1));
    await row.getByTestId("face-compare").click();
    const own = later.getByTestId(`face-${first.number}`);
    await own.getByText("小数点").waitFor();
    await step(later, "readings", "problem");
    await own.getByTestId("face-read").click();
    await own.getByTestId("face-typed").fill(shown().toFixed(2));
    await own.getByTestId("face-compare").dblclick();
    await own.locator('[data-testid="face-verdict"]:not([data-verdict="different"])').waitFor();
    await step(later, "readings", "done");
    expect(await seriousBarriers(later)).toEqual([]);
    const kept = await db.read.selectFrom("face_reading").selectAll().orderBy("typed_at").execute();
    expect(kept.map(({ verdict }) => verdict === "different")).toEqual([true, false]);
    const read = kept.at(-1)?.read_wh ?? 0;
    expect(read).toBeGreaterThanOrEqual(first.initialIndexWh);
    expect(read).toBeLessThanOrEqual(device.meter(first.number)?.indexWh ?? 0);

    // Somebody else has compared the second meter's reading first: one comparison is kept of it, and he is told.
    const theirs = later.locator(hook(`face-${second.number}`, "read"));
    const { id: commandId, meter_id: meterId } = await db.read
      .selectFrom("command")
      .innerJoin("meter", "meter.id", "command.meter_id")
      .select(["command.id", "command.meter_id"])
      .where("meter.number", "=", second.number)
      .where("command.kind", "=", "read")
      .executeTakeFirstOrThrow();
    const typed = ((device.meter(second.number)?.indexWh ?? 0) / 1_000).toFixed(2);
    await site.tell("/api/setup/faces", { meterId, commandId, typed });
    await theirs.getByTestId("face-typed").fill("1");
    await theirs.getByTestId("face-compare").click();
    await later.getByTestId("face-problem").getByText(typed).waitFor();
    await theirs.getByTestId("face-typed").fill("");
    expect(await count("face_reading")).toBe(3);

    // Messages are not there yet: said so, and skipped.
    await later.getByTestId("setup-next").click();
    await later.getByTestId("setup-why").getByText("还不能发").waitFor();
    await later.getByTestId("setup-skip").dblclick();
    await step(later, "messages", "skipped");

    // A second administrator, on the page of users, and back.
    await later.getByTestId("setup-next").click();
    await later.getByTestId("setup-new-user").click();
    await later.getByTestId("setup-back").waitFor();
    await later.getByTestId("user-login").fill("second.admin");
    await later.getByTestId("user-name").fill("第二管理员");
    await later.getByTestId("role-tick-admin").check();
    await later.getByTestId("scope-kind").getByText("全部").click();
    await later.getByTestId("user-reason").fill("互为备份");
    await later.getByTestId("user-save").click();
    await later.getByTestId("password-text").waitFor();
    await later.getByTestId("password-done").click();
    await later.getByTestId("setup-back").getByRole("link").click();
    await step(later, "people", "done");
    await later.getByTestId("setup-next").click();
    const finish = later.locator(hook("setup-finish", "done"));
    await finish.getByText("阳光广场").waitFor();
    await finish.getByText("短信与微信").waitFor();
    await later.getByTestId("setup-no-key").waitFor();
    expect(await seriousBarriers(later)).toEqual([]);
    await later.getByTestId("setup-board").click();
    await later.getByTestId("board").getByText("A101").waitFor();
    await expectBooksRight(site);
  });

  test("UX 82: every step in English on a phone; what is done elsewhere shows by itself", async () => {
    const page = await open({ as: "admin", size: PHONE, language: "en" });
    for (const name of ["project", "areas", "meters", "concentrators", "readings", "messages", "people"]) {
      await page.goto(`${site.base}/setup?step=${name}`);
      await page.getByTestId(`setup-${name}`).waitFor();
      await fitsWidth(page, PHONE.width);
      expect([name, await seriousBarriers(page)]).toEqual([name, []]);
    }
    await page.goto(`${site.base}/setup?step=messages`);
    await page.getByTestId("setup-resume").click();
    await step(page, "messages", "open");
    await page.goto(`${site.base}/setup`);
    await step(page, "messages", "open"); // it is the next one again
    expect((await chineseTexts(page)).filter((text) => !/阳光|A座|系统管理员/.test(text))).toEqual([]);
    await site.tell("/api/setup/skip", { step: "messages", skipped: true });
    await step(page, "messages", "skipped");
    const { tops } = await view();
    await page.getByTestId("setup-go-areas").click();
    await page.getByTestId("setup-areas-now").getByText("5 areas").waitFor();
    await site.tell("/api/setup/areas", { topId: tops[0]?.areaId ?? 0, text: "C座" });
    await page.getByTestId("setup-areas-now").getByText("6 areas").waitFor();
  });
});

emptyStories("a simulated town is tried", ({ before, open, refusals }) => {
  let site: Site;
  before((opened) => {
    ({ site } = opened);
  });

  test("UX 83: one click enrols the simulated town; while nothing plays it the page says the command, then its meters are read", async () => {
    refusals(409);
    const page = await open({ as: "admin" });
    const other = await open({ as: "admin" });
    for (const each of [page, other]) {
      await each.goto(`${site.base}/setup`);
      await each.getByTestId("setup-demo").locator("summary").click();
      await each.getByTestId("setup-demo-open").click();
      await each.getByTestId("setup-demo-confirm").waitFor();
    }
    expect(await seriousBarriers(page)).toEqual([]);
    await Promise.all([page, other].map((each) => each.getByTestId("setup-demo-confirm").dblclick()));
    await page.locator(hook("setup-town", "stopped")).waitFor();
    await expect.poll(() => page.getByTestId("setup-command").innerText()).toBe("jichao simulator");
    await expect.poll(() => page.getByTestId("setup-demo").count()).toBe(0);
    const { meters } = await site.ask<SetupView>("/api/setup");
    expect(meters).toBeGreaterThan(50);
    expect(await seriousBarriers(page)).toEqual([]);
    site.startSimulator();
    await page.locator(hook("setup-town", "running")).waitFor();
    await expect.poll(async () => (await site.ask<SetupView>("/api/setup")).heard).toBeGreaterThan(0);
    expect(await site.ask<SetupView>("/api/setup")).toMatchObject({ meters, hasRootKey: true });
    await expectBooksRight(site);
  });
});
