import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { en } from "./locales/en.ts";
import { type Messages, zhCN } from "./locales/zh-CN.ts";

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "translation";
    resources: { translation: Messages };
  }
}

/** Languages of the pages; Chinese first. */
export const languages = [
  { code: "zh-CN", name: "中文" },
  { code: "en", name: "English" },
] as const;
export type Language = (typeof languages)[number]["code"];

const STORED_AS = "jichao.language";

/** Prepares the texts in the remembered language (Chinese when none is). Call once, before the first render. */
export async function startI18n(): Promise<void> {
  await i18next.use(initReactI18next).init({
    lng: rememberedLanguage(),
    fallbackLng: "zh-CN",
    resources: { "zh-CN": { translation: zhCN }, en: { translation: en } },
    interpolation: { escapeValue: false }, // React escapes
    returnEmptyString: true,
  });
  showLanguage();
}

/** Switches without a reload and remembers the choice on this computer. */
export async function chooseLanguage(language: Language): Promise<void> {
  localStorage.setItem(STORED_AS, language);
  await i18next.changeLanguage(language);
  showLanguage();
}

/** The language of the page now. */
export function currentLanguage(): Language {
  return i18next.language === "en" ? "en" : "zh-CN";
}

/** The text of a code that the server may invent (event kinds, reasons): the code itself when we have no words for it. */
export function textOfCode(group: "event" | "figure" | "command.stateReason", code: string): string {
  const found: unknown = i18next.getResource(currentLanguage(), "translation", `${group}.${code}`);
  return typeof found === "string" ? found : code;
}

function rememberedLanguage(): Language {
  return localStorage.getItem(STORED_AS) === "en" ? "en" : "zh-CN";
}

function showLanguage(): void {
  document.documentElement.lang = currentLanguage();
  document.title = i18next.t("app.title");
}
