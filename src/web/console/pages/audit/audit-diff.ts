type Figures = Readonly<Record<string, unknown>> | null;

/** One field of a change: what it was and what it is; `undefined` where it was not there at all. */
export type Change = { field: string; before: unknown; after: unknown; kind: "added" | "removed" | "changed" | "same" };

/** Deeper than anything that is written down honestly: what is below is shown as text. */
const DEPTH_MAX = 4;

/**
 * A change field by field, in the order in which the fields were written. What is nested is named by its path (`card.limit`). Where only one side was
 * written down, its fields are `added` or `removed`; what did not change comes last.
 */
export function changesOf(before: Figures, after: Figures): Change[] {
  const [was, is] = [flat(before), flat(after)];
  const names = [...new Set([...was.keys(), ...is.keys()])];
  const changes = names.map((field): Change => {
    const [old, now] = [was.get(field), is.get(field)];
    if (!was.has(field)) return { field, before: undefined, after: now, kind: "added" };
    if (!is.has(field)) return { field, before: old, after: undefined, kind: "removed" };
    return { field, before: old, after: now, kind: JSON.stringify(old) === JSON.stringify(now) ? "same" : "changed" };
  });
  return [...changes.filter(({ kind }) => kind !== "same"), ...changes.filter(({ kind }) => kind === "same")];
}

function flat(figures: Figures): Map<string, unknown> {
  const found = new Map<string, unknown>();
  const add = (value: unknown, path: string, depth: number): void => {
    const isNested = typeof value === "object" && value !== null && !Array.isArray(value) && depth < DEPTH_MAX;
    if (!isNested || Object.keys(value).length === 0) found.set(path, value);
    else for (const [name, each] of Object.entries(value)) add(each, `${path}.${name}`, depth + 1);
  };
  for (const [name, value] of Object.entries(figures ?? {})) add(value, name, 0);
  return found;
}

/** The approval that a row tells of; null when it tells of none. */
export function approvalOf(row: { before: Figures; after: Figures }): string | null {
  const id = row.after?.approval ?? row.before?.approval;
  return typeof id === "string" && id !== "" ? id : null;
}

/** `price_e4`, `priceE4` and `price` are one name; so are `areaId` and `area_id`. */
export function plainField(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, sign: string) => sign.toUpperCase()).replace(/(?:E4|Wh|Id)$/, "");
}
