import i18next from "i18next";
import { auditActionName } from "#domain/audit-action.ts";
import { dateTime, MISSING, units, yuan } from "#web/shared/format.ts";
import { currentLanguage, inLanguage } from "#web/shared/i18n.ts";
import { plainField } from "./audit-diff.ts";

/** What was done, in words; the code itself when it has none. */
export function actionWord(action: string): string {
  const name = auditActionName(action);
  return name === null ? action : inLanguage(name);
}

/** A kind of thing in words: `meter`. */
export function kindWord(kind: string): string {
  return wordAt(`audit.kind.${kind}`) ?? kind;
}

/** `meter:12` as people say it; `name` is what the thing is called, where it has a name. */
export function objectWord(object: string, name: string | null): string {
  const [kind = "", ...rest] = object.split(":");
  const own = name ?? rest.join(":");
  return own === "" ? kindWord(kind) : `${kindWord(kind)} ${own}`;
}

/** The name of a field; of a nested one, each part of its path. */
export function fieldWord(path: string): string {
  return path
    .split(".")
    .map((part) => wordAt(`audit.field.${plainField(part)}`) ?? part)
    .join(" › ");
}

/** A figure in words, with its unit where its name tells one. */
export function figureText(path: string, value: unknown): string {
  const name = path.split(".").at(-1) ?? "";
  if (value === undefined || value === null || value === "") return MISSING;
  if (typeof value === "boolean" || isFlag(name, value)) return i18next.t(value ? "audit.yes" : "audit.no");
  if (typeof value === "number") return numberText(name, value);
  if (Array.isArray(value)) return value.map((each) => figureText("", each)).join(", ") || MISSING;
  if (typeof value === "object") return JSON.stringify(value);
  return wordAt(`audit.value.${String(value)}`) ?? String(value);
}

function numberText(name: string, value: number): string {
  if (/(?:^a|A|_a)t$/.test(name) && value > 1e12) return dateTime(value);
  if (/(?:E4|_e4)$/.test(name))
    return `${yuan((value / 10_000).toFixed(4).replace(/0{1,2}$/, ""))} ${i18next.t("unit.yuan")}`;
  if (/(?:Wh|_wh)$/.test(name)) return `${units(value)} ${i18next.t("audit.units")}`;
  return String(value);
}

const FLAGS: ReadonlySet<string> = new Set(["supply_guard", "guard", "disabled", "all_meters", "enabled"]);
function isFlag(name: string, value: unknown): boolean {
  return FLAGS.has(name) && (value === 0 || value === 1);
}

function wordAt(path: string): string | null {
  const found: unknown = i18next.getResource(currentLanguage(), "translation", path);
  return typeof found === "string" ? found : null;
}
