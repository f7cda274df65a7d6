import { Button } from "antd";
import { useTranslation } from "react-i18next";

/** Rows of one page of a list that is here as a whole. */
export const PAGE_ROWS = 50;

/** The part of a list that a page shows, from 1 on; a page that is not there is the last. */
export function pageOf<Row>(rows: readonly Row[], page: number): { page: number; pages: number; rows: readonly Row[] } {
  const pages = Math.max(1, Math.ceil(rows.length / PAGE_ROWS));
  const shown = Math.min(Math.max(1, page), pages);
  return { page: shown, pages, rows: rows.slice((shown - 1) * PAGE_ROWS, shown * PAGE_ROWS) };
}

/** Says which rows are shown, and leads to the others. */
export function Pager({ page, total, onPage }: { page: number; total: number; onPage: (page: number) => void }) {
  const { t } = useTranslation();
  const from = Math.min(total, (page - 1) * PAGE_ROWS + 1);
  const to = Math.min(total, page * PAGE_ROWS);
  return (
    <div className="records-more">
      <span className="muted" role="status">
        {t("batches.shown", { from, to, count: total })}
      </span>
      <Button disabled={page <= 1} onClick={() => onPage(page - 1)} data-testid="page-before">
        {t("batches.before")}
      </Button>
      <Button disabled={to >= total} onClick={() => onPage(page + 1)} data-testid="page-after">
        {t("batches.after")}
      </Button>
    </div>
  );
}
