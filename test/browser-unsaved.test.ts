import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import type { Site } from "./browser-site.ts";
import { browserStories } from "./browser-stories.ts";

/** A form: its page, what opens it there, the field that is typed into. */
type Form = { path: string; opens?: string; field: string };

const forms: Record<string, Form> = {
  "a user": { path: "/users/new", field: "user-name" },
  "a role": { path: "/roles", opens: "role-add", field: "role-name" },
  "a concentrator": { path: "/concentrators", opens: "add-concentrator", field: "new-concentrator-name" },
  "a box": { path: "/shares", opens: "box-new", field: "box-name" },
  "no-cut hours": { path: "/supply?view=windows", opens: "window-new", field: "window-name" },
  "the float of a shift": { path: "/shifts", field: "shift-float" },
  "rules for everybody": { path: "/account", field: "rules-reason" },
};

browserStories("what was typed is not lost without a question", ({ before, open }) => {
  let site: Site;
  before((opened) => {
    ({ site } = opened);
  });

  /** Comes by a link, so that there is something to go back to. */
  async function come(page: Page, { path, opens }: Form): Promise<void> {
    await page.goto(`${site.base}/customers`);
    await page.getByTestId("menu-board").click();
    await page.getByTestId("board").waitFor();
    await page.evaluate(`history.pushState({ idx: history.state.idx + 1, key: "typed", usr: null }, "", "${path}");
      dispatchEvent(new PopStateEvent("popstate", { state: history.state }))`);
    if (opens !== undefined) await page.getByTestId(opens).click();
  }

  const pathOf = (page: Page) => new URL(page.url()).pathname;
  const question = (page: Page) => page.getByTestId("unsaved-dialog");

  test.each(Object.keys(forms))("%s: back asks, staying keeps every letter, leaving goes", async (name) => {
    const form = forms[name] as Form;
    const page = await open({ as: "admin" });
    await come(page, form);
    const field = page.getByTestId(form.field);
    await field.waitFor();
    const path = pathOf(page);
    const typed = form.field === "shift-float" ? "120" : "三号楼的";
    await field.fill(typed);
    await page.goBack();
    await question(page).waitFor();
    await page.getByTestId("unsaved-stay").click();
    await question(page).waitFor({ state: "detached" });
    expect([pathOf(page), await field.inputValue()]).toEqual([path, typed]);
    await page.goBack();
    await page.getByTestId("unsaved-leave").click();
    await page.getByTestId("board").waitFor();
    expect(pathOf(page)).toBe("/");
  });

  test("two steps back at once are taken back both", async () => {
    const page = await open({ as: "admin" });
    await come(page, forms["a user"] as Form);
    await page.getByTestId("user-name").fill("李");
    await page.evaluate("history.back(); setTimeout(() => history.back(), 0)");
    await question(page).waitFor();
    await page.getByTestId("unsaved-stay").click();
    await expect.poll(() => pathOf(page)).toBe("/users/new");
    await page.getByTestId("user-name").fill("");
    await page.goBack(); // one step from where the page is
    await page.getByTestId("board").waitFor();
    expect(pathOf(page)).toBe("/");
  });

  test("a link asks as well; untouched, emptied again or saved, nothing is asked", async () => {
    const page = await open({ as: "admin", language: "en" });
    await page.goto(`${site.base}/users/new`);
    await page.getByTestId("user-name").fill("Li");
    await page.getByTestId("menu-customers").click();
    await expect.poll(() => question(page).textContent()).toContain("What you typed is not saved");
    await page.keyboard.press("Escape"); // stays
    await question(page).waitFor({ state: "detached" });
    await expect.poll(() => page.getByTestId("user-name").inputValue()).toBe("Li");
    await page.getByTestId("user-name").fill("");
    await page.getByTestId("menu-shifts").click();
    const float = page.getByTestId("shift-float");
    await float.fill("100");
    await page.getByTestId("shift-open").click();
    await page.waitForURL("**/recharge"); // saved: it goes on by itself
    await page.getByTestId("menu-board").click();
    await page.getByTestId("board").waitFor();
    await expect.poll(() => question(page).count()).toBe(0);
  });

  test("Esc in a dialog with text asks; an untouched dialog is gone at once", async () => {
    const page = await open({ as: "admin" });
    await page.goto(`${site.base}/roles`);
    const dialog = page.locator("dialog", { has: page.getByTestId("role-name") });
    await page.getByTestId("role-add").click();
    await dialog.waitFor();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await page.getByTestId("role-add").click();
    await page.getByTestId("role-name").fill("夜班");
    await page.keyboard.press("Escape");
    await page.getByTestId("unsaved-stay").click();
    await question(page).waitFor({ state: "detached" });
    await expect.poll(() => page.getByTestId("role-name").inputValue()).toBe("夜班");
    await page.keyboard.press("Escape");
    await page.getByTestId("unsaved-leave").click();
    await dialog.waitFor({ state: "detached" });
    expect(pathOf(page)).toBe("/roles");
  });
});
