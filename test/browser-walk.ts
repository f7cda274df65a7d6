import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { pause, systemClock } from "#system/clock.ts";
import type { Site } from "./browser-site.ts";

/** What a page may take until it shows what it has, on a busy machine. */
const SETTLE_MS_MAX = 60_000;

/** Every page of the console, by the list from which the console itself makes its routes. */
export function patternsOfConsole(): string[] {
  const text = readFileSync(new URL("../src/web/console/pages.tsx", import.meta.url), "utf8");
  return [...text.matchAll(/\{ path: "([^"]+)"/g)].map(([, path = ""]) => path);
}

/** Whether an address is of a pattern such as `/records/:orderNo`; the more exact pattern stands first in the list. */
export function matches(pattern: string, link: string): boolean {
  const path = link.replace(/[?#].*$/, "");
  return new RegExp(`^${pattern.replaceAll(/:\w+/g, "[^/]+")}$`).test(path);
}

/** The pattern of an address: one without a parameter wins over one with. */
export function patternOf(patterns: readonly string[], link: string): string | undefined {
  return patterns.find((each) => each === link.replace(/[?#].*$/, "")) ?? patterns.find((each) => matches(each, link));
}

/**
 * Goes through the console as a person does: from the board and the `starts` (pages to which a button leads) along every link, each page once.
 * `visit` is called when a page has settled. Several `pages` share the way. Answers where each page was found.
 */
export async function walkConsole(
  site: Site,
  pages: readonly Page[],
  starts: readonly string[],
  visit: (page: Page, pattern: string, address: string) => Promise<void> = async () => {},
): Promise<Map<string, string>> {
  const patterns = patternsOfConsole();
  const found = new Map<string, string>();
  const queue: { pattern: string; address: string }[] = [];
  const note = (address: string): void => {
    const pattern = patternOf(patterns, address);
    if (pattern === undefined || found.has(pattern)) return;
    found.set(pattern, address);
    queue.push({ pattern, address });
  };
  for (const address of [...starts, "/"]) note(address);
  while (queue.length > 0) {
    const now = queue.splice(0, pages.length);
    await Promise.all(
      now.map(async ({ pattern, address }, at) => {
        const page = pages[at] as Page;
        await show(site, page, address);
        if (pattern === "/") await page.getByTestId("user-menu").click(); // it has links of its own
        const links = await page.$$eval("a[href^='/']", (all) => all.map((each) => each.getAttribute("href") ?? ""));
        if (pattern === "/") await page.keyboard.press("Escape");
        await visit(page, pattern, address);
        for (const link of links) note(link);
      }),
    );
  }
  return found;
}

/** Opens an address and waits until nothing on the page says any more that it is loading. */
export async function show(site: Site, page: Page, address: string): Promise<void> {
  await page.goto(site.base + address, { waitUntil: "domcontentloaded" });
  const deadline = systemClock() + SETTLE_MS_MAX;
  for (let still = 0; still < 2; ) {
    const ready = await page.evaluate<boolean>(
      "document.querySelector('main, .notice') !== null && document.querySelector('.loading, .ant-spin-spinning, .ant-skeleton') === null",
    );
    still = ready ? still + 1 : 0;
    if (systemClock() > deadline) throw new Error(`${address} is still loading`);
    await pause(50);
  }
}
