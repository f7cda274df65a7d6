import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { PaymentView } from "./payment-view.tsx";

/** One payment from the records: its parts, their progress, its receipt. */
export function PaymentPage() {
  const { t } = useTranslation();
  const { paymentNo = "" } = useParams();
  return (
    <main className="page desk" id="main" tabIndex={-1}>
      <div className="page-head no-print">
        <h1>{t("split.payment")}</h1>
        <Link className="link-button" to="/records">
          {t("records.back")}
        </Link>
      </div>
      <PaymentView key={paymentNo} paymentNo={paymentNo} />
    </main>
  );
}
