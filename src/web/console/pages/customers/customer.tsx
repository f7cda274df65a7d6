import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate, useParams } from "react-router";
import type { CustomerDetail } from "#contract/customers.ts";
import { deskKeys, getCustomer } from "#web/shared/api-desk.ts";
import { Can } from "#web/shared/can.tsx";
import { dateTime, isZero, yuan } from "#web/shared/format.ts";
import { FailedNotice, Loading } from "../../notice.tsx";
import { MergeDialog } from "../groups/merge-dialog.tsx";
import { WriteOff } from "../refunds/write-off.tsx";
import { MeterLine } from "./meter-line.tsx";
import { Story } from "./story.tsx";
import "../groups/groups.css";
import "./customers.css";

const POLL_MS = 5_000;

/** One customer: who he is, his money, his rooms and meters, and everything that happened, in one story. */
export function CustomerPage() {
  const { t } = useTranslation();
  const { customerId = "" } = useParams();
  const id = /^\d{1,15}$/.test(customerId) ? Number(customerId) : 0;
  const [merging, setMerging] = useState(false);
  const navigate = useNavigate();
  const customer = useQuery({
    queryKey: deskKeys.customer(id),
    queryFn: () => getCustomer(id),
    refetchInterval: POLL_MS,
  });
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{customer.data?.name ?? t("customers.page")}</h1>
        {customer.data && customer.data.meters.length > 1 ? (
          <Can do="account.merge">
            <Button onClick={() => setMerging(true)} data-testid="open-merge">
              {t("groups.merge.open")}
            </Button>
          </Can>
        ) : null}
        {customer.data ? (
          <Can do="recharge.create">
            <Link className="link-button link-primary" to={`/recharge/split/${id}`} data-testid="pay-all">
              {t("split.title")}
            </Link>
          </Can>
        ) : null}
        <Link className="link-button" to="/customers">
          {t("customers.back")}
        </Link>
      </div>
      {customer.data === undefined ? (
        customer.error ? (
          <FailedNotice error={customer.error} retry={() => void customer.refetch()} />
        ) : (
          <Loading rows={8} />
        )
      ) : (
        <Customer customer={customer.data} />
      )}
      {merging ? (
        <MergeDialog
          customerId={id}
          mainMeterId={null}
          onDone={(groupNo) => navigate(`/groups/${groupNo}`)}
          onClose={() => setMerging(false)}
        />
      ) : null}
    </main>
  );
}

function Customer({ customer }: { customer: CustomerDetail }) {
  const { t } = useTranslation();
  // A debt is the customer's; it is asked for by one of his meters.
  const debtor = customer.meters[0];
  const inYuan = (text: string | null) =>
    text === null ? t("meter.missing") : t("receipt.yuan", { value: yuan(text) });
  return (
    <div className="customer-columns" data-testid="customer">
      <section className="panel" aria-label={t("customers.who")}>
        <dl className="facts">
          <dt>{t("customers.number")}</dt>
          <dd>{customer.number}</dd>
          <dt>{t("meter.phone")}</dt>
          <dd>{customer.phone}</dd>
          <dt>{t("customers.credit")}</dt>
          <dd data-testid="customer-credit">
            <b>{inYuan(customer.credit)}</b>
          </dd>
          <dt>{t("meter.wallet")}</dt>
          <dd data-testid="customer-wallet">
            <b>{inYuan(customer.wallet)}</b>
          </dd>
          {isZero(customer.underWay) ? null : (
            <>
              <dt>{t("customers.underWay")}</dt>
              <dd>{inYuan(customer.underWay)}</dd>
            </>
          )}
          <dt>{t("meter.debts")}</dt>
          <dd className={isZero(customer.debts) ? "" : "bad"}>
            <b>{inYuan(customer.debts)}</b>
          </dd>
        </dl>
        <p className="muted">{t("meter.asOf", { time: dateTime(customer.asOf) })}</p>
        <div className="row-buttons customer-money">
          <Can do="recharge.view">
            <Link className="link-button" to={`/refunds?customerId=${customer.customerId}`}>
              {t("refunds.title")}
            </Link>
          </Can>
          {debtor === undefined ? null : (
            <WriteOff of={{ meterId: debtor.tile.meterId, customer: customer.name, debts: customer.debts }} />
          )}
        </div>
        {customer.metersElsewhere ? <p className="banner banner-warn">{t("customers.elsewhere")}</p> : null}
        <h2>{t("customers.rooms")}</h2>
        {customer.rooms.map((room) => (
          <section key={room.roomId ?? room.name} className="customer-room" aria-label={room.name}>
            <div className="customer-room-head">
              <h3>
                {room.name} <small>{room.areaName}</small>
              </h3>
              {room.roomId === null ? null : (
                <Link to={`/rooms/${room.roomId}/statement`} data-testid={`statement-${room.name}`}>
                  {t("statement.title")}
                </Link>
              )}
            </div>
            {customer.meters
              .filter(
                (meter) => meter.roomId === room.roomId && (room.roomId !== null || meter.tile.label === room.name),
              )
              .map((meter) => (
                <div key={meter.tile.meterId} className="customer-meter">
                  <MeterLine meter={meter} />
                  <span className="customer-meter-links">
                    <Can do="recharge.create">
                      <Link to={`/recharge?meter=${meter.tile.meterId}`}>{t("meter.recharge")}</Link>
                    </Can>
                    <Can do="refund.create">
                      <Link to={`/refunds/new?meter=${meter.tile.meterId}`} data-testid={`refund-${meter.tile.number}`}>
                        {t("refunds.refund")}
                      </Link>
                    </Can>
                    <Can do="moveout.create">
                      <Link
                        to={`/move-outs/new?meter=${meter.tile.meterId}`}
                        data-testid={`move-out-${meter.tile.meterId}`}
                      >
                        {t("moveOuts.begin.action")}
                      </Link>
                    </Can>
                    <Can do="meter.view">
                      <Link to={`/?meter=${meter.tile.meterId}`}>{t("customers.onBoard")}</Link>
                    </Can>
                  </span>
                </div>
              ))}
          </section>
        ))}
      </section>
      <Story customerId={customer.customerId} />
    </div>
  );
}
