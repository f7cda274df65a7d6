/** A piece of a page that is safe to put into it: made by {@link html}, which escapes whatever is not one. */
export type Markup = { readonly markup: string };

type Part = Markup | string | number | null | undefined | readonly Part[];

/** A template whose values are text, unless they are markup themselves. Nothing that a test or a meter is called becomes code. */
export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return { markup: texts.reduce((whole, text, i) => whole + text + (i < parts.length ? rendered(parts[i]) : ""), "") };
}

function rendered(part: Part): string {
  if (part === null || part === undefined) return "";
  if (Array.isArray(part)) return part.map(rendered).join("");
  if (typeof part === "object") return (part as Markup).markup;
  return escaped(String(part));
}

function escaped(text: string): string {
  const names: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return text.replace(/[&<>"']/g, (char) => names[char] ?? char);
}

/** A column: `n` numbers, `k` short words; `width` in per cent where paper needs it. */
export type Column = readonly [name: string, kind?: "n" | "k" | "", width?: number];

/** A table whose rows become cards on a phone: each cell carries the name of its column. */
export function table(columns: readonly Column[], rows: readonly Row[]): Markup {
  return html`<table class="cards"><thead><tr>${columns.map(([name, kind, width]) => html`<th class="${kind ?? ""}" scope="col" style="${width === undefined ? "" : `width:${width}%`}">${name}</th>`)}</tr></thead><tbody>${rows.map((row) => rowOf(columns, row))}</tbody></table>`;
}

/** A row of cells, or a heading over the rows that follow. */
export type Row = readonly Part[] | { heading: string };

function rowOf(columns: readonly Column[], row: Row): Markup {
  if ("heading" in row) return html`<tr class="group"><td colspan="${columns.length}">${row.heading}</td></tr>`;
  return html`<tr>${columns.map(([name, kind], i) => html`<td class="${kind ?? ""}" data-label="${name}">${row[i]}</td>`)}</tr>`;
}

/** Chinese first, English second and smaller. */
export function both(zh: string, en: string): Markup {
  return html`${zh} <span class="en">${en}</span>`;
}
