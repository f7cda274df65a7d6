import { expect, test } from "vitest";
import { addDays, DAY_MS, dayOf, startOfDay } from "#base/time.ts";
import { registers, verdictCode } from "#domain/reading.ts";
import type { Db } from "#store/db.ts";
import { insertIgnore } from "#store/portable.ts";
import { systemClock } from "#system/clock.ts";
import { chineseTexts, PHONE, type Site, seriousBarriers } from "./browser-site.ts";
import { browserStories } from "./browser-stories.ts";
import { until } from "./until.ts";

browserStories("completeness of freezes", ({ before, open }) => {
  let site: Site;
  let db: Db;
  const today = dayOf(systemClock());
  const midnight = startOfDay(today);
  before(async (opened) => {
    ({ site, db } = opened);
    // Enrolled two days ago; all but the first ten of each concentrator have their freeze of last night.
    await db.transact((tx) =>
      tx
        .updateTable("meter")
        .set({ created_at: midnight - 2 * DAY_MS + 1 })
        .execute(),
    );
    const meters = await db.read
      .selectFrom("meter")
      .select(["id", "concentrator_id", "profile"])
      .orderBy("id")
      .execute();
    const seen = new Map<number, number>();
    const rows = meters.filter(({ concentrator_id, profile }) => {
      seen.set(concentrator_id, (seen.get(concentrator_id) ?? 0) + 1);
      return profile === "jc1" && (seen.get(concentrator_id) ?? 0) > 10;
    });
    const verdict = verdictCode("ok");
    const at = { register: registers.energyFrozen, measured_at: midnight, value: 100, verdict, received_at: midnight };
    await db.transact((tx) =>
      insertIgnore(
        tx,
        "reading",
        rows.map((row) => ({ meter_id: row.id, ...at })),
        ["meter_id", "register", "measured_at"],
      ),
    );
  });

  test("shows what is there of what ought to be, and of what is missing which meters and why", async () => {
    const page = await open({ as: "admin" });
    await page.goto(`${site.base}/reports/completeness`);
    const sum = page.getByTestId("completeness-sum").locator("td").first();
    await sum.waitFor();
    const [held, expected] = await Promise.all(["data-held", "data-expected"].map((name) => sum.getAttribute(name)));
    expect(Number(held)).toBeGreaterThan(0);
    expect(Number(held)).toBeLessThan(Number(expected));
    await sum.getByRole("button").click();
    const list = page.getByTestId("missing");
    await list.getByRole("row").nth(1).waitFor();
    await until("the list says so, too", async () =>
      (await list.innerText()).includes(`共 ${Number(expected) - Number(held)} 只`),
    );
    const why = await list.locator("[data-why]").evaluateAll((rows) => rows.map((row) => row.getAttribute("data-why")));
    // Meters that came today say that they kept nothing of the night; one that nobody asked yet waits.
    expect(
      why.every((each) => each === "none" || each === "waiting" || each === "silent" || each === "other_device"),
    ).toBe(true);
    expect(await seriousBarriers(page)).toEqual([]);
    await list.getByTestId("missing-close").click();
    await list.waitFor({ state: "detached" });
    await expect.poll(() => new URL(page.url()).searchParams.has("missing")).toBe(false);
  });

  test("on a phone in English, and when there is nothing to show", async () => {
    const page = await open({ as: "admin", size: PHONE, language: "en" });
    await page.goto(`${site.base}/reports/completeness?missing=${addDays(today, -1)}`);
    await page.getByTestId("completeness").waitFor();
    await page.getByTestId("missing").getByRole("row").nth(1).waitFor();
    await expect
      .poll(() => page.evaluate<number>("document.documentElement.scrollWidth"))
      .toBeLessThanOrEqual(PHONE.width);
    expect((await chineseTexts(page)).filter((text) => /完整|缺/.test(text))).toEqual([]);
    await page.goto(`${site.base}/reports/completeness?areaId=999999`);
    await page.getByTestId("completeness-empty").waitFor();
  });
});
