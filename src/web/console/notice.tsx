import { Button } from "antd";
import { type ReactNode, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { failureText } from "#web/shared/failure-text.ts";

type NoticeProps = {
  title: string;
  lead?: string;
  detail?: string;
  action?: ReactNode;
  testId?: string;
  page?: boolean;
};

/** A calm box in the middle of an area: nothing here, not found, broken. `page` when it is all there is on the page. */
export function Notice({ title, lead, detail, action, testId, page = false }: NoticeProps) {
  return (
    <div className="notice" data-testid={testId}>
      {page ? <h1 className="notice-title">{title}</h1> : <p className="notice-title">{title}</p>}
      {lead === undefined ? null : <p className="notice-lead">{lead}</p>}
      {detail === undefined ? null : <p className="notice-detail">{detail}</p>}
      {action}
    </div>
  );
}

/** What could not be loaded, why, the number for the administrator, and a way to try again. */
export function FailedNotice({ error, retry }: { error: unknown; retry: () => void }) {
  const { t } = useTranslation();
  const { sentence, requestId } = failureText(error);
  return (
    <div role="alert">
      <Notice
        title={t("failure.load")}
        lead={sentence}
        {...(requestId === null || sentence.includes(requestId)
          ? {}
          : { detail: t("failure.requestId", { id: requestId }) })}
        action={<Button onClick={retry}>{t("failure.retry")}</Button>}
        testId="load-failed"
      />
    </div>
  );
}

type FailedLineProps = {
  error: unknown;
  more?: string;
  /** Where a small part of a page could not be loaded. */
  retry?: () => void;
  testId?: string;
};

/** A failed action in one line beside its button; `more` says what it means, for instance for the money. */
export function FailedLine({ error, more, retry, testId }: FailedLineProps) {
  const { t } = useTranslation();
  const { sentence, requestId } = failureText(error);
  return (
    <div className="banner banner-error" role="alert" data-testid={testId}>
      <span>
        {sentence}
        {more === undefined ? null : <strong> {more}</strong>}
        {requestId === null || sentence.includes(requestId) ? null : (
          <small> {t("failure.requestId", { id: requestId })}</small>
        )}
      </span>
      {retry === undefined ? null : (
        <Button size="small" onClick={retry}>
          {t("failure.retry")}
        </Button>
      )}
    </div>
  );
}

/** A part of a page that has not come: it failed, with the way to try again, or it is still on its way. */
export function NotYet({ of, rows = 1 }: { of: { error: unknown; refetch: () => unknown }; rows?: number }) {
  return of.error ? <FailedLine error={of.error} retry={() => void of.refetch()} /> : <Loading rows={rows} isPart />;
}

/** Grey bars in the shape of what is coming, shown only when it takes long enough to be noticed; their place is kept from the start. */
export function Loading({ rows, isPart = false }: { rows: number; isPart?: boolean }) {
  const { t } = useTranslation();
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 300);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div
      className={`loading${isPart ? " loading-part" : ""}${late ? "" : " loading-early"}`}
      {...(late && { role: "status", "aria-label": t("app.loading") })}
    >
      {Array.from({ length: rows }, (_, row) => `row-${row}`).map((row) => (
        <div key={row} className="loading-row" />
      ))}
    </div>
  );
}
