import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { bookFile } from "../src/server/excel/book.ts";
import { PHONE, type Site, seriousBarriers } from "./browser-site.ts";
import { browserStories, expectBooksRight } from "./browser-stories.ts";

async function file(heads: string[], rows: string[][]): Promise<{ name: string; mimeType: string; buffer: Buffer }> {
  const parts: Buffer[] = [];
  const columns = heads.map(() => ({ width: 12 }));
  for await (const part of bookFile([{ name: "表计", columns, heads: [heads], rows }])) parts.push(part as Buffer);
  return { name: "六层.xlsx", mimeType: "application/octet-stream", buffer: Buffer.concat(parts) };
}

browserStories("the page of imports", ({ before, open, refusals }) => {
  let site: Site;
  let area: string;
  let code: string;
  const heads = ["表号", "数量", "片区", "房间", "表型", "通信地址", "集中器编号", "单价"];

  before(async (opened) => {
    ({ site } = opened);
    const { items } = await site.ask<{ items: { code: string; meters: number }[] }>("/api/concentrators");
    code = items.find((each) => each.meters < 450)?.code ?? "";
    const places = await site.ask<{ items: { areaId: number; parentId: number | null; name: string }[] }>("/api/areas");
    area = places.items.find((each) => each.parentId === null)?.name ?? "";
  });

  test("from the template to the result, mistakes first, at a desk and on a phone", async () => {
    refusals(422);
    const page = await open({ as: "admin" });
    await page.goto(`${site.base}/imports`);
    await page.getByTestId("imports-empty").waitFor();
    const [taken] = await Promise.all([page.waitForEvent("download"), page.getByTestId("template-empty").click()]);
    expect(taken.suggestedFilename()).toBe("档案导入模板.xlsx");
    expect((await readFile(await taken.path())).subarray(0, 2).toString()).toBe("PK");
    await page
      .getByTestId("import-file")
      .setInputFiles({ name: "a.csv", mimeType: "text/csv", buffer: Buffer.from("表号,地址\n") });
    await page.getByTestId("import-problem").getByText("CSV").waitFor();
    const wrong = [["880000000001", "", area, "{601}", "jc1", "1.23457E+11", code, "<img src=x onerror=alert(1)>"]];
    await page.getByTestId("import-file").setInputFiles(await file(heads, wrong));
    await page.locator("[data-testid=import][data-state=checked]").waitFor();
    await page.getByTestId("import-faults").getByText("科学计数").waitFor();
    await expect.poll(() => page.getByTestId("import-accept").count()).toBe(0);
    expect(await seriousBarriers(page)).toEqual([]);
    await page.goto(`${site.base}/imports`);
    await page.getByTestId("imports").waitFor();
    const good = [["880000000001", "4", area, "6{01-04}", "jc1", "880000000001", code, "0.8"]];
    await page.getByTestId("import-file").setInputFiles(await file(heads, good));
    await page.getByTestId("import-tick").check();
    await page.getByTestId("import-accept").dblclick();
    await page.locator("[data-testid=import][data-state=done]").waitFor();
    await page.getByTestId("import-said").getByText("已写入 4 处").waitFor();
    const hits = await site.ask<{ items: object[] }>("/api/meters?search=88000000000");
    expect(hits.items.length).toBe(4);

    const phone = await open({ as: "admin", size: PHONE, language: "en" });
    await phone.goto(`${site.base}/imports`);
    await phone.getByTestId("imports").waitFor();
    await expect
      .poll(() => phone.evaluate<number>("document.documentElement.scrollWidth"))
      .toBeLessThanOrEqual(PHONE.width);
    await phone.getByTestId("imports").getByRole("link").last().click();
    await phone.getByTestId("import-faults").getByText("rounded").waitFor();
    await expect
      .poll(() => phone.evaluate<number>("document.documentElement.scrollWidth"))
      .toBeLessThanOrEqual(PHONE.width);
    expect(await seriousBarriers(phone)).toEqual([]);
  });

  test("IS-1, IS-3: 500 meters from a file with seven errors: each named by its cell, nothing half imported; a 501st is refused", async () => {
    refusals(409);
    const page = await open({ as: "admin" });
    await page.goto(`${site.base}/concentrators`);
    await page.getByTestId("add-concentrator").click();
    await page.getByTestId("new-concentrator-code").fill("JC000500");
    await page.getByTestId("new-concentrator-name").fill("新楼集中器");
    await page.getByTestId("new-concentrator-save").click();
    await page.getByTestId("link-key-done").click();
    const line = page.getByTestId("concentrator-JC000500");
    await line.getByText("0/500").waitFor();

    const digits = (n: number) => String(n).padStart(12, "0");
    const good = Array.from({ length: 500 }, (_, i) => [
      ...[digits(770_000_000_001 + i), "", area, `新楼-${String(i + 1).padStart(3, "0")}`],
      ...["jc1", digits(770_000_000_001 + i), "JC000500", "0.8"],
    ]);
    // Row 1 of the sheet is its head: the i-th meter stands in row i + 2.
    const errors: [at: number, column: number, cell: string, value: string][] = [
      [1, 5, "F3", "7.70000E+11"],
      [8, 0, "A10", digits(770_000_000_001)],
      [48, 6, "G50", "JC999999"],
      [97, 7, "H99", "八毛"],
      [198, 3, "D200", ""],
      [298, 4, "E300", "no-such-model"],
      [443, 5, "F445", "12"],
    ];
    const bad = good.map((row) => [...row]);
    for (const [at, column, , value] of errors) bad[at]?.splice(column, 1, value);
    const meters = async () => (await site.ask<{ meters: number }>("/api/health")).meters;
    const before = await meters();
    await page.goto(`${site.base}/imports`);
    await page.getByTestId("import-file").setInputFiles(await file(heads, bad));
    await page.locator("[data-testid=import][data-state=checked]").waitFor();
    await expect.poll(() => page.getByTestId("import-said").textContent()).toContain("7");
    const faults = page.getByTestId("import-faults").locator("li");
    await expect.poll(() => faults.count()).toBe(7);
    const told = await faults.allTextContents();
    for (const [, , cell, value] of errors) {
      const own = told.filter((text) => text.includes(`· ${cell} ·`));
      expect([cell, own]).toEqual([cell, [expect.stringContaining(value)]]);
    }
    await expect.poll(() => page.getByTestId("import-accept").count()).toBe(0);
    expect(await meters()).toBe(before);

    await page.goto(`${site.base}/imports`);
    await page.getByTestId("import-file").setInputFiles(await file(heads, good));
    await page.getByTestId("import-tick").check();
    await page.getByTestId("import-accept").click();
    await page.locator("[data-testid=import][data-state=done]").waitFor();
    expect(await meters()).toBe(before + 500);
    await page.goto(`${site.base}/concentrators`);
    await line.getByText("500/500").waitFor();
    await line.getByRole("link").first().click();
    await page.getByTestId("add-meter").click();
    const typed = {
      label: "新楼-501",
      number: digits(770_000_000_501),
      address: digits(770_000_000_501),
      price: "0.8",
    };
    for (const [field, text] of Object.entries(typed)) await page.getByTestId(`new-meter-${field}`).fill(text);
    await page.getByTestId("new-meter-save").click();
    await page.getByTestId("new-meter-problem").getByText("该集中器已满(500 台)").waitFor();
    expect(await meters()).toBe(before + 500);
    await expectBooksRight(site);
  });
});
