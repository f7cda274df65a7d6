import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { NoCutWindowView } from "#contract/supply.ts";
import { deleteWindow, getWindows, supplyKeys } from "#web/shared/api-supply.ts";
import { dateTime } from "#web/shared/format.ts";
import { Dialog } from "../../dialog.tsx";
import { FailedLine, FailedNotice, Loading, Notice } from "../../notice.tsx";
import { clock } from "../prices/clock-text.ts";
import { WindowDialog } from "./window-dialog.tsx";

/** Times in which nobody is cut off (不断电时段): where, on which days, from when to when. */
export function WindowList() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [editing, setEditing] = useState<NoCutWindowView | "new" | null>(null);
  const [removing, setRemoving] = useState<NoCutWindowView | null>(null);
  const list = useQuery({ queryKey: supplyKeys.windows, queryFn: getWindows });
  const items = list.data?.items;
  const changed = (): void => {
    setEditing(null);
    setRemoving(null);
    void client.invalidateQueries({ queryKey: supplyKeys.windows });
    void client.invalidateQueries({ queryKey: ["cuts"] });
  };
  return (
    <>
      <p className="row-buttons">
        <Button type="primary" onClick={() => setEditing("new")} data-testid="window-new">
          {t("supply.newWindow")}
        </Button>
      </p>
      <p className="muted">{t("supply.windowLead")}</p>
      {items === undefined ? (
        list.error ? (
          <FailedNotice error={list.error} retry={() => void list.refetch()} />
        ) : (
          <Loading rows={5} />
        )
      ) : items.length === 0 ? (
        <Notice title={t("supply.noWindows")} lead={t("supply.noWindowsLead")} testId="windows-empty" />
      ) : (
        <div className="tariffs">
          {items.map((window) => (
            <article key={window.id} className="panel tariff" data-testid={`window-${window.name}`}>
              <header className="tariff-head">
                <h3>{window.name}</h3>
                <span className="tag">{`${t(`supply.scope.${window.scope}`)} · ${window.place}`}</span>
              </header>
              <p>
                <b>{`${clock(window.fromMinute)} – ${clock(window.toMinute)}`}</b>{" "}
                {window.toMinute < window.fromMinute ? t("supply.nextDay") : ""}
              </p>
              <p>{window.days.map((day) => t(`prices.day.${day}`)).join(t("app.and"))}</p>
              <p className="muted">
                {t("supply.updated", { name: window.updatedBy, time: dateTime(window.updatedAt) })}
              </p>
              {window.mine ? (
                <div className="row-buttons">
                  <Button onClick={() => setEditing(window)}>{t("supply.edit")}</Button>
                  <Button danger onClick={() => setRemoving(window)} data-testid="window-remove">
                    {t("supply.remove")}
                  </Button>
                </div>
              ) : null}
            </article>
          ))}
        </div>
      )}
      {editing === null ? null : (
        <WindowDialog window={editing === "new" ? null : editing} onDone={changed} onClose={() => setEditing(null)} />
      )}
      {removing === null ? null : <RemoveWindow window={removing} onDone={changed} onClose={() => setRemoving(null)} />}
    </>
  );
}

type RemoveProps = { window: NoCutWindowView; onDone: () => void; onClose: () => void };

function RemoveWindow({ window, onDone, onClose }: RemoveProps) {
  const { t } = useTranslation();
  const remove = useMutation({ mutationFn: () => deleteWindow(window), onSuccess: onDone });
  return (
    <Dialog title={t("supply.removeTitle", { name: window.name })} onClose={onClose} testId="window-remove-dialog">
      <p className="dialog-lead">{t("supply.removeLead", { place: window.place })}</p>
      {remove.error ? <FailedLine error={remove.error} /> : null}
      <div className="dialog-buttons">
        <Button onClick={onClose} data-autofocus="">
          {t("prices.cancel")}
        </Button>
        <Button danger onClick={() => remove.isPending || remove.mutate()} data-testid="window-remove-confirm">
          {t("supply.remove")}
        </Button>
      </div>
    </Dialog>
  );
}
