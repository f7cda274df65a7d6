import { useTranslation } from "react-i18next";

/** A cycle in words: whole minutes where they are, seconds otherwise; null: what `unset` says. */
export function CycleText({ seconds, unset }: { seconds: number | null; unset: string }) {
  const { t } = useTranslation();
  if (seconds === null) return unset;
  const isWhole = seconds >= 60 && seconds % 60 === 0;
  return isWhole ? t("concentrators.minutes", { n: seconds / 60 }) : t("concentrators.seconds", { n: seconds });
}
