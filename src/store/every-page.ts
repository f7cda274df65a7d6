/** Rows of one read of an export: a few milliseconds each, so that others get their turn. */
const EXPORT_PAGE = 500;

/** All rows of a list that is read page by page; `numberOf` names the row that the next page goes on from. */
export async function* everyPage<Row>(
  page: (at: { before: string | undefined; limit: number }) => Promise<{ items: Row[]; more: boolean }>,
  numberOf: (row: Row) => string,
): AsyncGenerator<Row> {
  let before: string | undefined;
  for (;;) {
    const { items, more } = await page({ before, limit: EXPORT_PAGE });
    yield* items;
    const last = items.at(-1);
    if (!more || last === undefined) return;
    before = numberOf(last);
  }
}
