import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { pause, systemClock } from "#system/clock.ts";
import { DESK, PHONE, type Site, seriousBarriers } from "../../test/browser-site.ts";

/** One page in one language at one width, and what is wrong with it. `address` is without the site. */
export type Picture = {
  pattern: string;
  address: string;
  language: "zh-CN" | "en";
  width: "desk" | "phone";
  file: string;
  complaints: string[];
};

/** All pictures, and the patterns of pages to which no link led. */
export type Sheet = { pictures: Picture[]; notReached: string[] };

type Wanted = {
  out: string;
  /** Patterns that begin so. */
  only: string;
  languages: readonly Picture["language"][];
  widths: readonly Picture["width"][];
};

const SIZES = { desk: DESK, phone: PHONE };
const SETTLE_MS_MAX = 15_000;
const PICTURE_PX_MAX = 3_000;
/** Sub-pixels of a scaled border are no overflow. */
const OVERFLOW_PX = 2;

/** Every page of the console, by the list from which the console itself makes its routes. */
function patternsOfConsole(): string[] {
  const text = readFileSync(new URL("../../src/web/console/pages.tsx", import.meta.url), "utf8");
  return [...text.matchAll(/\{ path: "([^"]+)"/g)].map(([, path = ""]) => path);
}

/**
 * Follows links from the menu until every page has been found once, then takes them in each language and width. Where pages are shown is
 * therefore where a person finds them: what no link leads to is told as not reached.
 */
export async function takePictures(site: Site, wanted: Wanted, say: (line: string) => void): Promise<Sheet> {
  const patterns = patternsOfConsole().filter((each) => each.startsWith(wanted.only) || wanted.only === "/");
  const found = await findPages(site, patternsOfConsole(), wanted.only);
  const pictures: Picture[] = [];
  for (const language of wanted.languages) {
    for (const width of wanted.widths) {
      const page = await site.open({ as: "admin", size: SIZES[width], language });
      for (const pattern of patterns) {
        const address = found.get(pattern);
        if (address === undefined) continue;
        const file = `${nameOf(pattern)}.${language}.${width}.png`;
        const complaints = await takePicture(site, page, address, join(wanted.out, file));
        say(`${complaints.length === 0 ? "ok  " : "LOOK"} ${file} ${complaints.join("; ")}`);
        pictures.push({ pattern, address, language, width, file, complaints });
      }
      await page.context().close();
    }
  }
  return { pictures, notReached: patterns.filter((each) => !found.has(each)) };
}

/** The first address of every pattern to which the menu, or a page that it led to, has a link. */
async function findPages(site: Site, patterns: readonly string[], only: string): Promise<Map<string, string>> {
  const page = await site.open({ as: "admin" });
  await workALittle(page);
  const found = new Map<string, string>([["/", "/"]]);
  const queue = ["/"];
  for (let address = queue.shift(); address !== undefined; address = queue.shift()) {
    await show(site, page, address).catch(() => {}); // told when its picture is taken
    const links = await page.$$eval("a[href^='/']", (all) => all.map((each) => each.getAttribute("href") ?? ""));
    for (const link of links) {
      const pattern = patterns.find((each) => matches(each, link));
      if (pattern === undefined || found.has(pattern)) continue;
      found.set(pattern, link);
      queue.push(link);
    }
    if (only !== "/" && patterns.filter((each) => each.startsWith(only)).every((each) => found.has(each))) break;
  }
  await page.context().close();
  return found;
}

/** Whether an address is of a pattern such as `/records/:orderNo`; the more exact pattern stands first in the list. */
export function matches(pattern: string, link: string): boolean {
  const path = link.replace(/[?#].*$/, "");
  return new RegExp(`^${pattern.replaceAll(/:\w+/g, "[^/]+")}$`).test(path);
}

/** Some payments, so that lists are not empty. */
async function workALittle(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const board = (await (await fetch("/api/board")).json()) as { tiles: { meterId: number }[] };
    for (const { meterId } of board.tiles.slice(0, 3)) {
      await fetch("/api/recharges", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ key: crypto.randomUUID(), meterId, amount: "100", channel: "cash", note: "" }),
      });
    }
  });
}

async function show(site: Site, page: Page, address: string): Promise<void> {
  await page.goto(site.base + address);
  await page.waitForLoadState("networkidle", { timeout: SETTLE_MS_MAX }).catch(() => {}); // some pages ask again and again
  const deadline = systemClock() + SETTLE_MS_MAX;
  while ((await page.locator(".ant-spin-spinning, .ant-skeleton").count()) > 0) {
    if (systemClock() > deadline) throw new Error(`${address} is still loading`);
    await pause(50);
  }
}

async function takePicture(site: Site, page: Page, address: string, path: string): Promise<string[]> {
  site.complaints();
  const told: string[] = [];
  await show(site, page, address).catch((error) => told.push(`did not settle: ${String(error).split("\n")[0]}`));
  await wholePicture(page, path);
  const over = await page.evaluate<number>(
    "Math.max(...[...document.querySelectorAll('html, .middle, main')].map((each) => each.scrollWidth - each.clientWidth))",
  );
  if (over > OVERFLOW_PX) told.push(`${over} px wider than the window`);
  return [...told, ...(await seriousBarriers(page)), ...site.complaints()];
}

/** The console scrolls within itself: the window is made as high as what it shows. */
async function wholePicture(page: Page, path: string): Promise<void> {
  const size = page.viewportSize() ?? DESK;
  const hidden = await page.evaluate<number>(
    "Math.max(0, ...[...document.querySelectorAll('main, main *')].map((each) => each.scrollHeight - each.clientHeight))",
  );
  await page.setViewportSize({ ...size, height: Math.min(size.height + hidden, PICTURE_PX_MAX) });
  await page.screenshot({ path });
  await page.setViewportSize(size);
}

function nameOf(pattern: string): string {
  const name = pattern.replaceAll(/[/:]+/g, "-").replaceAll(/^-|-$/g, "");
  return name === "" ? "board" : name;
}
