import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bookFile } from "../src/server/excel/book.ts";
import { DESK, noBrowserHere, openSite, PHONE, type Site, seriousBarriers } from "./browser-site.ts";

const why = noBrowserHere();

async function file(heads: string[], rows: string[][]): Promise<{ name: string; mimeType: string; buffer: Buffer }> {
  const parts: Buffer[] = [];
  const columns = heads.map(() => ({ width: 12 }));
  for await (const part of bookFile([{ name: "表计", columns, heads: [heads], rows }])) parts.push(part as Buffer);
  return { name: "六层.xlsx", mimeType: "application/octet-stream", buffer: Buffer.concat(parts) };
}

describe.skipIf(why !== null)(`the page of imports${why === null ? "" : ` (${why})`}`, () => {
  let site: Site;
  let area: string;
  let code: string;
  const heads = ["表号", "数量", "片区", "房间", "表型", "通信地址", "集中器编号", "单价"];

  beforeAll(async () => {
    site = await openSite();
    const { items } = await site.ask<{ items: { code: string; meters: number }[] }>("/api/concentrators");
    code = items.find((each) => each.meters < 450)?.code ?? "";
    const places = await site.ask<{ items: { areaId: number; parentId: number | null; name: string }[] }>("/api/areas");
    area = places.items.find((each) => each.parentId === null)?.name ?? "";
  }, 120_000);
  afterAll(() => site?.close());

  test("from the template to the result, mistakes first, at a desk and on a phone", async () => {
    const page = await site.open({ as: "admin", size: DESK });
    await page.goto(`${site.base}/imports`);
    await page.getByTestId("imports-empty").waitFor();
    const [taken] = await Promise.all([page.waitForEvent("download"), page.getByTestId("template-empty").click()]);
    expect(taken.suggestedFilename()).toBe("档案导入模板.xlsx");
    expect((await readFile(await taken.path())).subarray(0, 2).toString()).toBe("PK");
    await page
      .getByTestId("import-file")
      .setInputFiles({ name: "a.csv", mimeType: "text/csv", buffer: Buffer.from("表号,地址\n") });
    await page.getByTestId("import-problem").getByText("CSV").waitFor();
    expect(site.complaints()).toEqual([expect.stringContaining("422")]); // the browser's own line about the refusal
    const wrong = [["880000000001", "", area, "{601}", "jc1", "1.23457E+11", code, "<img src=x onerror=alert(1)>"]];
    await page.getByTestId("import-file").setInputFiles(await file(heads, wrong));
    await page.locator("[data-testid=import][data-state=checked]").waitFor();
    await page.getByTestId("import-faults").getByText("科学计数").waitFor();
    expect(await page.getByTestId("import-accept").count()).toBe(0);
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
    expect(site.complaints()).toEqual([]);

    const phone = await site.open({ as: "admin", size: PHONE, language: "en" });
    await phone.goto(`${site.base}/imports`);
    await phone.getByTestId("imports").waitFor();
    expect(await phone.evaluate<number>("document.documentElement.scrollWidth")).toBeLessThanOrEqual(PHONE.width);
    await phone.getByTestId("imports").getByRole("link").last().click();
    await phone.getByTestId("import-faults").getByText("rounded").waitFor();
    expect(await phone.evaluate<number>("document.documentElement.scrollWidth")).toBeLessThanOrEqual(PHONE.width);
    expect(await seriousBarriers(phone)).toEqual([]);
  }, 120_000);
});
