import { useMutation } from "@tanstack/react-query";
import { useContext } from "react";
import { useTranslation } from "react-i18next";
import { leavePreview } from "#web/shared/api-people.ts";
import { MeContext } from "#web/shared/can.tsx";
import { FailedLine } from "./notice.tsx";

/** On every page while somebody looks through another's eyes (预览): whose, that nothing can be changed, and the way out. */
export function PreviewBanner() {
  const { t } = useTranslation();
  const me = useContext(MeContext);
  // A fresh start: nothing of one pair of eyes stays on the page of the other.
  const leaving = useMutation({ mutationFn: leavePreview, onSuccess: () => window.location.assign("/users") });
  if (me === null || me.previewedBy === null) return null;
  return (
    <div className="banner banner-warn guard-banner preview-banner" role="status" data-testid="preview-banner">
      <strong>{t("people.previewBanner", { name: me.name, login: me.login, by: me.previewedBy })}</strong>{" "}
      <button
        type="button"
        className="plain-button"
        onClick={() => leaving.isPending || leaving.mutate()}
        aria-busy={leaving.isPending}
        data-testid="preview-leave"
      >
        {t("people.previewLeave")}
      </button>
      {leaving.error ? <FailedLine error={leaving.error} testId="preview-problem" /> : null}
    </div>
  );
}
