import { type ReactNode, useLayoutEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import "./sheet-cards.css";
import "./sheet-print.css";

type Props = { children: ReactNode; isBare?: boolean; className?: string; label?: string; cards?: boolean };

/**
 * What a wide table scrolls in, within the page and reachable by keys; a panel unless it is bare. `label` says what it is where no heading does.
 * With `cards` each row is a card on a phone, so that nothing of it has to be scrolled for: for whatever is wider than a phone, but for what is read across (a matrix).
 */
export function SheetBox({ children, isBare = false, className = "", label, cards = false }: Props) {
  const { t } = useTranslation();
  const box = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    if (cards && box.current !== null) nameCells(box.current);
  });
  const names = [isBare ? "" : "panel", "sheet-box", cards ? "sheet-cards" : "", className].filter(
    (each) => each !== "",
  );
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys
    <section className={names.join(" ")} tabIndex={0} aria-label={label ?? t("app.table")} ref={box}>
      {children}
    </section>
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
  /** How many more rows a cell from above takes of each column. */
  const taken = heads.map(() => 0);
  for (const row of box.querySelectorAll<HTMLTableRowElement>("tbody tr, tfoot tr")) {
    const fromAbove = taken.map((rows) => rows > 0);
    for (const [column, rows] of taken.entries()) taken[column] = Math.max(0, rows - 1);
    let column = 0;
    for (const cell of row.cells) {
      while (fromAbove[column]) column++;
      const head = heads[column] ?? "";
      if (cell.dataset.head !== head) cell.dataset.head = head;
      for (let i = 0; i < cell.colSpan; i++, column++) taken[column] = cell.rowSpan - 1;
    }
  }
}
