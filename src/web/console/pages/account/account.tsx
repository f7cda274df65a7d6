import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { getAccountSafety, safetyKeys } from "#web/shared/api-safety.ts";
import { Can } from "#web/shared/can.tsx";
import { FailedNotice, Loading } from "../../notice.tsx";
import { SafetyRules } from "./safety-rules.tsx";
import { SecondFactor } from "./second-factor.tsx";
import { OwnSessionList } from "./sessions.tsx";
import "./account.css";

/** How my account is kept safe (账号安全): second factor, where I am logged in, and what the site asks of everybody. */
export function AccountPage() {
  const { t } = useTranslation();
  const safety = useQuery({ queryKey: safetyKeys.account, queryFn: getAccountSafety });
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t("safety.title")}</h1>
      </div>
      {safety.data === undefined ? (
        safety.error ? (
          <FailedNotice error={safety.error} retry={() => void safety.refetch()} />
        ) : (
          <Loading rows={6} />
        )
      ) : (
        <div className="account">
          <SecondFactor safety={safety.data} onChanged={() => void safety.refetch()} />
          <OwnSessionList />
          <Can do="settings.manage">
            <SafetyRules />
          </Can>
        </div>
      )}
    </main>
  );
}
