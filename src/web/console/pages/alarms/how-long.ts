import type { TFunction } from "i18next";
import type { Alarm } from "#contract/alarms.ts";
import { dateTime } from "#web/shared/format.ts";

const DAY_MS = 86_400_000;

/** For how many whole days what an alarm tells of has held, up to its end or to now. */
export function howLong(alarm: Pick<Alarm, "closed" | "sinceAt" | "kind">, t: TFunction): string {
  const days = Math.floor(((alarm.closed?.at ?? Date.now()) - alarm.sinceAt) / DAY_MS);
  if (alarm.kind === "static") return t("alarms.days", { days });
  return days === 0 ? t("alarms.lockToday") : t("alarms.lockDays", { days });
}

/** What a lock-out (安全锁定) rests on; empty for another alarm. */
export function lockText({ lock }: Pick<Alarm, "lock">, t: TFunction): string {
  if (lock === null) return "";
  const { cause, trips, total, powerW, trippedAt } = lock;
  return t("alarms.lockLead", { time: dateTime(trippedAt), cause: t(`cause.${cause}`), power: powerW, trips, total });
}
