import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import type { LedgerReport } from "#flows/verify-ledger.ts";
import type { TownSnapshot } from "#simulator/snapshot.ts";
import { pause, systemClock } from "#system/clock.ts";
import { buildWeb } from "../tools/build-web.ts";
import { BROWSERS, missingHere } from "../tools/test/machine.ts";
import type { Colleague } from "./browser-people.ts";

const jichao = fileURLToPath(new URL("../src/cli/jichao.ts", import.meta.url));
const axeSource = readFileSync(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8");
const PASSWORD = "browser-story-1";
const START_MS = 60_000; // beside other programs on two cores
/** A browser that talks to nobody but the page. */
const QUIET = [
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The colours of a page. */
export type Theme = "light" | "dark";

/** Widths that the pages are made for: a desk and a phone. */
export const DESK = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };

/** Why the stories cannot run here, or null when they can. */
export function noBrowserHere(): string | null {
  if (chromiumPath() !== null) return null;
  return missingHere().find((sentence) => sentence.startsWith("Chromium")) ?? "Chromium was not found.";
}

function chromiumPath(): string | null {
  const named = process.env.CHROMIUM_PATH;
  if (named !== undefined && named !== "") return named;
  const folders = (process.env.PATH ?? "").split(delimiter);
  return (
    BROWSERS.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path)) ?? null
  );
}

/** A browser of its own, without a window. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath() ?? "", args: QUIET });
}

/** The programs of one site with its simulated town, a browser in front of them, and what the browser complained of. */
export type Site = {
  base: string;
  password: string;
  /** The embedded database, for who wants to do to it what no program would. */
  database: string;
  /** Where concentrators dial in. */
  linkPort: number;
  /** A new page; `as` is who is logged in on it. */
  open: (options: {
    as: "admin" | "nobody" | Colleague;
    size?: typeof DESK;
    language?: "zh-CN" | "en";
    theme?: Theme;
  }) => Promise<Page>;
  /** Tells the simulated town something, e.g. `/meters/…/offline`. */
  town: (path: string, fields: object) => Promise<void>;
  /** What the simulated meters themselves remember. */
  snapshot: () => Promise<TownSnapshot>;
  /** Runs `jichao simulator` beside an empty site. */
  startSimulator: () => void;
  /** What `jichao ledger verify` says of the site's books. */
  books: () => Promise<LedgerReport>;
  /** What the server answers a logged-in user. */
  ask: <T>(path: string) => Promise<T>;
  /** Has the administrator do something; throws what the server said when it refused. Bytes go as they are. */
  tell: <T>(path: string, body: object | Buffer) => Promise<T>;
  /** Console errors, refused policies and foreign requests since the last call. */
  complaints: () => string[];
  close: () => Promise<void>;
};

/**
 * Builds the pages, starts `jichao start` with its simulated town on free ports with a folder of its own, and a browser. `forcedStates`: as
 * for developers.
 */
export function openSite({ forcedStates = false } = {}): Promise<Site> {
  return openWith({ town: true, forcedStates });
}

/** The same with nothing in the database, and nobody who plays meters until {@link Site.startSimulator}. */
export function openEmptySite(): Promise<Site> {
  return openWith({ town: false, forcedStates: false });
}

