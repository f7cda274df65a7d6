import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Browser, BrowserContext, CDPSession, Page } from "playwright-core";

/** The line that pages are first loaded on: 10 Mbit/s, 40 ms. */
const LINE = { offline: false, latency: 40, downloadThroughput: 1_250_000, uploadThroughput: 1_250_000 };
const WAIT_MS = 120_000;

/**
 * What is put into a page before its own scripts. `benchUntil(test)` resolves when the test holds and the frame in which it does was drawn,
 * with the time since the navigation began; `benchFrom` is when the last key or click came, in the same time.
 */
const METER = `
  globalThis.benchUntil = async (test) => {
    while (!test()) await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
    await new Promise((drawn) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = drawn;
      port2.postMessage(0);
    });
    return performance.now();
  };
  globalThis.benchTiles = (count) => {
    const tiles = document.getElementsByClassName("tile");
    return benchUntil(() => tiles.length === count);
  };
  for (const kind of ["keydown", "click"]) addEventListener(kind, (event) => (globalThis.benchFrom = event.timeStamp), true);
`;

/** Somebody's browser before it has ever seen the console. */
export async function freshVisitor(browser: Browser, base: string, token: string | null): Promise<BrowserContext> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: "reduce" });
  context.setDefaultTimeout(WAIT_MS);
  if (token !== null) await context.addCookies([{ name: "jc_s", value: token, url: base }]);
  await context.addInitScript(METER);
  return context;
}

/** Has a page load over the simulated line from now on. */
export async function onLine(page: Page): Promise<CDPSession> {
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Network.emulateNetworkConditions", LINE);
  return session;
}

/** Goes to an address, and says after how many ms the test (an expression) held and was drawn. */
export async function shownAfter(page: Page, address: string, test: string): Promise<number> {
  await page.goto(address, { waitUntil: "commit" });
  return page.evaluate<number>(`benchUntil(() => ${test})`);
}

/** How long after the last key or click the test held and was drawn, ms. */
export async function answeredAfter(page: Page, act: () => Promise<void>, test: string): Promise<number> {
  await act();
  return page.evaluate<number>(`benchUntil(() => ${test}).then((at) => at - benchFrom)`);
}

/** Bytes that came over the line for the page as it is now, and its scripts with their weight packed, kB (1000 bytes). */
export async function weightOf(
  page: Page,
  outDir: string,
): Promise<{ bytes: number; scriptsKb: number; files: number }> {
  const { bytes, scripts } = await page.evaluate<{ bytes: number; scripts: string[] }>(`(() => {
    const all = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
    return {
      bytes: all.reduce((sum, each) => sum + (each.transferSize ?? 0), 0),
      scripts: all.map((each) => new URL(each.name).pathname).filter((path) => path.endsWith(".js")),
    };
  })()`);
  const files = [...new Set(scripts)];
  const packed = files.map((path) => gzipSync(readFileSync(join(outDir, path))).length);
  return { bytes, scriptsKb: packed.reduce((sum, each) => sum + each, 0) / 1_000, files: files.length };
}

/** The floor of a first load: a page without anything that fetches so many bytes on the same line, ms. */
export async function bareLoad(browser: Browser, bytes: number): Promise<number> {
  const text = '<!doctype html><title>floor</title><link rel="icon" href="data:,"><p>floor';
  const load = randomBytes(bytes);
  const server = createServer((request, answer) => void answer.end(request.url === "/bytes" ? load : text));
  await new Promise<void>((done) => void server.listen(0, "127.0.0.1", done));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await onLine(page);
    await page.goto(`http://127.0.0.1:${port}/`, { waitUntil: "commit" });
    return await page.evaluate<number>(
      'fetch("/bytes").then((answer) => answer.arrayBuffer()).then(() => performance.now())',
    );
  } finally {
    await context.close();
    server.closeAllConnections();
    server.close();
  }
}
