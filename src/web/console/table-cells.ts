/** Every cell of the tables in a box with the columns that it stands in: `from`, and `span` of them when none is hidden. */
export function walkCells(
  box: ParentNode,
  visit: (cell: HTMLTableCellElement, from: number, span: number) => void,
): void {
  for (const part of box.querySelectorAll("thead, tbody, tfoot")) {
    /** How many more rows a cell from above takes of each column. */
    const taken: number[] = [];
    for (const row of part.querySelectorAll<HTMLTableRowElement>("tr")) {
      const fromAbove = taken.map((rows) => rows > 0);
      for (const [column, rows] of taken.entries()) taken[column] = Math.max(0, rows - 1);
      let column = 0;
      for (const cell of row.cells) {
        while (fromAbove[column]) column++;
        const span = wholeSpan(cell);
        visit(cell, column, span);
        for (const end = column + span; column < end; column++) taken[column] = cell.rowSpan - 1;
      }
    }
  }
}

/** Hides the cells of columns, and narrows those that reach over several. */
export function hideColumns(box: ParentNode, hidden: ReadonlySet<number>): void {
  walkCells(box, (cell, from, span) => {
    const seen = Array.from({ length: span }, (_, i) => from + i).filter((column) => !hidden.has(column)).length;
    cell.hidden = seen === 0;
    if (span === 1) return;
    cell.colSpan = Math.max(1, seen);
    cell.dataset.span = String(span);
    cell.dataset.shown = String(cell.colSpan);
  });
}

/** Over how many columns a cell reaches when all are shown: what the page said last, not what {@link hideColumns} made of it. */
function wholeSpan(cell: HTMLTableCellElement): number {
  const { span, shown } = cell.dataset;
  return span !== undefined && shown === String(cell.colSpan) ? Number(span) : cell.colSpan;
}