async function openWith({ town, forcedStates }: { town: boolean; forcedStates: boolean }): Promise<Site> {
  await buildWeb({ quiet: true });
  const data = mkdtempSync(join(tmpdir(), "jichao-browser-"));
  const [http, link, simulator] = [await freePort(), await freePort(), await freePort()];
  const base = `http://127.0.0.1:${http}`;
  const env = {
    ...process.env,
    JICHAO_DATA: data,
    JICHAO_ADMIN_PASSWORD: PASSWORD,
    JICHAO_HTTP_PORT: String(http),
    JICHAO_LINK_PORT: String(link),
    JICHAO_COLLECTOR_HTTP_PORT: "0",
    JICHAO_SIMULATOR_PORT: String(simulator),
    JICHAO_SIMULATOR_BAUD: "instant",
    JICHAO_READ_INTERVAL_SECONDS: "2",
    JICHAO_FORCED_STATES: forcedStates ? "on" : "off",
    ...(town ? {} : { JICHAO_SIMULATOR: "off" }),
  };
  const program = spawn(process.execPath, [jichao, "start"], { env, stdio: ["ignore", "pipe", "pipe"] });
  const output: string[] = [];
  for (const stream of [program.stdout, program.stderr]) stream.on("data", (chunk) => output.push(String(chunk)));
  let browser: Browser | null = null;
  let alone: ChildProcess | null = null;
  const close = async (): Promise<void> => {
    await browser?.close();
    if (alone !== null) await stop(alone);
    await stop(program);
    rmSync(data, { recursive: true, force: true });
  };
  try {
    await untilThere(base, { program, output, readingsMin: town ? 1 : 0 });
    browser = await launchBrowser();
    const heard: string[] = [];
    const admin = await loggedIn(browser, base);
    const cookiesOf = (as: "admin" | "nobody" | Colleague) =>
      as === "admin" ? admin.cookies : as === "nobody" ? [] : [{ ...as.cookie, url: base }];
    return {
      base,
      password: PASSWORD,
      database: join(data, "jichao.db"),
      linkPort: link,
      close,
      complaints: () => heard.splice(0),
      open: ({ as, size = DESK, language = "zh-CN", theme = "light" }) =>
        openPage({ browser, base, heard, size, language, theme, cookies: cookiesOf(as) }),
      ask: (path) => admin.context.request.get(base + path).then((answer) => answer.json()),
      tell: async (path, body) => {
        const type = Buffer.isBuffer(body) ? { "content-type": "application/octet-stream" } : {};
        const answer = await admin.context.request.post(base + path, {
          data: body,
          headers: { origin: base, ...type },
        });
        if (!answer.ok()) throw new Error(`${path}: ${await answer.text()}`);
        return answer.json().catch(() => null);
      },
      snapshot: async () => (await (await fetch(`http://127.0.0.1:${simulator}/state`)).json()) as TownSnapshot,
      books: () => verified(env),
      startSimulator: () => {
        alone = spawn(process.execPath, [jichao, "simulator"], { env, stdio: "ignore" });
      },
      town: async (path, fields) => {
        const answer = await fetch(`http://127.0.0.1:${simulator}${path}`, {
          method: "POST",
          body: JSON.stringify(fields),
        });
        if (!answer.ok) throw new Error(`the town refused ${path}: ${await answer.text()}`);
      },
    };
  } catch (cause) {
    await close();
    throw cause;
  }
}

async function verified(env: NodeJS.ProcessEnv): Promise<LedgerReport> {
  const { stdout } = await promisify(execFile)(process.execPath, [jichao, "ledger", "verify"], { env }).catch(
    (failed: { stdout: string }) => failed,
  );
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as LedgerReport;
}

type Cookies = Parameters<BrowserContext["addCookies"]>[0];
type PageOptions = {
  browser: Browser | null;
  base: string;
  heard: string[];
  size: typeof DESK;
  language: string;
  theme: Theme;
  cookies: Cookies;
};

async function openPage({ browser, base, heard, size, language, theme, cookies }: PageOptions): Promise<Page> {
  if (browser === null) throw new Error("the browser is closed");
  const context = await browser.newContext({ viewport: size, reducedMotion: "reduce" });
  await context.addCookies(cookies);
  await context.addInitScript(`localStorage.setItem("jichao.language", ${JSON.stringify(language)});
    localStorage.setItem("jichao.theme", localStorage.getItem("jichao.theme") ?? ${JSON.stringify(theme)});
    document.addEventListener("securitypolicyviolation", (event) =>
      console.error("policy refused " + event.violatedDirective + " " + event.blockedURI));`);
  const page = await context.newPage();
  page.on("console", (message) => message.type() === "error" && heard.push(message.text()));
  page.on("pageerror", (error) => heard.push(error.message));
  page.on("request", (request) => {
    if (!/^(data|blob):/.test(request.url()) && new URL(request.url()).origin !== base)
      heard.push(`a request left for ${request.url()}`);
  });
  await page.goto(base);
  return page;
}

