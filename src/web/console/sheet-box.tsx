import { type ReactNode, useLayoutEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useColumnChoice } from "./column-choice.tsx";
import { walkCells } from "./table-cells.ts";
import "./sheet-cards.css";
import "./sheet-print.css";

type Props = {
  children: ReactNode;
  isBare?: boolean;
  className?: string;
  label?: string;
  cards?: boolean;
  /** Under what the choice of columns is remembered; without it there is none. */
  name?: string;
};

/**
 * What a wide table scrolls in, within the page and reachable by keys; a panel unless it is bare. `label` says what it is where no heading does.
 * With `cards` each row is a card on a phone, so that nothing of it has to be scrolled for: for whatever is wider than a phone, but for what is read across (a matrix).
 */
export function SheetBox({ children, isBare = false, className = "", label, cards = false, name }: Props) {
  const { t } = useTranslation();
  const box = useRef<HTMLElement>(null);
  const choice = useColumnChoice(name, box);
  useLayoutEffect(() => {
    if (cards && box.current !== null) nameCells(box.current);
  });
  const names = [isBare ? "" : "panel", "sheet-box", cards ? "sheet-cards" : "", className].filter(
    (each) => each !== "",
  );
  return (
    <>
      {choice}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys */}
      <section className={names.join(" ")} tabIndex={0} aria-label={label ?? t("app.table")} ref={box}>
        {children}
      </section>
    </>
  );
}

/** Writes on each cell what its column is called, since a card has no head above it, and on the tick for all of them what it does. */
function nameCells(box: HTMLElement): void {
  const all = [...box.querySelectorAll<HTMLElement>("thead th")];
  for (const head of all) {
    const does = head.querySelector("input")?.getAttribute("aria-label") ?? null;
    if (does !== null && head.dataset.all !== does) head.dataset.all = does;
  }
  const heads = all.map((head) => head.textContent ?? "");
  walkCells(box, (cell, from) => {
    const head = heads[from] ?? "";
    if (cell.closest("thead") === null && cell.dataset.head !== head) cell.dataset.head = head;
  });
}
