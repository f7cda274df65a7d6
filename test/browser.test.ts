import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { chineseTexts, DESK, PHONE, type Site, seriousBarriers } from "./browser-site.ts";
import { browserStories, hook, tileOf } from "./browser-stories.ts";

const HERO = "A座-0101"; // no credit left, therefore off; 0.75 yuan a unit

type Tile = { meterId: number; number: string; label: string; areaName: string };
type Meter = { purchaseCount: number; customer: { wallet: string; name: string }; concentrator: { name: string } };

browserStories("the console in a browser", ({ before, open }) => {
  let site: Site;
  let tiles: Tile[];

  before(async (opened) => {
    ({ site } = opened);
    tiles = (await site.ask<{ tiles: Tile[] }>("/api/board")).tiles;
  });

  const meterOf = ({ meterId }: Tile) => site.ask<Meter>(`/api/meters/${meterId}`);

  /** From the board to the drawer of one meter. */
  async function openDrawer(page: Page, tile: Tile): Promise<void> {
    await page.getByTestId(`tile-${tile.number}`).click();
    await page.getByTestId("fact-relay").waitFor();
  }

  /** From an open drawer to the dialog that asks for the last time. */
  async function fillIn(page: Page, amount: string): Promise<void> {
    await page.getByTestId("action-recharge").click();
    await page.getByTestId("amount").fill(amount);
    await page.getByTestId("open-confirm").click();
    await page.getByTestId("confirm-pay").waitFor();
  }

  test("a trip wants a reason, and the drawer shows what the meter's switch really is, off and on again", async () => {
    const page = await open({ as: "admin" });
    await openDrawer(page, tileOf(tiles, "A座-0106"));
    await page.getByTestId("action-trip").click();
    await page.getByTestId("switch-confirm").click();
    await page.getByText("请填写拉闸原因").waitFor();
    await page.getByTestId("switch-reason").fill("线路检修");
    await page.getByTestId("switch-confirm").click();
    await page.locator(hook("drawer-state", "off")).waitFor();
    expect(await page.getByTestId("fact-relay").textContent()).toContain("断开");
    expect(await page.getByTestId("fact-commanded").textContent()).toContain("断开");
    await page.locator(hook("command-progress", "confirmed")).waitFor();
    expect(await page.getByTestId("events").textContent()).toContain("线路检修");

    await page.getByTestId("action-close").click();
    await page.getByTestId("switch-confirm").click();
    await page.locator(hook("drawer-state", "normal")).waitFor();
    expect(await page.getByTestId("fact-relay").textContent()).toContain("接通");
    await page.locator(hook("command-progress", "confirmed")).waitFor();
  });

  test("a wrong password is said in a sentence, and the name stays", async () => {
    const page = await open({ as: "nobody" });
    await page.getByTestId("login-name").fill("admin");
    await page.getByTestId("login-password").fill("not this one");
    await page.getByTestId("login-submit").click();
    await page.getByTestId("login-problem").getByText("账号或密码错误").waitFor();
    expect(await page.getByTestId("login-name").inputValue()).toBe("admin");
    expect(await page.getByTestId("login-password").inputValue()).toBe("");
    expect(site.complaints()).toEqual([expect.stringContaining("401")]); // the browser's own line about the refusal
  });

  test.each([
    ["at a desk", DESK, "20"],
    ["on a phone", PHONE, "21"],
  ])("nothing keeps anybody out %s", async (_, size, amount) => {
    const barriers: Record<string, string[]> = {};
    const visitor = await open({ as: "nobody", size });
    await visitor.getByTestId("login-form").waitFor();
    barriers.login = await seriousBarriers(visitor);

    const tile = tileOf(tiles, "B座-0105");
    const page = await open({ as: "admin", size });
    await page.getByTestId(`tile-${tile.number}`).waitFor();
    barriers.board = await seriousBarriers(page);
    await openDrawer(page, tile);
    barriers.drawer = await seriousBarriers(page);
    await page.getByTestId("action-recharge").click();
    await page.getByTestId("amount").fill(amount);
    await page.locator('[data-testid="open-confirm"]:enabled').waitFor();
    barriers.desk = await seriousBarriers(page);
    await page.getByTestId("open-confirm").click();
    await page.getByTestId("confirm-pay").waitFor();
    barriers.confirm = await seriousBarriers(page);
    await page.getByTestId("confirm-pay").click();
    await page.getByTestId("order").waitFor();
    await page.goto(`${site.base}/records`);
    await page.getByTestId("records").waitFor();
    barriers.records = await seriousBarriers(page);
    expect(barriers).toEqual({ login: [], board: [], drawer: [], desk: [], confirm: [], records: [] });
  });

  test("in English no Chinese is left but names and what people wrote", async () => {
    const tile = tileOf(tiles, HERO);
    const { customer, concentrator } = await meterOf(tile);
    const { name } = await site.ask<{ name: string }>("/api/session");
    const [project] = (await site.ask<{ projects: { name: string }[] }>("/api/shifts")).projects;
    const customers = (await site.ask<{ items: { customer: string }[] }>("/api/recharges")).items;
    const names = [
      ...tiles.flatMap((each) => [each.label, each.areaName]),
      ...customers.map((each) => each.customer),
      customer.name,
      concentrator.name,
      project?.name ?? "",
      name,
    ].sort((one, other) => other.length - one.length); // a name may hold another: the longest first
    const left: Record<string, string[]> = {};
    const look = async (place: string, page: Page): Promise<void> => {
      const bare = (await chineseTexts(page)).map((text) =>
        names.reduce((rest, known) => rest.replaceAll(known, ""), text),
      );
      left[place] = bare.filter((text) => /\p{Script=Han}/u.test(text));
    };

    const visitor = await open({ as: "nobody", language: "en" });
    await visitor.getByTestId("login-form").waitFor();
    await look("login", visitor);
    const page = await open({ as: "admin", language: "en" });
    await openDrawer(page, tile);
    await page.getByTestId("events").waitFor();
    await look("board and drawer", page);
    await page.getByTestId("action-trip").click();
    await look("trip", page);
    await page.getByTestId("switch-cancel").click();
    await fillIn(page, "100");
    await look("desk and confirmation", page);
    await page.goto(`${site.base}/records`);
    await page.getByTestId("records").waitFor();
    await look("records", page);
    await page.getByTestId("records").getByRole("link").last().click();
    await page.getByTestId("receipt").waitFor();
    await look("receipt", page);
    await page.goto(`${site.base}/nowhere`);
    await page.getByTestId("not-found").waitFor();
    await look("nowhere", page);
    expect(left).toEqual(Object.fromEntries(Object.keys(left).map((place) => [place, []])));
  });
});
