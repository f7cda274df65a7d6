import { expect, test } from "vitest";
import { SOFTWARE_VERSION } from "#base/version.ts";
import type { AuditRow } from "#contract/audit.ts";
import { beginQuarantine } from "#flows/begin-quarantine.ts";
import { systemClock } from "#system/clock.ts";
import { auditZh } from "#web/shared/locales/audit.zh-CN.ts";
import { changesOf, plainField } from "../src/web/console/pages/audit/audit-diff.ts";
import { chineseTexts, DESK, PHONE, type Site, seriousBarriers } from "./browser-site.ts";
import { browserStories, type Opened } from "./browser-stories.ts";
import { patternsOfConsole, show, walkConsole } from "./browser-walk.ts";
import { livedIn } from "./lived-in.ts";

const HOUR_MS = 3_600_000;

browserStories("every page of the console", ({ before, open }) => {
  let opened: Opened;
  let site: Site;
  let starts: string[];
  before(async (given) => {
    opened = given;
    ({ site } = given);
    starts = await livedIn(given);
  });

  test("is reached by links, named by its heading, keeps nobody out in light or dark, fits, and complains of nothing", async () => {
    const pages = [await open({ as: "admin", size: DESK }), await open({ as: "admin", size: PHONE })];
    const wrong: Record<string, string[]> = {};
    const found = await walkConsole(site, pages, starts, async (page, pattern) => {
      const said = await seriousBarriers(page);
      const heading = await page.locator("h1").first().textContent();
      if ((await page.getByTestId("foot").innerText()) !== `版本 ${SOFTWARE_VERSION}`) said.push("has no version");
      if (!heading || (await page.title()) !== `${heading} · 集抄`) said.push(`is called ${await page.title()}`);
      const size = page.viewportSize();
      for (const each of [DESK, PHONE]) {
        await page.setViewportSize(each);
        const over = await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
        if (over > 0) said.push(`${over} px wider than a window of ${each.width}`);
      }
      await page.setViewportSize(size ?? DESK);
      if (said.length > 0) wrong[pattern] = said;
    });
    expect(wrong).toEqual({});
    expect(patternsOfConsole().filter((each) => !found.has(each))).toEqual([]);
  }, 420_000); // every page, beside other programs

  test("the foot of the page tells the version before the log-in too, whole on a phone, and stays off paper", async () => {
    const login = await open({ as: "nobody", size: PHONE, language: "en" });
    const foot = login.getByTestId("foot");
    await foot.waitFor();
    await expect.poll(() => foot.innerText()).toBe(`Version ${SOFTWARE_VERSION}`);
    expect(await seriousBarriers(login)).toEqual([]);
    const page = await open({ as: "admin", size: PHONE });
    const box = await page.getByTestId("foot").boundingBox();
    if (box === null) throw new Error("the foot is nowhere");
    expect(Math.round(box.y + box.height)).toBe(PHONE.height); // below what scrolls, in sight without scrolling
    await page.emulateMedia({ media: "print" });
    await page.getByTestId("foot").waitFor({ state: "hidden" });
  });

  test("the audit log has words for every thing and figure of a site that was lived in", async () => {
    const { items } = await site.ask<{ items: AuditRow[] }>("/api/audit?limit=100");
    expect(items.length).toBeGreaterThan(20);
    const lacking = new Set<string>();
    for (const { object, before, after } of items) {
      const kind = object.split(":")[0] ?? "";
      if (!Object.hasOwn(auditZh.audit.kind, kind)) lacking.add(`kind ${kind}`);
      for (const { field } of changesOf(before, after))
        for (const part of field.split("."))
          if (!Object.hasOwn(auditZh.audit.field, plainField(part))) lacking.add(`field ${field} of ${kind}`);
    }
    expect([...lacking]).toEqual([]);
  });

  test("a choice of colours or language holds at once, colours after a reload and in a dialog; print stays light", async () => {
    const page = await open({ as: "admin" });
    const theme = () => page.evaluate<string>("document.documentElement.dataset.theme");
    const ground = () => page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
    await page.getByTestId("user-menu").click();
    const light = await ground();
    await page.getByTestId("theme-dark").click();
    await expect.poll(() => page.getByTestId("theme-dark").getAttribute("aria-pressed")).toBe("true");
    await expect.poll(() => theme()).toBe("dark");
    const dark = await ground();
    expect(dark).not.toBe(light);
    await page.emulateMedia({ media: "print" });
    await expect.poll(ground).not.toBe(dark);
    await page.emulateMedia({ media: "screen" });
    // Before a line of the program has run, the page is dark already: nothing flashes.
    await page.route("**/assets/*.js", (route) => route.abort());
    await page.goto(site.base).catch(() => {});
    await expect.poll(() => theme()).toBe("dark");
    await expect.poll(() => ground()).toBe(dark);
    site.complaints(); // that its scripts were held back
    await page.unroute("**/assets/*.js");
    await page.goto(site.base);
    await page.getByTestId("user-menu").click();
    await page.emulateMedia({ colorScheme: "dark" });
    await page.getByTestId("theme-light").click();
    await expect.poll(() => theme()).toBe("light");
    await page.getByTestId("theme-system").click();
    await expect.poll(() => theme()).toBe("dark");
    await page.emulateMedia({ colorScheme: "light" });
    await expect.poll(theme).toBe("light");
    await page.keyboard.press("Escape");
    await page.route("**/assets/en-*.js", (route) => route.abort());
    await page.getByTestId("language-en").click();
    await expect.poll(() => page.getByTestId("language-failed").innerText()).toMatch(/检查网络/);
    await expect.poll(() => page.title()).toBe("状态墙 · 集抄");
    await expect.poll(() => page.getByTestId("language-zh-CN").getAttribute("aria-pressed")).toBe("true");
    site.complaints(); // that the sentences did not come
    await page.unroute("**/assets/en-*.js");
    await page.getByTestId("language-en").click();
    await expect.poll(() => page.title()).toBe("Status board · Jichao");
    await expect.poll(() => page.getByTestId("language-failed").count()).toBe(0);
    await expect.poll(() => theme()).toBe("light");
    await page.evaluate("localStorage.getItem('jichao.language')").then((kept) => expect(kept).toBe("en"));
  });

  test("after a restore the page of the quarantine keeps nobody out either", async () => {
    await beginQuarantine(opened.ctx, { file: "jichao.tar.gz.age", snapshotAt: systemClock() - HOUR_MS, by: "root" });
    const page = await open({ as: "admin", language: "en" });
    await show(site, page, "/quarantine");
    await page.getByTestId("quarantine-banner").waitFor();
    expect(await seriousBarriers(page)).toEqual([]);
    expect((await chineseTexts(page)).filter((text) => /隔离|恢复/.test(text))).toEqual([]);
  });
});
