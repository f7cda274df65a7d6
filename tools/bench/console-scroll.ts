import type { Site } from "./console.ts";
import { freshVisitor, shownAfter } from "./console-page.ts";
import { type BenchLine, round2 } from "./line-format.ts";

/** So fast a wheel is turned: a screenful in half a second. */
const PX_PER_S = 1_800;
const SECONDS = 5;
const FRAMES_MIN = 50;

/**
 * The board of all tiles while somebody scrolls through it: frames drawn a second. Floor: a page of the same length with nothing on it,
 * scrolled in the same way.
 */
export async function scrollLines({ browser, base, all, meters }: Site): Promise<BenchLine[]> {
  const context = await freshVisitor(browser, base, all);
  const page = await context.newPage();
  const count = `document.querySelectorAll(".area:not([hidden]) .tile").length === ${meters}`;
  await shownAfter(page, base, count);
  await page.locator("[data-testid='live-mark'][data-state='live']").waitFor();
  const frames = (selector: string) =>
    page.evaluate<number>(`(async () => {
      const box = document.querySelector(${JSON.stringify(selector)});
      const begin = performance.now();
      let frames = 0;
      for (let at = begin; at - begin < ${SECONDS * 1_000}; frames++) {
        at = await new Promise(requestAnimationFrame);
        box.scrollTop = Math.max(0, ((at - begin) / 1_000) * ${PX_PER_S});
      }
      return (frames * 1_000) / (performance.now() - begin);
    })()`);
  await page.evaluate(`document.querySelector("[data-testid='board']").scrollTop = 0`);
  const value = await frames("[data-testid='board']");
  await page.setContent(
    '<div id="bare" style="height:100vh;overflow:auto"><div style="height:60000px">floor</div></div>',
  );
  const floor = await frames("#bare");
  await context.close();
  return [
    {
      ...{
        bench: "console",
        case: `board of ${meters} tiles: frames a second while it is scrolled`,
        value: round2(value),
      },
      ...{ unit: "frames/s", floor: `an empty page: ${round2(floor)} frames/s`, ratio: round2(value / floor) },
      ...{ target: FRAMES_MIN, met: value >= FRAMES_MIN },
    },
  ];
}
