import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { barriersNow, DESK, PHONE, type Site } from "./browser-site.ts";
import { browserStories, SOON_MS } from "./browser-stories.ts";
import { patternOf, patternsOfConsole } from "./browser-walk.ts";
import { livedIn } from "./lived-in.ts";

/** Asks the server for nothing. */
const STILL = "/help";
/** Lists inside a page that has others besides. */
const INSIDE = [
  ...["/prices?view=tariffs", "/prices?view=changes", "/supply?view=windows", "/supply?view=calendar"],
  ...["/approvals?view=all", "/alarms?state=all&search=nobody"],
];
/** Pages that are about one thing, or are filled in: never empty, they only hold lists that may be. */
const NEVER_EMPTY =
  /\/:|\/new$|^\/(?:help|setup|account|roles|reliability|settings\/collection|alarms\/rules|recharge|imports|supply\?view=calendar)$/;

type Place = { left: number; top: number };
type Stop = { address: string; pattern: string; heading: { desk: Place; phone: Place } };
type Width = "desk" | "phone";

browserStories(
  "each list, table and chart of the console",
  ({ before, open }) => {
    let site: Site;
    let starts: string[];
    before(async (given) => {
      ({ site } = given);
      starts = await livedIn(given);
    });

    test("is designed for loading, nothing, failure and old age, wide and narrow", async () => {
      const pages = { desk: await open({ as: "admin", size: DESK }), phone: await open({ as: "admin", size: PHONE }) };
      const stops = await stopsOf(pages, starts);
      const reached = new Set(stops.map(({ pattern }) => pattern));
      expect(patternsOfConsole().filter((each) => !reached.has(each))).toEqual([]);
      const wrong: string[] = [];
      for (const state of ["loading", "empty", "failed", "stale"] as const)
        await Promise.all(
          (["desk", "phone"] as const).map(async (width) => {
            const page = pages[width];
            await page.getByTestId(`force-${state}`).click();
            for (const [at, stop] of stops.entries()) {
              if (stop.pattern === STILL) continue;
              // What keeps people out is looked for on every other page wide, on the others narrow.
              const isSearched = (at % 2 === 0) === (width === "desk");
              const said = await go(page, stop.address)
                .then(() => looked[state](page, { ...stop, isSearched }, width))
                .catch((error: Error) => [error.message.split("\n")[0] ?? ""]);
              wrong.push(...said.map((each) => `${state}, ${width}, ${stop.address}: ${each}`));
            }
            await page.getByTestId("force-none").click();
          }),
        );
      expect(wrong).toEqual([]);
    }, 420_000); // every page eight times, beside other programs

    test("nothing that writes is sent meanwhile, and every page says that a state is forced", async () => {
      const page = await open({ as: "admin" });
      await page.goto(`${site.base}/groups?force=empty`);
      await page.getByTestId("groups-empty").waitFor();
      await expect.poll(() => page.getByTestId("forced-bar").textContent()).toContain("不是真实数据");
      const sent: string[] = [];
      page.on("request", (request) => request.method() !== "GET" && sent.push(request.url()));
      const refused = await page.evaluate("fetch('/api/shifts', { method: 'POST', body: '{}' }).then((a) => a.json())");
      expect(refused).toMatchObject({ code: "states_forced" });
      expect(sent).toEqual([]);
      await page.getByTestId("force-none").click();
      await page.getByTestId("groups").waitFor();
    });

    test("is never forced by an address alone: the server has to say so", async () => {
      const page = await open({ as: "admin" });
      await page.route(/\/groups\?force/, async (route) => {
        const answer = await route.fetch();
        const body = (await answer.text()).replace('<meta name="forced-states" content="allowed">', "");
        await route.fulfill({ response: answer, body });
      });
      await page.goto(`${site.base}/groups?force=empty`);
      await page.getByTestId("groups").waitFor();
      await expect.poll(() => page.getByTestId("forced-bar").count()).toBe(0);
    });
  },
  { forcedStates: true },
);

/** Every page and where its heading is, found by links from the starts: without loading anything but data. */
async function stopsOf(pages: Record<Width, Page>, starts: readonly string[]): Promise<Stop[]> {
  const patterns = patternsOfConsole();
  const stops: Stop[] = [];
  const known = new Set<string>();
  const queue: { address: string; pattern: string }[] = [];
  const note = (address: string, pattern = patternOf(patterns, address)): void => {
    if (pattern === undefined || known.has(pattern)) return;
    known.add(pattern);
    queue.push({ address, pattern });
  };
  for (const address of [...starts, ...patterns.filter((each) => !each.includes(":"))]) note(address);
  for (const address of INSIDE) note(address, address);
  for (let stop = queue.shift(); stop !== undefined; stop = queue.shift()) {
    const { address, pattern } = stop;
    const [desk, phone] = await Promise.all(
      [pages.desk, pages.phone].map(async (page) => {
        await go(page, address);
        await settled(page);
        return headingOf(page);
      }),
    );
    if (!desk || !phone) throw new Error(`${address} has no heading`);
    stops.push({ address, pattern, heading: { desk, phone } });
    const links = await pages.desk.$$eval("a[href^='/']", (all) => all.map((each) => each.getAttribute("href") ?? ""));
    for (const link of links) note(link);
  }
  return stops;
}

