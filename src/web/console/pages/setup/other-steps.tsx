import { useTranslation } from "react-i18next";
import type { SetupView } from "#contract/setup.ts";
import { StepLink } from "./step-link.tsx";

/** Step 6: what is not there yet, said as it is. */
export function MessagesStep() {
  const { t } = useTranslation();
  return (
    <div className="setup-parts">
      <p>{t("setup.messages.lead")}</p>
      <div className="row-buttons">
        <StepLink to="/reports/running-out" step="messages">
          {t("setup.messages.see")}
        </StepLink>
      </div>
    </div>
  );
}

/** Step 7: a second administrator, on the page of users. */
export function PeopleStep({ view }: { view: SetupView }) {
  const { t } = useTranslation();
  return (
    <div className="setup-parts">
      <p>{t("setup.people.lead")}</p>
      <p data-testid="setup-administrators" data-count={view.administrators}>
        {t("setup.people.now", { count: view.administrators })}
      </p>
      <p className="muted">{t("setup.people.addLead")}</p>
      <div className="row-buttons">
        <StepLink to="/users/new" step="people" testId="setup-new-user">
          {t("setup.people.add")}
        </StepLink>
        <StepLink to="/users" step="people">
          {t("setup.people.all")}
        </StepLink>
      </div>
    </div>
  );
}
