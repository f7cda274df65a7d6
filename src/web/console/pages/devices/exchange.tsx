import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import type { Device, Exchange } from "#contract/devices.ts";
import { deviceKeys, type ExchangeStep, getExchange, postStep } from "#web/shared/api-devices.ts";
import { useCan } from "#web/shared/can.tsx";
import { dateTime, MISSING, shortTime, units, yuan } from "#web/shared/format.ts";
import { FailedNotice, Loading } from "../../notice.tsx";
import { ReasonDialog } from "../../reason-dialog.tsx";
import { type Step, Steps } from "../../steps.tsx";
import { OldMeterStep } from "./old-meter-step.tsx";
import { SwapStep } from "./swap-step.tsx";
import "./devices.css";

const POLL_MS = 1_500;
const OVER = ["done", "cancelled"];

/** One exchange, step by step: it goes on where it was, after a reload or on another machine. */
export function ExchangePage() {
  const { t } = useTranslation();
  const { exchangeNo = "" } = useParams();
  const found = useQuery({
    queryKey: deviceKeys.exchange(exchangeNo),
    queryFn: () => getExchange(exchangeNo),
    retry: false,
    refetchInterval: ({ state }) => (OVER.includes(state.data?.state ?? "") ? false : POLL_MS),
  });
  const exchange = found.data;
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{exchange === undefined ? t("exchanges.title") : t("exchanges.one", { label: exchange.label })}</h1>
        <Link className="link-button" to="/exchanges">
          {t("exchanges.title")}
        </Link>
      </div>
      {exchange === undefined ? (
        found.error ? (
          <FailedNotice error={found.error} retry={() => void found.refetch()} />
        ) : (
          <Loading rows={6} />
        )
      ) : (
        <Wizard exchange={exchange} />
      )}
    </main>
  );
}

function Wizard({ exchange }: { exchange: Exchange }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [asking, setAsking] = useState<"cancel" | "recheck" | null>(null);
  const mayAct = useCan("meter.exchange");
  const key = deviceKeys.exchange(exchange.exchangeNo);
  const act = async (step: ExchangeStep, body: Parameters<typeof postStep>[2]): Promise<void> => {
    client.setQueryData(key, await postStep(exchange.exchangeNo, step, body));
  };
  const { state } = exchange;
  const isStated = state === "cleared" && exchange.how === "stated";
  const mayCancel = state === "open" || state === "asked" || state === "clearing" || isStated;
  return (
    <div data-testid="exchange" data-state={state}>
      <p className="muted">
        {exchange.exchangeNo} · {exchange.customer ?? MISSING} · {exchange.reason} · {exchange.createdBy}{" "}
        {dateTime(exchange.createdAt)}
      </p>
      <Steps steps={stepsOf(exchange, (name) => t(`exchanges.steps.${name}`))} />
      <div className="exchange-meters">
        <MeterCard title={t("exchanges.oldMeter")} device={exchange.oldMeter} exchange={exchange} isOld />
        {exchange.newMeter === null ? null : (
          <MeterCard title={t("exchanges.newMeter")} device={exchange.newMeter} exchange={exchange} isOld={false} />
        )}
      </div>
      <Now exchange={exchange} />
      {mayAct &&
      (state === "open" || (state === "stopped" && exchange.swappedAt === null)) &&
      exchange.creditAt === "meter" ? (
        <OldMeterStep exchange={exchange} act={act} />
      ) : null}
      {mayAct && (state === "cleared" || (state === "open" && exchange.creditAt !== "meter")) ? (
        <SwapStep exchange={exchange} act={act} />
      ) : null}
      {mayAct ? (
        <div className="exchange-buttons">
          {mayCancel ? (
            <Button onClick={() => setAsking("cancel")} data-testid="exchange-cancel">
              {t("exchanges.cancel")}
            </Button>
          ) : null}
          {state === "stopped" ? (
            <Button type="primary" onClick={() => setAsking("recheck")} data-testid="exchange-recheck">
              {t("exchanges.recheck")}
            </Button>
          ) : null}
        </div>
      ) : null}
      {asking === null ? null : (
        <ReasonDialog
          title={t(`exchanges.${asking}`)}
          label={t("devices.reason")}
          missingText={t("devices.reasonMissing")}
          confirmText={t(`exchanges.${asking}`)}
          cancelText={t("devices.back")}
          danger={asking === "cancel"}
          testId={`exchange-${asking}`}
          act={(reason) => act(asking, { reason })}
          onDone={() => setAsking(null)}
          onClose={() => setAsking(null)}
        >
          <p>{t(asking === "cancel" ? "exchanges.cancelLead" : "exchanges.recheckLead")}</p>
        </ReasonDialog>
      )}
    </div>
  );
}

type StepName = "begun" | "old" | "swap" | "answer" | "load" | "done";

