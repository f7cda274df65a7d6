import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import type { Page } from "playwright-core";
import readSheet from "read-excel-file/node";
import { afterAll, describe, expect, test } from "vitest";
import type { Day, Month } from "#base/time.ts";
import { missingHere } from "../tools/test/machine.ts";
import { givePast } from "./browser-past.ts";
import { PHONE, type Site, seriousBarriers } from "./browser-site.ts";
import { browserStories } from "./browser-stories.ts";
import { until } from "./until.ts";

const noOffice = missingHere().find((sentence) => sentence.startsWith("LibreOffice")) ?? null;

browserStories("exports", ({ before, open, refusals }) => {
  let site: Site;
  let past: { month: Month; days: Day[] };
  before(async (opened) => {
    site = opened.site;
    const { db, ctx } = opened;
    await until("every meter that answers was read", async () => {
      const row = await db.read
        .selectFrom("reading")
        .select((eb) => eb.fn.count<number>("meter_id").distinct().as("n"))
        .executeTakeFirstOrThrow();
      return row.n >= 90;
    });
    past = await givePast(ctx);
  });
  async function taken(page: Page, button: string): Promise<Buffer> {
    const saved = page.waitForEvent("download");
    await page.getByTestId(button).first().click();
    return readFileSync(await (await saved).path());
  }

  /** The figure in Wh, or yuan, behind one cell of a page. */
  async function shown(page: Page, testId: string, attribute: "data-wh"): Promise<number> {
    const cell = page.getByTestId(testId).first();
    await cell.waitFor();
    return Number(await cell.getAttribute(attribute));
  }

  test("readings of the whole site are made in the background, and add up to the day report of the page", async () => {
    const page = await open({ as: "admin" });
    const day = past.days[9] as Day;
    await page.goto(`${site.base}/reports/day?day=${day}`);
    const usageWh = await shown(page, "day-usage", "data-wh");
    await page.goto(`${site.base}/exports?from=${day}&to=${day}`);
    await page.getByTestId("exports-empty").waitFor();
    await page.getByTestId("slots-ask").click();
    const job = page.getByTestId("export-job").first();
    await job.waitFor();
    await page.locator('[data-testid="export-job"][data-state="done"]').waitFor();
    expect(Number(await job.getByTestId("export-rows").getAttribute("data-done"))).toBeGreaterThan(24 * 50);
    const [sheet] = await readSheet(await taken(page, "export-download"));
    const rows = sheet?.data ?? [];
    expect(Math.round(Number(rows.at(-1)?.[9]) * 1000)).toBe(usageWh);
    expect(rows[0]?.[0]).toBe(`时段读数 ${day}`);
    expect(await seriousBarriers(page)).toEqual([]);
    await page.setViewportSize(PHONE);
    const wide = await page.evaluate<number>("document.documentElement.scrollWidth - window.innerWidth");
    expect(wide).toBeLessThanOrEqual(0);
    await page.getByTestId("export-cancel").first().click(); // throws the file away
    await page.locator('[data-testid="export-job"][data-state="expired"]').waitFor();
  });

  test("a table that is too long for now goes to the background by itself, and the top bar tells of it", async () => {
    const page = await open({ as: "admin" });
    // The server says so when there are 20 000 rows; here its answer alone is taken for it.
    refusals(409);
    await page.route("**/api/reports/day/export?*", (route) =>
      route.fulfill({
        status: 409,
        contentType: "application/json",
        body: JSON.stringify({
          code: "export_in_background",
          message: "x",
          details: { rows: 20_001, max: 20_000 },
          requestId: "0".repeat(20),
        }),
      }),
    );
    await page.goto(`${site.base}/reports/day?day=${past.days[9]}`);
    await page.getByTestId("export").click();
    await page.getByTestId("export-background").waitFor();
    await page.getByTestId("export-tray").click();
    await page.locator('[data-testid="export-job"][data-state="done"]').first().waitFor();
    const [sheet] = await readSheet(await taken(page, "export-download"));
    expect(sheet?.data[0]?.[0]).toBe(`日报表 ${past.days[9]}`);
  });

  describe.skipIf(noOffice !== null)(
    `opened by LibreOffice${noOffice === null ? "" : ` (not run: ${noOffice})`}`,
    () => {
      const folder = mkdtempSync(join(tmpdir(), "jichao-office-"));
      afterAll(() => rmSync(folder, { recursive: true, force: true }));

      /** The rows of a file as LibreOffice shows them, with full digits. */
      async function opened(name: string, file: Buffer): Promise<string[][]> {
        writeFileSync(join(folder, `${name}.xlsx`), file);
        const office = (process.env.PATH ?? "")
          .split(delimiter)
          .map((at) => join(at, "soffice"))
          .find(existsSync);
        const as = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false";
        const profile = `-env:UserInstallation=file://${folder}/profile`;
        await promisify(execFile)(office ?? "soffice", [
          ...[
            profile,
            "--headless",
            "--norestore",
            "--convert-to",
            as,
            "--outdir",
            folder,
            join(folder, `${name}.xlsx`),
          ],
        ]);
        expect(readdirSync(folder)).toContain(`${name}.csv`);
        return readFileSync(join(folder, `${name}.csv`), "utf8")
          .trim()
          .split("\n")
          .map((line) => line.split(",").map((cell) => cell.replace(/^"(.*)"$/, "$1")));
      }

      test("the day report has the totals of the page", async () => {
        const page = await open({ as: "admin" });
        await page.goto(`${site.base}/reports/day?day=${past.days[9]}`);
        const usageWh = await shown(page, "day-usage", "data-wh");
        const cost = await page.getByTestId("day-cost").first().getAttribute("data-yuan");
        const rows = await opened("day", await taken(page, "export"));
        const total = rows.at(-1) ?? [];
        const head = rows.find((row) => row.includes("用量")) ?? [];
        const [usageAt, costAt] = [head.indexOf("用量"), head.findIndex((cell) => cell.startsWith("费用"))];
        expect(total[0]).toBe("合计");
        expect(Math.round(Number(total[usageAt]) * 1000)).toBe(usageWh);
        expect(Number(total[costAt])).toBe(Number(cost));
        const data = rows.slice(rows.indexOf(head) + 1, -1);
        expect(data.reduce((sum, row) => sum + Math.round(Number(row[usageAt]) * 1000), 0)).toBe(usageWh);
      });

      test("the month report has the totals of the page", async () => {
        const page = await open({ as: "admin" });
        await page.goto(`${site.base}/reports/periods?period=${past.month}&kind=electricity`);
        const usageWh = await shown(page, "period-total", "data-wh");
        const rows = await opened("month", await taken(page, "export"));
        const head = rows.find((row) => row.includes("用量")) ?? [];
        const total = rows.at(-1) ?? [];
        expect(Math.round(Number(total[head.indexOf("用量")]) * 1000)).toBe(usageWh);
        expect(usageWh).toBeGreaterThan(0);
      });
    },
  );
});
