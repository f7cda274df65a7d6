import { addWords } from "#web/shared/i18n.ts";
import { setupEn } from "#web/shared/locales/setup.en.ts";
import { setupZh } from "#web/shared/locales/setup.zh-CN.ts";

// Whoever imports this has the words of the set-up.
addWords({ zh: setupZh, en: setupEn });
