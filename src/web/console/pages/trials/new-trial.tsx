import { useMutation, useQuery } from "@tanstack/react-query";
import { Button, Checkbox } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";
import type { TrialPlan } from "#contract/trials.ts";
import { trialWhys } from "#domain/trial-words.ts";
import { deskKeys, getAreas } from "#web/shared/api-desk.ts";
import { getTrialPlan, postTrial, trialKeys } from "#web/shared/api-trials.ts";
import { useCan } from "#web/shared/can.tsx";
import { dateTime } from "#web/shared/format.ts";
import { inLanguage } from "#web/shared/i18n.ts";
import { newKey } from "#web/shared/new-key.ts";
import { Dialog } from "../../dialog.tsx";
import { FailedLine, FailedNotice, Loading, NotYet } from "../../notice.tsx";
import { SheetBox } from "../../sheet-box.tsx";
import { useAddress } from "../../use-address.ts";
import "../records/records.css";
import "../reports/reports.css";
import "./trials.css";

/** Chooses what is tried: everything behind a concentrator, an area, or some of their meters; with the switch test or without. */
export function NewTrialPage() {
  const { t } = useTranslation();
  const [address, setAddress] = useAddress();
  const place = address.has("concentrator") ? ("concentrator" as const) : ("area" as const);
  const placeId = Number(address.get(place) ?? "0");
  const query = new URLSearchParams({ place, placeId: String(placeId) }).toString();
  const areas = useQuery({ queryKey: deskKeys.areas, queryFn: getAreas, staleTime: 60_000 });
  const plan = useQuery({
    queryKey: trialKeys.plan(query),
    queryFn: () => getTrialPlan(query),
    enabled: placeId > 0,
    retry: false,
  });
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t("trialNew.title")}</h1>
        {plan.data ? <small>{t("meter.asOf", { time: dateTime(plan.data.asOf) })}</small> : null}
        <Link className="link-button" to="/trials">
          {t("trials.back")}
        </Link>
      </div>
      <div className="record-filters">
        <label className="filter-field">
          <span>{t("trialNew.area")}</span>
          <select
            value={place === "area" && placeId > 0 ? String(placeId) : ""}
            onChange={(event) => setAddress({ area: event.target.value })}
            data-testid="trial-area"
          >
            <option value="" disabled>
              {t("trialNew.choose")}
            </option>
            {(areas.data?.items ?? []).map((each) => (
              <option key={each.areaId} value={each.areaId}>
                {each.name}
              </option>
            ))}
          </select>
        </label>
        <p className="muted">
          {t("trialNew.orConcentrator")} <Link to="/concentrators">{t("trialNew.concentrators")}</Link>
        </p>
      </div>
      {areas.data === undefined ? <NotYet of={areas} /> : null}
      {areas.data?.items.length === 0 ? <p className="empty-line">{t("trialNew.noAreas")}</p> : null}
      {placeId === 0 ? null : plan.data === undefined ? (
        plan.error ? (
          <FailedNotice error={plan.error} retry={() => void plan.refetch()} />
        ) : (
          <Loading rows={6} />
        )
      ) : (
        <Choice key={query} plan={plan.data} place={place} placeId={placeId} />
      )}
    </main>
  );
}

type Item = TrialPlan["items"][number];

