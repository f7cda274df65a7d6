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
        {...(requestId === null ? {} : { detail: t("failure.requestId", { id: requestId }) })}
        action={<Button onClick={retry}>{t("failure.retry")}</Button>}
        testId="load-failed"
      />
    </div>
  );
}

/** A failed action in one line beside its button; `more` says what it means, for instance for the money. */
export function FailedLine({ error, more, testId }: { error: unknown; more?: string; testId?: string }) {
  const { t } = useTranslation();
  const { sentence, requestId } = failureText(error);
  return (
    <div className="banner banner-error" role="alert" data-testid={testId}>
      <span>
        {sentence}
        {more === undefined ? null : <strong> {more}</strong>}
        {requestId === null ? null : <small> {t("failure.requestId", { id: requestId })}</small>}
      </span>
    </div>
  );
}

/** Grey bars in the shape of what is coming, but only when it takes long enough to be noticed. */
export function Loading({ rows }: { rows: number }) {
  const { t } = useTranslation();
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 300);
    return () => clearTimeout(timer);
  }, []);
  if (!late) return <div className="loading" />;
  return (
    <div className="loading" role="status" aria-label={t("app.loading")}>
      {Array.from({ length: rows }, (_, row) => `row-${row}`).map((row) => (
        <div key={row} className="loading-row" />
      ))}
    </div>
  );
}
