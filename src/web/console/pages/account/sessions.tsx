import { useMutation, useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { deleteSession, getOwnSessions, postEndOthers, safetyKeys } from "#web/shared/api-safety.ts";
import { dateTime } from "#web/shared/format.ts";
import { FailedLine, FailedNotice, Loading } from "../../notice.tsx";

/** Where I am logged in; each of the others can be ended. */
export function OwnSessionList() {
  const { t } = useTranslation();
  const list = useQuery({ queryKey: safetyKeys.sessions, queryFn: getOwnSessions, refetchInterval: 30_000 });
  const again = { onSettled: () => void list.refetch() };
  const ending = useMutation({ ...again, mutationFn: deleteSession });
  const endingOthers = useMutation({ ...again, mutationFn: postEndOthers });
  const error = ending.error ?? endingOthers.error;
  const items = list.data?.items;
  return (
    <section className="panel account-part" data-testid="own-sessions">
      <header className="row-buttons">
        <h2>{t("safety.sessions.title")}</h2>
        {items !== undefined && items.length > 1 ? (
          <Button onClick={() => endingOthers.isPending || endingOthers.mutate()} data-testid="end-others">
            {t("safety.sessions.endOthers")}
          </Button>
        ) : null}
      </header>
      {error ? <FailedLine error={error} /> : null}
      {items === undefined ? (
        list.error ? (
          <FailedNotice error={list.error} retry={() => void list.refetch()} />
        ) : (
          <Loading rows={2} />
        )
      ) : (
        <ul className="account-sessions">
          {items.map((each) => (
            <li key={each.id} data-testid="own-session">
              <span>
                <strong>{each.ip === "" ? t("safety.sessions.unknown") : each.ip}</strong>{" "}
                {each.current ? <span className="tag tag-good">{t("safety.sessions.current")}</span> : null}
                <br />
                <small className="account-agent">{each.agent}</small>
                <br />
                <small>
                  {t("safety.sessions.times", { from: dateTime(each.createdAt), seen: dateTime(each.seenAt) })}
                </small>
              </span>
              {each.current ? null : (
                <Button danger onClick={() => ending.isPending || ending.mutate(each.id)} data-testid="session-end">
                  {t("safety.sessions.end")}
                </Button>
              )}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