function Choice({ plan, place, placeId }: { plan: TrialPlan; place: "concentrator" | "area"; placeId: number }) {
  const { t } = useTranslation();
  const go = useNavigate();
  const maySwitch = [useCan("meter.trip"), useCan("meter.close")].every(Boolean);
  const [key] = useState(newKey);
  const [left, setLeft] = useState<ReadonlySet<number>>(new Set());
  const [switchTest, setSwitchTest] = useState(false);
  const [also, setAlso] = useState<ReadonlySet<number>>(new Set());
  const [asking, setAsking] = useState(false);
  const chosen = plan.items.filter(({ meterId }) => !left.has(meterId));
  const switched = chosen.filter(
    ({ meterId, inUse, neverSwitched }) => neverSwitched === null && (!inUse || also.has(meterId)),
  );
  const starting = useMutation({
    mutationFn: () =>
      postTrial({
        ...{ key, place, placeId, switchTest },
        meterIds: left.size === 0 ? null : chosen.map(({ meterId }) => meterId),
        inUseMeterIds: switchTest ? switched.flatMap(({ meterId, inUse }) => (inUse ? [meterId] : [])) : [],
      }),
    onSuccess: ({ trialNo }) => go(`/trials/${trialNo}`),
    onSettled: () => setAsking(false),
  });
  const start = (): void => {
    if (starting.isPending || chosen.length === 0) return;
    if (switchTest && switched.length > 0 && !asking) setAsking(true);
    else starting.mutate();
  };
  return (
    <>
      <p>{t("trialNew.lead", { place: plan.placeName, count: plan.items.length })}</p>
      {maySwitch ? (
        <div className="panel trial-switch">
          <Checkbox
            checked={switchTest}
            onChange={(event) => setSwitchTest(event.target.checked)}
            data-testid="trial-switch"
          >
            {t("trialNew.switchTest")}
          </Checkbox>
          <p className="muted">{t("trialNew.switchLead")}</p>
        </div>
      ) : null}
      <div className="row-buttons trial-start">
        <span role="status" data-testid="trial-chosen" data-count={chosen.length}>
          {t("trialNew.meters", { count: chosen.length })}
        </span>
        <Button
          type="primary"
          disabled={chosen.length === 0}
          onClick={start}
          aria-busy={starting.isPending}
          data-testid="trial-start"
        >
          {starting.isPending ? t("app.loading") : t("trialNew.start")}
        </Button>
      </div>
      {starting.error ? <FailedLine error={starting.error} testId="trial-problem" /> : null}
      <MeterChoice {...{ items: plan.items, left, setLeft, also, setAlso, switchTest }} />
      {asking ? (
        <Dialog title={t("trialNew.confirmTitle")} onClose={() => setAsking(false)} testId="trial-confirm-dialog">
          <p className="dialog-lead">
            {t("trialNew.confirmLead", {
              count: switched.length,
              inUse: switched.filter(({ inUse }) => inUse).length,
            })}
          </p>
          <div className="dialog-buttons">
            <Button onClick={() => setAsking(false)} data-autofocus="">
              {t("trials.stay")}
            </Button>
            <Button danger onClick={start} aria-busy={starting.isPending} data-testid="trial-confirm">
              {t("trialNew.start")}
            </Button>
          </div>
        </Dialog>
      ) : null}
    </>
  );
}

type ChoiceProps = {
  items: readonly Item[];
  left: ReadonlySet<number>;
  setLeft: (ids: ReadonlySet<number>) => void;
  also: ReadonlySet<number>;
  setAlso: (ids: ReadonlySet<number>) => void;
  switchTest: boolean;
};

function MeterChoice({ items, left, setLeft, also, setAlso, switchTest }: ChoiceProps) {
  const { t } = useTranslation();
  return (
    <SheetBox cards>
      <table className="sheet" data-testid="trial-plan">
        <thead>
          <tr>
            <th className="first">
              <Checkbox
                className="trial-tick"
                checked={left.size === 0}
                indeterminate={left.size > 0 && left.size < items.length}
                onChange={(event) => setLeft(new Set(event.target.checked ? [] : items.map((each) => each.meterId)))}
                aria-label={t("trialNew.pickAll")}
                data-testid="pick-all"
              />
              {t("trials.room")}
            </th>
            <th>{t("trials.no")}</th>
            <th>{t("trialNew.usage")}</th>
            {switchTest ? <th>{t("trialNew.also")}</th> : null}
          </tr>
        </thead>
        <tbody>
          {items.map((each) => (
            <tr key={each.meterId} data-testid={`plan-${each.number}`}>
              <th scope="row" className="first">
                <Checkbox
                  className="trial-tick"
                  checked={!left.has(each.meterId)}
                  onChange={(event) => setLeft(toggled(left, each.meterId, !event.target.checked))}
                  aria-label={t("trialNew.pick", { room: each.label })}
                  data-testid={`pick-${each.number}`}
                />
                {each.label}
              </th>
              <td>{each.number}</td>
              <td>{t(each.inUse ? "trialNew.inUse" : "trialNew.vacant")}</td>
              {switchTest ? (
                <td>
                  {each.neverSwitched !== null ? (
                    <small>{inLanguage(trialWhys[each.neverSwitched])}</small>
                  ) : each.inUse ? (
                    <Checkbox
                      checked={also.has(each.meterId)}
                      onChange={(event) => setAlso(toggled(also, each.meterId, event.target.checked))}
                      aria-label={t("trialNew.alsoPick", { room: each.label })}
                      data-testid={`also-${each.number}`}
                    >
                      {t(also.has(each.meterId) ? "trialNew.alsoVacant" : "trialNew.alsoNo")}
                    </Checkbox>
                  ) : (
                    t("trialNew.alsoVacant")
                  )}
                </td>
              ) : null}
            </tr>
          ))}
        </tbody>
      </table>
    </SheetBox>
  );
}

function toggled(ids: ReadonlySet<number>, id: number, on: boolean): ReadonlySet<number> {
  const next = new Set(ids);
  if (on) next.add(id);
  else next.delete(id);
  return next;
}
