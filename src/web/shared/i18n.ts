import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import type { Name } from "#domain/permission-names.ts";
import type { setupZh } from "./locales/setup.zh-CN.ts";
import { type Tree, withSingulars } from "./locales/singular.ts";
import type { switchBatchesZh } from "./locales/switch-batches.zh-CN.ts";
import type { Messages } from "./locales/zh-CN.ts";

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "translation";
    // Words of some pages come with the page: the first load stays small.
    resources: { translation: Messages & typeof switchBatchesZh & typeof setupZh };
  }
}

/** Languages of the pages; Chinese first. */
export const languages = [
  { code: "zh-CN", name: "中文" },
  { code: "en", name: "English" },
] as const;
export type Language = (typeof languages)[number]["code"];

const STORED_AS = "jichao.language";

/** Each language is a script of its own: a page loads the one it speaks, which saves a tenth of a first load. */
const sentencesOf: Readonly<Record<Language, () => Promise<Tree>>> = {
  "zh-CN": async () => (await import("./locales/zh-CN.ts")).zhCN,
  en: async () => withSingulars((await import("./locales/en.ts")).en),
};
const loaded = new Set<Language>();

/** Prepares the texts in the remembered language (Chinese when none is). Call once, before the first render. */
export async function startI18n(): Promise<void> {
  const language = rememberedLanguage();
  const translation = await sentencesOf[language]();
  loaded.add(language);
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: false, // both tables are whole: their types refuse a missing key
    resources: { [language]: { translation } },
    interpolation: { escapeValue: false }, // React escapes
    returnEmptyString: true,
  });
  showLanguage();
}

/** Adds the words of a page that come with it; its file calls this before it shows anything. */
export function addWords(words: { zh: Tree; en: Tree }): void {
  i18next.addResourceBundle("zh-CN", "translation", words.zh, true);
  i18next.addResourceBundle("en", "translation", withSingulars(words.en), true);
}

let wished: Language | null = null;

/**
 * Switches without a reload and remembers the choice on this computer. Rejects, and changes nothing, when the sentences cannot be fetched. Of
 * several choices the last one counts, also when the sentences of an earlier one come after it.
 */
export async function chooseLanguage(language: Language): Promise<void> {
  wished = language;
  if (!loaded.has(language)) {
    i18next.addResourceBundle(language, "translation", await sentencesOf[language](), true);
    loaded.add(language);
  }
  if (wished !== language) return;
  localStorage.setItem(STORED_AS, language);
  await i18next.changeLanguage(language);
  showLanguage();
}

/** The language of the page now. */
export function currentLanguage(): Language {
  return i18next.language === "en" ? "en" : "zh-CN";
}

/** One of two names, in the language of the page. */
export function inLanguage([chinese, english]: Name): string {
  return currentLanguage() === "en" ? english : chinese;
}

/** Why a command or an order ended as it did: known codes in words, separated by commas on the wire; others as they are. */
export function reasonText(codes: string): string {
  const words = codes.split(",").map((code) => {
    const found: unknown = i18next.getResource(currentLanguage(), "translation", `command.stateReason.${code}`);
    return typeof found === "string" ? found : code;
  });
  return words.join(i18next.t("app.and"));
}

function rememberedLanguage(): Language {
  return localStorage.getItem(STORED_AS) === "en" ? "en" : "zh-CN";
}

function showLanguage(): void {
  document.documentElement.lang = currentLanguage();
  document.title = i18next.t("app.title");
}
