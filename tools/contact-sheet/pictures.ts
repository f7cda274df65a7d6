import { join } from "node:path";
import type { Page } from "playwright-core";
import { besideServer } from "../../test/browser-past.ts";
import { barriersNow, DESK, PHONE, type Site, type Theme } from "../../test/browser-site.ts";
import { patternsOfConsole, show, walkConsole } from "../../test/browser-walk.ts";
import { livedIn } from "../../test/lived-in.ts";

/** One page in one language, theme and width, and what is wrong with it. `address` is without the site. */
export type Picture = {
  pattern: string;
  address: string;
  language: "zh-CN" | "en";
  width: "desk" | "phone";
  theme: Theme;
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
  themes: readonly Theme[];
};

const SIZES = { desk: DESK, phone: PHONE };
const PICTURE_PX_MAX = 3_000;
/** Sub-pixels of a scaled border are no overflow. */
const OVERFLOW_PX = 2;

/**
 * Lives in the site, follows links until every page has been found once, then takes them in each language, theme and width. Where pages are shown is
 * therefore where a person finds them: what no link leads to is told as not reached.
 */
export async function takePictures(site: Site, wanted: Wanted, say: (line: string) => void): Promise<Sheet> {
  const patterns = patternsOfConsole().filter((each) => each.startsWith(wanted.only) || wanted.only === "/");
  const beside = await besideServer(site.database);
  const starts = await livedIn({ site, ...beside });
  await beside.db.close();
  const walker = await site.open({ as: "admin" });
  const found = await walkConsole(site, [walker], starts);
  await walker.context().close();
  const pictures: Picture[] = [];
  for (const language of wanted.languages) {
    for (const theme of wanted.themes) {
      for (const width of wanted.widths) {
        const page = await site.open({ as: "admin", size: SIZES[width], language, theme });
        for (const pattern of patterns) {
          const address = found.get(pattern);
          if (address === undefined) continue;
          const file = `${nameOf(pattern)}.${language}.${theme}.${width}.png`;
          const complaints = await takePicture(site, page, address, join(wanted.out, file));
          say(`${complaints.length === 0 ? "ok  " : "LOOK"} ${file} ${complaints.join("; ")}`);
          pictures.push({ pattern, address, language, theme, width, file, complaints });
        }
        await page.context().close();
      }
    }
  }
  return { pictures, notReached: patterns.filter((each) => !found.has(each)) };
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
  return [...told, ...(await barriersNow(page)), ...site.complaints()];
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
