import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";
import type { Shift, Shifts } from "#contract/shifts.ts";
import { keepAmount } from "#web/shared/amount-input.ts";
import { deskKeys, getShifts, postShift } from "#web/shared/api-desk.ts";
import { Can } from "#web/shared/can.tsx";
import { dateTime, isZero, yuan } from "#web/shared/format.ts";
import { FailedLine, FailedNotice, Loading, Notice } from "../../notice.tsx";
import { SheetBox } from "../../sheet-box.tsx";
import "../records/records.css";
import "../reports/reports.css";
import "./shifts.css";

/** Shifts (班次): open ones first; open one by hand, look at a report, close one. */
export function ShiftsPage() {
  const { t } = useTranslation();
  const list = useQuery({ queryKey: deskKeys.shiftList("all"), queryFn: () => getShifts({}) });
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t("shifts.title")}</h1>
      </div>
      {list.data === undefined ? (
        list.error ? (
          <FailedNotice error={list.error} retry={() => void list.refetch()} />
        ) : (
          <Loading rows={6} />
        )
      ) : (
        <>
          <Can do="recharge.create">
            {list.data.items.some((shift) => shift.mine && shift.state === "open") ? null : (
              <OpenShift projects={list.data.projects} />
            )}
          </Can>
          {list.data.items.length === 0 ? (
            <Notice title={t("shifts.empty")} lead={t("shifts.emptyLead")} testId="shifts-empty" />
          ) : (
            <ShiftTable items={list.data.items} />
          )}
        </>
      )}
    </main>
  );
}

function OpenShift({ projects }: { projects: Shifts["projects"] }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [float, setFloat] = useState("");
  const [projectId, setProjectId] = useState(projects[0]?.projectId ?? 0);
  const opening = useMutation({
    mutationFn: () => postShift({ projectId, float: float === "" ? "0" : float }),
    onSuccess: () => navigate("/recharge"),
    onSettled: () => void client.invalidateQueries({ queryKey: deskKeys.shifts }),
  });
  return (
    <form
      className="panel open-shift"
      onSubmit={(event) => {
        event.preventDefault();
        if (!opening.isPending) opening.mutate();
      }}
    >
      <p className="muted">{t("shifts.openLead")}</p>
      <div className="row-buttons">
        {projects.length > 1 ? (
          <select
            value={projectId}
            aria-label={t("shifts.project")}
            onChange={(event) => setProjectId(Number(event.target.value))}
          >
            {projects.map((project) => (
              <option key={project.projectId} value={project.projectId}>
                {project.name}
              </option>
            ))}
          </select>
        ) : null}
        <Input
          className="shift-float"
          prefix="¥"
          inputMode="decimal"
          value={float}
          placeholder={t("shifts.float")}
          aria-label={t("shifts.float")}
          onChange={(event) => setFloat(keepAmount(event.target.value))}
          data-testid="shift-float"
        />
        <Button htmlType="submit" aria-busy={opening.isPending} data-testid="shift-open">
          {t("shifts.open")}
        </Button>
      </div>
      {opening.error ? <FailedLine error={opening.error} testId="shift-open-problem" /> : null}
    </form>
  );
}

function ShiftTable({ items }: { items: readonly Shift[] }) {
  const { t } = useTranslation();
  return (
    <SheetBox cards name="shifts">
      <table className="sheet" data-testid="shifts">
        <thead>
          <tr>
            <th className="first">{t("shifts.id")}</th>
            {(["cashier", "openedAt", "closedAt"] as const).map((column) => (
              <th key={column}>{t(`shifts.${column}`)}</th>
            ))}
            {(["expected", "counted", "difference"] as const).map((column) => (
              <th key={column} className="num">
                {t(`shifts.${column}`)}
              </th>
            ))}
            <th data-stays="">{t("shifts.state")}</th>
          </tr>
        </thead>
        <tbody>
          {items.map((shift) => (
            <tr key={shift.shiftId} data-testid={`shift-${shift.shiftId}`} data-state={shift.state}>
              <th scope="row" className="first">
                <Link to={`/shifts/${shift.shiftId}`}>{shift.shiftId}</Link>
              </th>
              <td>{shift.openedBy === "takeover" ? t("shifts.house") : `${shift.cashierName} (${shift.cashier})`}</td>
              <td>{dateTime(shift.openedAt)}</td>
              <td>{dateTime(shift.closedAt)}</td>
              <td className="num">{yuan(shift.expected)}</td>
              <td className="num">{yuan(shift.counted)}</td>
              <td className={`num${shift.difference !== null && !isZero(shift.difference) ? " bad" : ""}`}>
                {yuan(shift.difference)}
              </td>
              <td>
                <span
                  className={`tag ${shift.state === "open" ? (shift.overnight ? "tag-warn" : "tag-doing") : "tag-good"}`}
                >
                  {t(
                    shift.state === "open"
                      ? shift.overnight
                        ? "shifts.stateOvernight"
                        : "shifts.stateOpen"
                      : "shifts.stateClosed",
                  )}
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </SheetBox>
  );
}
