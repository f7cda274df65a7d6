import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { enrol } from "#server/test-town.ts";
import type { TestDatabase } from "#store/test-databases.ts";
import { launchBrowser } from "../../test/browser-site.ts";
import { freePort } from "../../test/free-port.ts";
import { buildWeb } from "../build-web.ts";
import { victim } from "../chaos/programs.ts";
import { deskLines } from "./console-desk.ts";
import { answeredAfter, bareLoad, freshVisitor, onLine, shownAfter, weightOf } from "./console-page.ts";
import { scrollLines } from "./console-scroll.ts";
import { buildConsoleSite, changeMeters, firstArea, labelOf } from "./console-site.ts";
import { wallLines } from "./console-wall.ts";
import { type BenchLine, type BenchOptions, median, round2 } from "./line-format.ts";
import { onDatabases } from "./on-databases.ts";

/** The drawn page is measured so often; the middle counts. */
const LOADS = 3;
const PAINTS = 5;
/** Of keys, clicks and changes the slowest counts. */
const ACTS = 8;
const SCRIPTS_KB_MAX = 400;
const FIRST_LOAD_MS_MAX = 2_500;
const PAINT_MS_MAX = 1_000;
const ACT_MS_MAX = 200;
const FILL_MS_MAX = 300;
const CHANGE_MS_MAX = 2_000;

/**
 * The console in a real browser before a real server with `--meters` (5000) tiles on its board: weight of its scripts, first load on a
 * simulated line, first paint, keys, clicks and changes. With `--minutes` also the board on a wall, left open while meters change. Floor:
 * the same page of somebody who sees one area only; for loads, as many bytes without a page.
 */
export async function bench({ meters = 5_000, minutes = 0, database = "sqlite" }: BenchOptions): Promise<BenchLine[]> {
  const { outDir } = await buildWeb({ quiet: true });
  const measured = async (_: string, fresh: () => Promise<TestDatabase>) => {
    const db = await fresh();
    await buildConsoleSite(db, meters);
    const folder = await mkdtemp(join(tmpdir(), "jichao-console-"));
    const port = await freePort();
    const server = victim(
      "server",
      {
        ...{ JICHAO_DB: db.url, JICHAO_DATA: folder, JICHAO_HTTP_PORT: String(port) },
        JICHAO_MASTER_KEY: "5a".repeat(32),
      },
      () => {},
    );
    await server.start("");
    const browser = await launchBrowser();
    try {
      const all = (await enrol(db, {})).token;
      const few = (await enrol(db, { areas: [1] })).token;
      const site: Site = { browser, db, base: `http://127.0.0.1:${port}`, outDir, meters, all, few };
      return [
        ...(await loads(site)),
        ...(await paints(site)),
        ...(await acts(site)),
        ...(await deskLines(site)),
        ...(await scrollLines(site)),
        ...(minutes > 0 ? await wallLines(site, minutes) : []),
      ];
    } finally {
      await browser.close();
      await server.end();
      await rm(folder, { recursive: true, force: true });
    }
  };
  return onDatabases(measured, { database });
}

/** Everything a part of the bench needs. `all` and `few` are sessions: of who sees every meter, and of who sees one area. */
export type Site = {
  browser: Browser;
  db: TestDatabase;
  base: string;
  outDir: string;
  meters: number;
  all: string;
  few: string;
};

const LOGIN_FORM = `document.querySelector("[data-testid='login-form']")`;

function tilesAre(count: number): string {
  return `document.querySelectorAll(".area:not([hidden]) > .tiles > .tile:not([hidden])").length === ${count}`;
}

async function loads({ browser, base, outDir, meters, all }: Site): Promise<BenchLine[]> {
  const lines: BenchLine[] = [];
  for (const [name, token, test] of [
    ["login", null, LOGIN_FORM],
    [`board of ${meters} tiles`, all, tilesAre(meters)],
  ] as const) {
    const took: number[] = [];
    let weight = { bytes: 0, scriptsKb: 0, files: 0 };
    for (let n = 0; n < LOADS; n++) {
      const context = await freshVisitor(browser, base, token);
      const page = await context.newPage();
      await onLine(page);
      took.push(await shownAfter(page, base, test));
      weight = await weightOf(page, outDir);
      await context.close();
    }
    const floors = [];
    for (let n = 0; n < LOADS; n++) floors.push(await bareLoad(browser, weight.bytes));
    lines.push(
      {
        ...{
          bench: "console",
          case: `${name}: scripts, gzip (${weight.files} files)`,
          value: round2(weight.scriptsKb),
        },
        ...{ unit: "kB", floor: null, ratio: null, target: SCRIPTS_KB_MAX, met: weight.scriptsKb <= SCRIPTS_KB_MAX },
      },
      line(`${name}: first load, 10 Mbit/s, 40 ms, empty cache`, median(took), {
        floor: median(floors),
        what: `${Math.round(weight.bytes / 1_000)} kB on that line alone`,
        target: FIRST_LOAD_MS_MAX,
      }),
    );
  }
  return lines;
}

