import type { TFunction } from "i18next";
import type { LoadGuard } from "#contract/load-guard.ts";

/** What a guard watches for, each limit with its unit. */
export function limitsText({ maxW, stepW, maliciousW }: LoadGuard["settings"], t: TFunction): string[] {
  const limits = [
    ["maxW", maxW],
    ["stepW", stepW],
    ["maliciousW", maliciousW],
  ] as const;
  return limits.filter(([, watts]) => watts > 0).map(([name, watts]) => `${t(`figure.${name}`)} ${watts} W`);
}

/** A minute of the day as a clock shows it. */
export function minuteText(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
}

/** The minute of the day of such a text; null when it is none. */
export function minuteOf(text: string): number | null {
  const [, hour = "", minute = ""] = /^(\d{1,2}):(\d{2})$/.exec(text.trim()) ?? [];
  if (hour === "" || Number(hour) > 23 || Number(minute) > 59) return null;
  return Number(hour) * 60 + Number(minute);
}
