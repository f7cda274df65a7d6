import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { OrderView } from "../recharge/order-view.tsx";

/** One recharge from the records: its progress and its receipt. */
export function RecordPage() {
  const { t } = useTranslation();
  const { orderNo = "" } = useParams();
  return (
    <main className="page desk" id="main" tabIndex={-1}>
      <div className="page-head no-print">
        <h1>{t("receipt.title")}</h1>
        <Link className="link-button" to="/records">
          {t("records.back")}
        </Link>
      </div>
      <OrderView key={orderNo} orderNo={orderNo} />
    </main>
  );
}
