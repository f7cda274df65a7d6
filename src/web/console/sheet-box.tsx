import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import "./sheet-print.css";

type Props = { children: ReactNode; isBare?: boolean; className?: string; label?: string };

/** What a wide table scrolls in, within the page and reachable by keys; a panel unless it is bare. `label` says what it is where no heading does. */
export function SheetBox({ children, isBare = false, className = "", label }: Props) {
  const { t } = useTranslation();
  const names = [isBare ? "" : "panel", "sheet-box", className].filter((each) => each !== "");
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys
    <section className={names.join(" ")} tabIndex={0} aria-label={label ?? t("app.table")}>
      {children}
    </section>
  );
}
