import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { PHONE, type Site, seriousBarriers } from "./browser-site.ts";
import { browserStories } from "./browser-stories.ts";

browserStories("the door of concentrators", ({ open }) => {
  async function openDoor(options: Parameters<Site["open"]>[0]): Promise<Page> {
    const page = await open(options);
    await page.goto(new URL("/guard", page.url()).href);
    await page.getByTestId("link-project").waitFor();
    return page;
  }

  test("the risk of plain links is seen in red, given up, and taken again with a reason", async () => {
    const page = await openDoor({ as: "admin" });
    await expect.poll(() => page.getByTestId("link-risk").textContent()).toContain("明文风险开关已开启");
    await page.getByTestId("link-risk-ask").click();
    await page.getByTestId("link-risk-drop-confirm").click();
    await expect.poll(() => page.getByTestId("link-risk-drop-dialog").textContent()).toContain("请填写原因");
    await page.getByTestId("link-risk-drop-reason").fill("专线到期");
    await page.getByTestId("link-risk-drop-confirm").click();
    await page.getByTestId("link-no-risk").waitFor();
    await page.getByTestId("link-risk-ask").click();
    await page.getByTestId("link-risk-take-reason").fill("已接入 APN 专网");
    await page.getByTestId("link-risk-take-confirm").click();
    await page.getByTestId("link-risk").waitFor();
    await expect.poll(() => page.getByTestId("link-risk").textContent()).toContain("已接入 APN 专网");
    expect(await seriousBarriers(page)).toEqual([]);
  });

  test("on a phone nothing is wider than the screen", async () => {
    const page = await openDoor({ as: "admin", size: PHONE });
    const wide = await page.evaluate<number>("document.documentElement.scrollWidth - window.innerWidth");
    expect(wide).toBeLessThanOrEqual(0);
  });
});
