import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, vi } from "vitest";
import type { FlowContext } from "#flows/context.ts";
import type { Db } from "#store/db.ts";
import { besideServer } from "./browser-past.ts";
import { noBrowserHere, openEmptySite, openSite, type Site } from "./browser-site.ts";

/** What may be waited for on a busy machine. */
export const SOON_MS = 60_000;
const OPENING_MS = 240_000;
/** A story is many steps, each of which may be waited for. */
const STORY_MS_MAX = 300_000;

/** A site, and its database as a second program beside the server sees it. */
export type Opened = { site: Site; db: Db; ctx: FlowContext };

/** What the stories of one file are told on. */
export type Stage = {
  /** Looks at the site once it is open, and prepares it; before the first story. */
  before: (prepare: (opened: Opened) => void | Promise<void>) => void;
  /** A page that is closed when its story is over. */
  open: Site["open"];
  /** Says that this story has the server refuse something with these statuses; the browser notes each, possibly late. */
  refusals: (...statuses: readonly number[]) => void;
};

/**
 * Stories in a browser over one site, skipped where there is no browser. After each its pages are closed, and the browser must not have
 * complained of anything that the story did not expect. `soonMs` is how long a page is waited for, `forcedStates` whether a developer's switch is
 * on every page.
 */
export function browserStories(
  what: string,
  tell: (stage: Stage) => void,
  { soonMs = SOON_MS, forcedStates = false } = {},
): void {
  storiesOn(() => openSite({ forcedStates }), { what, tell, soonMs });
}

/** The same over a site in which nothing is yet. */
export function emptyStories(what: string, tell: (stage: Stage) => void): void {
  storiesOn(openEmptySite, { what, tell, soonMs: SOON_MS });
}

type Telling = { what: string; tell: (stage: Stage) => void; soonMs: number };

function storiesOn(openOne: () => Promise<Site>, { what, tell, soonMs }: Telling): void {
  const reason = noBrowserHere();
  vi.setConfig({ testTimeout: STORY_MS_MAX });
  describe.skipIf(reason !== null)(`${what}${reason === null ? "" : ` (not run: ${reason})`}`, () => {
    let opened: Opened | undefined;
    let site: Site;
    const pages: Page[] = [];
    const expected: number[] = [];
    const preparations: ((opened: Opened) => void | Promise<void>)[] = [];
    beforeAll(async () => {
      site = await openOne();
      opened = { site, ...(await besideServer(site.database)) };
      for (const prepare of preparations) await prepare(opened);
    }, OPENING_MS);
    afterEach(async () => {
      for (const page of pages.splice(0)) await page.context().close();
      const refused = expected.splice(0);
      const isExpected = (line: string) =>
        refused.some((status) => line.includes(`responded with a status of ${status} `));
      expect(site.complaints().filter((line) => !isExpected(line))).toEqual([]);
    });
    afterAll(async () => {
      await opened?.db.close();
      await site?.close();
    });
    tell({
      before: (prepare) => preparations.push(prepare),
      refusals: (...statuses) => expected.push(...statuses),
      open: async (options) => {
        const page = await site.open(options);
        page.setDefaultTimeout(soonMs);
        pages.push(page);
        return page;
      },
    });
  });
}

/** The tiles of the board that no filter leaves out. */
export const SEEN_TILES = "[data-testid='board'] .area:not([hidden]) .tile:not([hidden])";

/** Something on the page in a state. */
export const hook = (name: string, state: string) => `[data-testid="${name}"][data-state="${state}"]`;

/** The tile of a meter that has to be there, by what it is called. */
export function tileOf<Tile extends { label: string }>(tiles: readonly Tile[], label: string): Tile {
  const tile = tiles.find((each) => each.label === label);
  if (tile === undefined) throw new Error(`no meter ${label}`);
  return tile;
}

/** How many sheets come out of the printer, on the paper that the page asks for. */
export async function sheetsOfPaper(page: Page): Promise<number> {
  const pdf = await page.pdf({ preferCSSPageSize: true });
  return pdf.toString("latin1").match(/\/Type \/Page\b/g)?.length ?? 0;
}

/** `jichao ledger verify` finds the books of a site whole and in balance. */
export async function expectBooksRight(site: Site): Promise<void> {
  expect(await site.books()).toMatchObject({ ok: true, sumE4: 0, problems: [] });
}
