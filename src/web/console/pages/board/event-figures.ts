import i18next from "i18next";
import type { MeterEvent, Tile } from "#contract/metering.ts";
import { dateTime, units, unitsSold, yuan } from "#web/shared/format.ts";
import { reasonText } from "#web/shared/i18n.ts";
import type { Messages } from "#web/shared/locales/zh-CN.ts";

type Value = MeterEvent["detail"][string];
type Figure = keyof Messages["figure"];

/** The figures of an event in words, each with its name and unit. What has no words (ids of commands) is left out. */
export function eventFigures(event: Pick<MeterEvent, "kind" | "detail">, kind: Tile["kind"]): string[] {
  return Object.entries(event.detail).flatMap(([name, value]) => {
    if (!isFigure(name) || isSaidAlready(event, name, value)) return [];
    return [`${i18next.t(`figure.${name}`)} ${inWords(name, value, kind)}`];
  });
}

/** A switch that opened was asked to open; credit on the server buys no units. */
function isSaidAlready({ kind, detail }: Pick<MeterEvent, "kind" | "detail">, name: Figure, value: Value): boolean {
  if (value === null || value === "") return true;
  if (name === "asked") return (kind === "tripped" || kind === "closed") && detail.asked !== undefined;
  return (name === "unitsWh" || name === "lastAnswerAt" || name.endsWith("W")) && value === 0;
}

function inWords(name: Figure, value: Value, kind: Tile["kind"]): string {
  const text = String(value);
  switch (name) {
    case "unitsWh":
      return typeof value === "number" ? `${unitsSold(value)} ${i18next.t(`unit.sold.${kind}`)}` : text;
    case "indexWh":
    case "lastGoodWh":
    case "remainingWh":
    case "limitWh":
      return typeof value === "number" ? `${units(value)} ${i18next.t(`unit.${kind}`)}` : text;
    case "powerW":
    case "maxW":
    case "stepW":
    case "maliciousW":
      return typeof value === "number" ? `${value} W` : text;
    case "amount":
    case "balance":
      return `${yuan(text)} ${i18next.t("unit.yuan")}`;
    case "lastAnswerAt":
    case "sinceAt":
      return typeof value === "number" ? dateTime(value) : text;
    case "cause":
      return wordFor(i18next.t("cause", { returnObjects: true }), text);
    case "alarm":
      return wordFor(i18next.t("alarms.kinds", { returnObjects: true }), text);
    case "ended":
      return wordFor(i18next.t("alarms.ends", { returnObjects: true }), text);
    case "finding":
      return wordFor(i18next.t("alarms.findings", { returnObjects: true }), text);
    case "verdict":
      return wordFor(i18next.t("verdict", { returnObjects: true }), text);
    case "asked":
      return wordFor(i18next.t("command.progress", { returnObjects: true }), text);
    case "reason":
      return reasonText(text);
    default:
      return text;
  }
}

function isFigure(name: string): name is Figure {
  return i18next.exists(`figure.${name}`);
}

function wordFor(words: Readonly<Record<string, string>>, code: string): string {
  return words[code] ?? code;
}
