import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { RefundView } from "./refund-view.tsx";

/** One refund, clear or write-off: its story, what is to be done, and its slip. */
export function RefundPage() {
  const { t } = useTranslation();
  const { refundNo = "" } = useParams();
  return (
    <main className="page desk" id="main" tabIndex={-1}>
      <div className="page-head no-print">
        <h1>{`${t("refunds.one")} ${refundNo}`}</h1>
        <Link className="link-button" to="/refunds">
          {t("refunds.back")}
        </Link>
      </div>
      <RefundView key={refundNo} refundNo={refundNo} />
    </main>
  );
}