/** Where the exchange is, as stops that were passed, are being passed, or lie ahead. */
function stepsOf(exchange: Exchange, word: (name: StepName) => string): Step[] {
  const { state, creditAt } = exchange;
  const inMeter = creditAt === "meter";
  const names: StepName[] = ["begun", ...(inMeter ? (["old"] as const) : []), "swap", "answer"];
  if (inMeter) names.push("load");
  names.push("done");
  const at: Record<Exchange["state"], StepName> = {
    open: inMeter ? "old" : "swap",
    asked: "old",
    clearing: "old",
    cleared: "swap",
    reading: "answer",
    loading: "load",
    stopped: exchange.swappedAt === null ? "old" : "load",
    done: "done",
    cancelled: "begun",
  };
  const current = names.indexOf(at[state]);
  const times: Partial<Record<StepName, number | null>> = {
    begun: exchange.createdAt,
    swap: exchange.swappedAt,
    done: state === "done" ? exchange.doneAt : null,
  };
  return names.map((name, i) => {
    const passed = i < current || state === "done";
    const here = state === "stopped" ? ("stopped" as const) : ("doing" as const);
    const time = times[name] ?? null;
    const stopState = passed ? ("done" as const) : i === current && state !== "cancelled" ? here : ("waiting" as const);
    return { name: word(name), state: stopState, time: time === null ? "" : shortTime(time, Date.now()) };
  });
}

type CardProps = { title: string; device: Device; exchange: Exchange; isOld: boolean };

function MeterCard({ title, device, exchange, isOld }: CardProps) {
  const { t } = useTranslation();
  const unit = t(`unit.sold.${exchange.meterKind}`);
  const isThere = isOld === (exchange.newMeter === null);
  const isKnown = isOld || exchange.lastAnswerAt > 0;
  const edgeWh = isOld ? exchange.closeWh : exchange.openWh;
  return (
    <section className="panel" data-testid={isOld ? "old-meter" : "new-meter"}>
      <h2>{title}</h2>
      <dl className="facts">
        <dt>{t("devices.number")}</dt>
        <dd>
          <b>{device.number}</b> <small>{device.profile}</small>
        </dd>
        <dt>{t("exchanges.address")}</dt>
        <dd>
          {device.address} <small>{t("exchanges.place", { concentrator: device.concentrator, bus: device.bus })}</small>
        </dd>
        <dt>{t("devices.ratio")}</dt>
        <dd>{device.ratio}</dd>
        <dt>{isOld ? t("devices.closeIndex") : t("devices.openIndex")}</dt>
        <dd>
          {edgeWh === null ? MISSING : `${units(edgeWh)} ${unit}`}{" "}
          {isOld && exchange.closeSource !== null ? (
            <small>{t(`exchanges.source.${exchange.closeSource}`)}</small>
          ) : null}
        </dd>
        {isThere ? (
          <>
            <dt>{t("exchanges.lastReading")}</dt>
            <dd>
              {isKnown ? (
                <>
                  {units(exchange.indexWh)} {unit} <small>{dateTime(exchange.indexAt)}</small>
                </>
              ) : (
                t("exchanges.never")
              )}
            </dd>
            <dt>{t("exchanges.remaining")}</dt>
            <dd data-testid="exchange-remaining" data-wh={exchange.remainingWh ?? ""}>
              {exchange.remainingWh === null ? (
                t("exchanges.never")
              ) : (
                <>
                  {units(exchange.remainingWh)} {unit} <small>{dateTime(exchange.remainingAt)}</small>
                </>
              )}
            </dd>
          </>
        ) : null}
      </dl>
    </section>
  );
}

/** What is happening now, and what it waits for. */
function Now({ exchange }: { exchange: Exchange }) {
  const { t } = useTranslation();
  const unit = t(`unit.sold.${exchange.meterKind}`);
  const carried = { units: units(exchange.carryWh), unit };
  switch (exchange.state) {
    case "asked":
      return (
        <p className="banner banner-warn">
          {t("exchanges.waitsApproval")} <Link to="/approvals">{t("exchanges.toApprovals")}</Link>
        </p>
      );
    case "clearing":
      return <p className="banner banner-warn">{t("exchanges.waitsClear")}</p>;
    case "reading": {
      const why = exchange.stateReason as "no_answer" | "index_differs" | "count_unknown" | "holds_more";
      return (
        <p className="banner banner-warn" data-testid="exchange-waits">
          {t(`exchanges.waitsAnswer.${why}`)}{" "}
          {why === "index_differs" ? <Link to={`/doubts/${exchange.meterId}`}>{t("exchanges.toDoubt")}</Link> : null}
        </p>
      );
    }
    case "loading":
      return <p className="banner banner-warn">{t("exchanges.waitsLoad")}</p>;
    case "stopped":
      return <p className="banner banner-error">{t("exchanges.stopped", { reason: exchange.stateReason })}</p>;
    case "cancelled":
      return <p className="banner banner-warn">{t("exchanges.cancelled")}</p>;
    case "done":
      return (
        <p className="banner banner-good" data-testid="exchange-done">
          <strong>{t("exchanges.done")}</strong>{" "}
          {exchange.carryWh === null ? null : t("exchanges.carriedFact", carried)}{" "}
          {exchange.differenceWh === 0
            ? null
            : t("exchanges.differenceFact", {
                units: units(exchange.differenceWh),
                unit,
                amount: yuan(exchange.difference),
              })}{" "}
          {Number(exchange.debt) > 0 ? t("exchanges.debtFact", { amount: yuan(exchange.debt) }) : null}
        </p>
      );
    case "open":
    case "cleared":
      return null;
  }
}
