import type { Page } from "playwright-core";
import type { Site } from "./console.ts";
import { answeredAfter, freshVisitor, shownAfter } from "./console-page.ts";
import { CUSTOMERS_METER } from "./console-site.ts";
import { type BenchLine, median, round2 } from "./line-format.ts";

/** An amount as it is typed, and what the preview says the money is after each digit. */
const DIGITS = ["1", "2", "3", "4"];
const AMOUNTS = 5;
const PREVIEW_MS_MAX = 200;

/**
 * The recharge desk: from a digit of the amount to what the money would buy, drawn, which the server has calculated in between. Floor: the
 * same question and its answer alone, asked by the page without drawing anything.
 */
export async function deskLines({ browser, base, all }: Site): Promise<BenchLine[]> {
  const context = await freshVisitor(browser, base, all);
  const page = await context.newPage();
  await shownAfter(
    page,
    `${base}/recharge?meter=${CUSTOMERS_METER}`,
    `document.querySelector("[data-testid='amount']")`,
  );
  const took: number[] = [];
  for (let n = 0; n < AMOUNTS; n++) {
    await page.getByTestId("amount").fill("");
    for (let i = 0; i < DIGITS.length; i++) {
      const amount = Number(DIGITS.slice(0, i + 1).join(""));
      const said = `document.querySelector("[data-testid='preview'] .preview-sentence")?.textContent.replaceAll(",", "").startsWith("${amount}.00")`;
      took.push(await answeredAfter(page, () => page.keyboard.press(DIGITS[i] ?? ""), said));
    }
  }
  const floor = await bareAnswer(page);
  await context.close();
  const value = Math.max(...took);
  return [
    {
      ...{
        bench: "console",
        case: "desk: a digit of the amount until its preview, slowest",
        value: round2(value),
        unit: "ms",
      },
      ...{ floor: `the answer alone: ${round2(floor)} ms`, ratio: round2(value / floor) },
      ...{ target: PREVIEW_MS_MAX, met: value <= PREVIEW_MS_MAX },
    },
  ];
}

async function bareAnswer(page: Page): Promise<number> {
  const took: number[] = [];
  for (let n = 0; n < AMOUNTS * DIGITS.length; n++)
    took.push(
      await page.evaluate<number>(`(async () => {
        const from = performance.now();
        const body = JSON.stringify({ meterId: ${CUSTOMERS_METER}, amount: "${100 + n}" });
        const headers = { "content-type": "application/json" };
        const answer = await fetch("/api/recharges/preview", { method: "POST", headers, body });
        await answer.json();
        if (!answer.ok) throw new Error("no preview: " + answer.status);
        return performance.now() - from;
      })()`),
    );
  return median(took);
}