async function paints({ browser, base, meters, all, few }: Site): Promise<BenchLine[]> {
  const painted = async (token: string, count: number) => {
    const context = await freshVisitor(browser, base, token);
    const page = await context.newPage();
    await shownAfter(page, base, tilesAre(count)); // fills the cache
    const took: number[] = [];
    for (let n = 0; n < PAINTS; n++) took.push(await shownAfter(page, base, tilesAre(count)));
    await context.close();
    return median(took);
  };
  const own = firstArea(meters).length;
  const floor = await painted(few, own);
  const value = await painted(all, meters);
  const what = `the same with ${own} tiles`;
  return [line(`board of ${meters} tiles: all drawn, warm cache`, value, { floor, what, target: PAINT_MS_MAX })];
}

async function acts(site: Site): Promise<BenchLine[]> {
  const { browser, base, db, meters, all, few } = site;
  const openBoard = async (token: string, count: number): Promise<Page> => {
    const context = await freshVisitor(browser, base, token);
    const page = await context.newPage();
    await shownAfter(page, base, tilesAre(count));
    await page.locator("[data-testid='live-mark'][data-state='live']").waitFor();
    return page;
  };
  const own = firstArea(meters);
  const everyone = Array.from({ length: meters }, (_, i) => i + 1);
  const took = async (token: string, ids: readonly number[]) => {
    const page = await openBoard(token, ids.length);
    const result = {
      keys: Math.max(...(await typed(page, ids))),
      opens: Math.max(...(await opened(page, ids, "head"))),
      fills: Math.max(...(await opened(page, ids.slice(ACTS), "all"))),
      changes: Math.max(...(await changed(page, db, ids))),
    };
    await page.context().close();
    return result;
  };
  const floor = await took(few, own);
  const value = await took(all, everyone);
  const what = `the same with ${own.length} tiles`;
  const named = (text: string) => `board of ${meters} tiles: ${text}`;
  return [
    line(named("a letter in the filter until its tiles are drawn, slowest"), value.keys, {
      ...{ floor: floor.keys, what, target: ACT_MS_MAX },
    }),
    line(named("a click until the drawer names the meter and its state, slowest"), value.opens, {
      ...{ floor: floor.opens, what, target: ACT_MS_MAX },
    }),
    line(named("a click until the drawer shows all, events and frames included, slowest"), value.fills, {
      ...{ floor: floor.fills, what, target: FILL_MS_MAX },
    }),
    line(named("a committed change until its tile is drawn, slowest"), value.changes, {
      ...{ floor: floor.changes, what, target: CHANGE_MS_MAX },
    }),
  ];
}

/** Types the end of a label letter by letter, and takes it back in the same way. */
async function typed(page: Page, ids: readonly number[]): Promise<number[]> {
  const filter = page.getByTestId("board-filter");
  await filter.click();
  const text = labelOf(ids[Math.floor(ids.length / 2)] ?? 1).slice(-ACTS / 2);
  const texts = Array.from({ length: text.length }, (_, i) => text.slice(0, i + 1));
  const took: number[] = [];
  for (const now of [...texts, ...texts.toReversed().slice(1), ""]) {
    const held = (await filter.inputValue()).length;
    const key = now.length > held ? now.slice(-1) : "Backspace";
    const count = ids.filter((id) => labelOf(id).includes(now)).length;
    took.push(await answeredAfter(page, () => page.keyboard.press(key), tilesAre(count)));
  }
  return took;
}

/** Opens one after another, until its head is drawn or nothing of it is still loading. */
async function opened(page: Page, ids: readonly number[], until: "head" | "all"): Promise<number[]> {
  const took: number[] = [];
  for (const id of ids.slice(0, ACTS)) {
    const click = () => page.locator(`[data-meter='${id}']`).click();
    const name = `document.querySelector(".drawer-name h2")?.textContent === "${labelOf(id)}"`;
    const head = `${name} && document.querySelector("[data-testid='drawer-state']")`;
    const all = `${head} && document.querySelector("[data-testid='last-day']") && !document.querySelector(".drawer .loading")`;
    took.push(await answeredAfter(page, click, until === "head" ? head : all));
    await page.getByTestId("drawer-close").click();
    await page.getByTestId("meter-drawer").waitFor({ state: "detached" });
  }
  return took;
}

/** By the clock of the machine, which browser and database share. */
async function changed(page: Page, db: TestDatabase, ids: readonly number[]): Promise<number[]> {
  const took: number[] = [];
  for (const [n, id] of ids.slice(0, ACTS).entries()) {
    const value = 700_000 + n * 1_000;
    const isShown = `document.querySelector("[data-meter='${id}'] b")?.textContent === "${value / 1_000}.0"`;
    const drawn = page.evaluate<number>(`benchUntil(() => ${isShown}).then((at) => performance.timeOrigin + at)`);
    await changeMeters(db, [id], value);
    const committed = performance.timeOrigin + performance.now();
    took.push((await drawn) - committed);
  }
  return took;
}

function line(
  what: string,
  value: number,
  { floor, what: of, target }: { floor: number; what: string; target: number },
) {
  return {
    ...{ bench: "console", case: what, value: round2(value), unit: "ms", floor: `${of}: ${round2(floor)} ms` },
    ...{ ratio: round2(value / floor), target, met: value <= target },
  };
}