/** One log-in for all stories: they are limited to a few a minute. */
async function loggedIn(browser: Browser, base: string) {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(base);
  await page.getByTestId("login-name").fill("admin");
  await page.getByTestId("login-password").fill(PASSWORD);
  await page.getByTestId("login-submit").click();
  await page.getByTestId("user-menu").waitFor();
  await page.close();
  return { context, cookies: await context.cookies() };
}

/** Changes the colours of a page that is open, as another tab of the same user would. */
export async function showTheme(page: Page, theme: Theme): Promise<void> {
  await page.evaluate(`new Promise((done) => {
    localStorage.setItem("jichao.theme", "${theme}");
    dispatchEvent(new StorageEvent("storage", { key: "jichao.theme" }));
    requestAnimationFrame(() => requestAnimationFrame(done));
  })`);
}

/** What axe-core finds serious or critical on the page as it is now, in light and in dark, one line for each. */
export async function seriousBarriers(page: Page): Promise<string[]> {
  await showTheme(page, "dark");
  const dark = await barriersNow(page, COLOUR_RULES);
  await showTheme(page, "light");
  return [...(await barriersNow(page)), ...dark.map((each) => `in dark: ${each}`)];
}

/** What a change of colours can break; all else is the same in both themes. */
const COLOUR_RULES = ["color-contrast", "link-in-text-block"];

/** The same for the colours that the page has now; by all rules of axe-core, or by some; of the whole page, or of a part. */
export async function barriersNow(page: Page, rules?: readonly string[], part?: string): Promise<string[]> {
  await page.evaluate(`typeof axe === "undefined" && (() => { ${axeSource} })()`);
  const found = await page.evaluate<{ id: string; impact: string; nodes: { html: string }[] }[]>(
    `axe.run(${part === undefined ? "document" : JSON.stringify(part)}, { resultTypes: ['violations'], preload: false, ${rules ? `runOnly: ${JSON.stringify(rules)}` : ""} }).then((result) => result.violations)`,
  );
  return found
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 200)).join(" | ")}`);
}

/** Every Chinese text on the page, names of things included; not what says that it is Chinese, nor decoded frames. */
export function chineseTexts(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(`(() => {
    const han = /\\p{Script=Han}/u;
    const left = (element) => element.closest("[lang='zh-CN']:not(html), [data-testid='frames'], script, style");
    const texts = [document.title];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) if (!left(walker.currentNode.parentElement)) texts.push(walker.currentNode.data);
    for (const element of document.querySelectorAll("[aria-label], [title], [placeholder]"))
      if (!left(element)) for (const name of ["aria-label", "title", "placeholder"]) texts.push(element.getAttribute(name) ?? "");
    return texts.filter((text) => han.test(text));
  })()`);
}

async function untilThere(
  base: string,
  { program, output, readingsMin }: { program: ChildProcess; output: readonly string[]; readingsMin: number },
): Promise<void> {
  const deadline = systemClock() + START_MS;
  for (;;) {
    const readings = await fetch(`${base}/api/health`).then(
      async (answer) => ((await answer.json()) as { readings: number }).readings,
      () => -1,
    );
    if (readings >= readingsMin) return;
    if (program.exitCode !== null || systemClock() > deadline) throw new Error(`no living town:\n${output.join("")}`);
    await pause(50);
  }
}

async function stop(program: ChildProcess): Promise<void> {
  if (program.exitCode !== null || program.signalCode !== null) return;
  const ended = new Promise((resolve) => program.once("exit", resolve));
  program.kill("SIGTERM");
  const impatience = setTimeout(() => program.kill("SIGKILL"), 5_000);
  await ended;
  clearTimeout(impatience);
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}
