import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noBrowserHere, openSite, PHONE, type Site, seriousBarriers } from "./browser-site.ts";

const reason = noBrowserHere();

describe.skipIf(reason !== null)(`the door of concentrators${reason === null ? "" : ` (not run: ${reason})`}`, () => {
  let site: Site;
  beforeAll(async () => {
    site = await openSite();
  }, 90_000);
  afterAll(() => site?.close());

  async function open(options: Parameters<Site["open"]>[0]): Promise<Page> {
    const page = await site.open(options);
    page.setDefaultTimeout(30_000);
    await page.goto(new URL("/guard", page.url()).href);
    await page.getByTestId("link-project").waitFor();
    return page;
  }

  test("the risk of plain links is seen in red, given up, and taken again with a reason", async () => {
    const page = await open({ as: "admin" });
    expect(await page.getByTestId("link-risk").textContent()).toContain("明文风险开关已开启");
    await page.getByTestId("link-risk-ask").click();
    await page.getByTestId("link-risk-drop-confirm").click();
    expect(await page.getByTestId("link-risk-drop-dialog").textContent()).toContain("请填写原因");
    await page.getByTestId("link-risk-drop-reason").fill("专线到期");
    await page.getByTestId("link-risk-drop-confirm").click();
    await page.getByTestId("link-no-risk").waitFor();
    await page.getByTestId("link-risk-ask").click();
    await page.getByTestId("link-risk-take-reason").fill("已接入 APN 专网");
    await page.getByTestId("link-risk-take-confirm").click();
    await page.getByTestId("link-risk").waitFor();
    expect(await page.getByTestId("link-risk").textContent()).toContain("已接入 APN 专网");
    expect(await seriousBarriers(page)).toEqual([]);
    await page.context().close();
  });

  test("on a phone nothing is wider than the screen", async () => {
    const page = await open({ as: "admin", size: PHONE });
    const wide = await page.evaluate<number>("document.documentElement.scrollWidth - window.innerWidth");
    expect(wide).toBeLessThanOrEqual(0);
    await page.context().close();
    expect(site.complaints()).toEqual([]);
  });
});