/** Goes there as a link does: the page stays, so what is forced stays. Between two views of one page lies another. */
async function go(page: Page, address: string): Promise<void> {
  const path = await page.evaluate<string>("location.pathname");
  if (path !== STILL && address.replace(/[?].*/, "") === path) await go(page, STILL);
  await page.evaluate(`(() => {
    document.querySelector("main")?.setAttribute("data-left", "");
    history.pushState({}, "", ${JSON.stringify(address)});
    dispatchEvent(new PopStateEvent("popstate", { state: {} }));
  })()`);
  await until(page, "document.querySelector('main:not([data-left]) h1') !== null");
}

const settled = (page: Page) =>
  until(page, "document.querySelector('main .loading, .middle > .loading, .ant-spin-spinning') === null");

/** Waits in the page itself, which allows no other way to look often. */
function until(page: Page, holds: string): Promise<void> {
  return page.evaluate(`new Promise((done, fail) => {
    const last = performance.now() + ${SOON_MS};
    const look = () => {
      if (${holds}) done();
      else if (performance.now() > last) {
        const seen = (document.querySelector("main") ?? document.body).outerHTML.replace(/\\s+/g, " ").slice(0, 300);
        fail(new Error(${JSON.stringify(`never came: ${holds}`)} + "; at " + location.pathname + ": " + seen));
      }
      else setTimeout(look, 20);
    };
    look();
  })`);
}

const headingOf = (page: Page) =>
  page.evaluate<Place>(`(() => {
    const { left, top } = document.querySelector("main h1").getBoundingClientRect();
    return { left: Math.round(left), top: Math.round(top) };
  })()`);

type Look = (page: Page, stop: Stop & { isSearched: boolean }, width: Width) => Promise<string[]>;

/** What is wrong with a page in a state. */
const looked: Record<"loading" | "empty" | "failed" | "stale", Look> = {
  loading: async (page, { heading, isSearched }, width) => {
    await page.locator(".middle .loading[role=status]").first().waitFor();
    const said = await always(page, isSearched ? "main" : null);
    const now = await headingOf(page);
    if (now.left !== heading[width].left || now.top !== heading[width].top)
      said.push(`the heading jumps from ${JSON.stringify(now)} to ${JSON.stringify(heading[width])}`);
    if (await page.locator("main [role=alert]:visible").count()) said.push("fails before an answer came");
    return said;
  },
  empty: async (page, { pattern, isSearched }) => {
    await settled(page);
    const said = await always(page, isSearched ? "main" : null);
    const whys = page.locator("main .notice-lead, main .empty-line");
    if (!NEVER_EMPTY.test(pattern) && (await whys.count()) === 0) said.push("says nothing of being empty");
    if (await page.locator("main table:not([data-testid=calendar]) tbody:empty").count())
      said.push("shows a table without rows");
    return said;
  },
  failed: async (page, { isSearched }, width) => {
    await settled(page);
    const failures = page.locator(".middle [role=alert]:has(button)");
    await failures.first().waitFor();
    const said = await always(page, isSearched ? "main" : null);
    for (const text of await failures.allTextContents())
      if (!/\b[0-9a-z]{20,}\b/.test(text)) said.push(`gives no number: ${text}`);
    if (width === "phone") return said;
    await page.getByTestId("force-none").click();
    // A part may hold parts of its own, which come with it.
    for (let tries = 0; tries < 5 && (await again(page)); tries++) await settled(page);
    if (await page.locator("main [role=alert]:has(button)").count()) said.push("does not come back");
    await page.getByTestId("force-failed").click();
    return said;
  },
  stale: async (page, { pattern, isSearched }) => {
    const isBoard = pattern === "/";
    await page.getByTestId(isBoard ? "stale-banner" : "outdated-banner").waitFor();
    await page.locator('[data-testid="live-mark"][data-state="lost"]').waitFor();
    const said = await always(page, !isSearched ? null : isBoard ? ".banner" : ".outdated-banner");
    if (await page.locator("main .banner-error:visible button").count()) said.push("says it twice");
    return said;
  },
};

/** Tries everything again that failed; false when there was nothing. */
async function again(page: Page): Promise<boolean> {
  const clicked = await page.evaluate<number>(`(() => {
    const buttons = [...document.querySelectorAll("[role=alert] button")].filter((each) => each.textContent === "重试");
    for (const each of buttons) each.click();
    return buttons.length;
  })()`);
  if (clicked > 0) await until(page, "document.querySelector('[role=alert] button') === null").catch(() => {});
  return clicked > 0;
}

/** What holds in every state; `searched` is the part in which axe-core looks for barriers, if it does. */
async function always(page: Page, searched: string | null): Promise<string[]> {
  const said = searched === null ? [] : await barriersNow(page, undefined, searched);
  if (await page.getByTestId("page-broken").count()) said.push("is broken");
  const over = await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
  if (over > 0) said.push(`${over} px wider than the window`);
  return said;
}
