/** What the user may choose; `system` follows the computer, by day and by night. */
export const themeChoices = ["light", "dark", "system"] as const;
export type ThemeChoice = (typeof themeChoices)[number];
/** How the page looks now. */
export type Theme = "light" | "dark";

/** Also read by `theme.js`, which sets the theme before the first paint. */
const STORED_AS = "jichao.theme";

const systemIsDark = window.matchMedia("(prefers-color-scheme: dark)");
const onPaper = window.matchMedia("print");
const listeners = new Set<() => void>();

/** The remembered choice; `system` when there is none. */
export function themeChoice(): ThemeChoice {
  const stored = localStorage.getItem(STORED_AS);
  return themeChoices.find((each) => each === stored) ?? "system";
}

/** Switches without a reload and remembers the choice on this computer. */
export function chooseTheme(choice: ThemeChoice): void {
  localStorage.setItem(STORED_AS, choice);
  showTheme();
}

/** The theme of the page now. Paper is always light. */
export function currentTheme(): Theme {
  return document.documentElement.dataset.theme === "dark" && !onPaper.matches ? "dark" : "light";
}

/** Tells whenever the theme, or the choice of it, changes: here, in another tab, in the system, or for printing. */
export function whenThemeChanges(tell: () => void): () => void {
  listeners.add(tell);
  return () => listeners.delete(tell);
}

/** Follows the system, other tabs and the printer from now on. Call once; `theme.js` has set the first theme already. */
export function startTheme(): void {
  systemIsDark.addEventListener("change", showTheme);
  onPaper.addEventListener("change", showTheme);
  window.addEventListener("storage", ({ key }) => {
    if (key === STORED_AS) showTheme();
  });
  showTheme();
}

function showTheme(): void {
  const choice = themeChoice();
  const isDark = choice === "dark" || (choice === "system" && systemIsDark.matches);
  document.documentElement.dataset.theme = isDark ? "dark" : "light";
  // A phone paints its own bar above the page in this.
  const bar = getComputedStyle(document.documentElement).getPropertyValue("--panel").trim();
  document.querySelector<HTMLMetaElement>('meta[name="theme-color"]')?.setAttribute("content", bar);
  for (const tell of listeners) tell();
}
