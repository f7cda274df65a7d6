import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Command } from "#contract/metering.ts";
import type { Recharge } from "#contract/money.ts";
import { getRecharge } from "#web/shared/api.ts";
import { clockTime, yuan } from "#web/shared/format.ts";
import { reasonText } from "#web/shared/i18n.ts";
import { isOrderDone, keys } from "#web/shared/live-cache.ts";
import { FailedNotice, Loading } from "../../notice.tsx";
import { Steps } from "../../steps.tsx";
import { OrderRefunds } from "../refunds/order-refunds.tsx";
import { orderSteps } from "./order-steps.ts";
import { Receipt } from "./receipt.tsx";
import { Recheck } from "./recheck.tsx";
import { Withdraw } from "./withdraw.tsx";
import "./recharge.css";

/** Asked for beside the live events, in case one of them is missed. */
const POLL_MS = 2_000;
/** After so long the cashier is told not to worry and not to pay again. */
const SLOW_MS = 15_000;

/** One recharge on its way to the meter, what has become of the money, and its receipt. */
export function OrderView({ orderNo }: { orderNo: string }) {
  const order = useQuery({
    queryKey: keys.order(orderNo),
    queryFn: () => getRecharge(orderNo),
    refetchInterval: ({ state }) => (state.data && isOrderDone(state.data) ? false : POLL_MS),
  });
  const meterId = order.data?.meterId;
  const topUp = useQuery<Command>({ queryKey: keys.topUp(meterId ?? 0), enabled: false });
  if (order.data === undefined) {
    return order.error ? <FailedNotice error={order.error} retry={() => void order.refetch()} /> : <Loading rows={6} />;
  }
  return (
    <div className="order" data-testid="order" data-state={order.data.state} data-order={order.data.orderNo}>
      <div className="order-story no-print">
        <Progress order={order.data} command={topUp.data} />
        <OrderRefunds order={order.data} />
      </div>
      {order.data.parts > 1 ? <PartOf order={order.data} /> : <Receipt order={order.data} />}
    </div>
  );
}

/** A part of a payment over several meters has no receipt of its own. */
function PartOf({ order }: { order: Recharge }) {
  const { t } = useTranslation();
  return (
    <section className="panel" data-testid="part-of">
      <p>{t("split.ofPayment", { no: order.paymentNo, part: order.part, parts: order.parts })}</p>
      <p className="confirm-big">
        {order.label} {yuan(order.amount)}
      </p>
      <Link className="link-button" to={`/payments/${encodeURIComponent(order.paymentNo)}`}>
        {t("split.open")}
      </Link>
    </section>
  );
}

type ProgressProps = { order: Recharge; command: Command | undefined };

function Progress({ order, command }: ProgressProps) {
  const { t } = useTranslation();
  const slow = useSlow(order);
  const done = isOrderDone(order);
  const good = order.state === "confirmed" && order.reconnection !== "failed";
  const look = !done ? "doing" : good ? "good" : order.state === "withdrawn" ? "quiet" : "bad";
  const sentence =
    order.state === "confirmed" && order.creditAt === "server"
      ? t("recharge.money.credited", { amount: yuan(order.amount) })
      : t(`recharge.money.${order.state}`, { amount: yuan(order.amount) });
  const waits = order.state === "booked" || order.state === "sent" || order.state === "unknown";
  return (
    <section
      className={`panel progress progress-${look} no-print`}
      aria-label={t("recharge.progress")}
      data-testid="progress"
    >
      <Steps
        steps={orderSteps(order, command).map((step) => ({
          name: t(`recharge.steps.${step.name}`),
          state: step.state,
          time: step.at === null ? "" : clockTime(step.at),
        }))}
      />
      <p className="progress-sentence" role="status" data-testid="progress-sentence">
        {sentence}
        {saysWhy(order) ? ` (${reasonText(order.stateReason)})` : ""}
      </p>
      {order.state === "confirmed" && order.reconnection !== "none" ? (
        <p
          className={order.reconnection === "press_button" ? "banner banner-warn" : "progress-switch"}
          role="status"
          data-testid="reconnection"
          data-reconnection={order.reconnection}
        >
          {t(`recharge.reconnection.${order.reconnection}`)}
        </p>
      ) : null}
      {waits && !order.reachable ? (
        <p className="banner banner-warn" role="alert" data-testid="wait-online">
          {t("recharge.waitOnline")}
        </p>
      ) : waits && slow ? (
        <p className="banner banner-warn" role="alert" data-testid="slow">
          {t("recharge.slow")}
        </p>
      ) : null}
      {order.state === "withdrawn" && order.stateReason !== "" ? (
        <p className="muted" data-testid="withdrawn-because">
          {t("withdraw.because", { reason: order.stateReason })}
        </p>
      ) : null}
      <Withdraw order={order} />
      <Recheck order={order} />
    </section>
  );
}

/** True when the order has been on its way for too long, by this computer's own watch. */
function useSlow(order: Recharge): boolean {
  const [slow, setSlow] = useState(false);
  const { orderNo } = order;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another order starts the watch anew
  useEffect(() => {
    setSlow(false);
    const timer = setTimeout(() => setSlow(true), SLOW_MS);
    return () => clearTimeout(timer);
  }, [orderNo]);
  return slow;
}

/** A booked order has a reason when something of ours keeps it waiting; that it is looked at again is no reason. */
function saysWhy({ state, stateReason }: Recharge): boolean {
  if (stateReason === "" || stateReason === "recheck") return false;
  return state === "refused" || state === "stopped" || state === "booked";
}
