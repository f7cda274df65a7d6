import { addWords } from "#web/shared/i18n.ts";
import { switchBatchesEn } from "#web/shared/locales/switch-batches.en.ts";
import { switchBatchesZh } from "#web/shared/locales/switch-batches.zh-CN.ts";

// Whoever imports this has the words of batches.
addWords({ zh: switchBatchesZh, en: switchBatchesEn });
