import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Me } from "#contract/session.ts";
import { getSession, sessionIsBack, whenSessionExpires, whenSessionSeen } from "#web/shared/api.ts";
import { MeContext } from "#web/shared/can.tsx";
import { keys } from "#web/shared/live-cache.ts";
import { Dialog } from "./dialog.tsx";
import { FailedNotice, Loading } from "./notice.tsx";
import { MustChangePage } from "./own-password.tsx";
import { LoginForm, LoginPage } from "./pages/login.tsx";
import { StepUp } from "./step-up.tsx";

/**
 * Lets in who is logged in. When the session ends while someone works, the login comes over the page, so that nothing
 * typed is lost; someone else who logs in there starts with a clean page.
 */
export function SessionGate({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const { t } = useTranslation();
  const [expired, setExpired] = useState(false);
  const session = useQuery({
    queryKey: keys.session,
    queryFn: getSession,
    staleTime: Number.POSITIVE_INFINITY,
    retryOnMount: false,
  });
  useEffect(() => {
    whenSessionExpires(() => setExpired(true));
    whenSessionSeen((me) => takeOver(client, me));
  }, [client]);

  if (session.data === undefined) {
    if (session.isPending) return <Loading rows={3} />;
    return <FailedNotice error={session.error} retry={() => void session.refetch()} />;
  }
  if (session.data === null) {
    return (
      <LoginPage
        onDone={(me) => {
          setExpired(false);
          client.setQueryData(keys.session, me);
        }}
      />
    );
  }

  const before = session.data;
  if (before.mustChangePassword)
    return <MustChangePage login={before.login} onDone={(me) => client.setQueryData(keys.session, me)} />;
  const goOn = (me: Me): void => {
    if (me.login !== before.login) {
      sessionStorage.clear();
      window.location.assign("/");
      return;
    }
    client.setQueryData(keys.session, me);
    setExpired(false);
    sessionIsBack();
    void client.invalidateQueries();
  };
  return (
    <MeContext value={before}>
      {children}
      <StepUp />
      {expired ? (
        <Dialog title={t("login.expired")} testId="login-over">
          <p className="dialog-lead">{t("login.expiredLead")}</p>
          <LoginForm onDone={goOn} login={before.login} />
        </Dialog>
      ) : null}
    </MeContext>
  );
}

/** Rights that changed meanwhile hold at once: menu and pages follow, and nothing is kept that may no longer be seen. */
function takeOver(client: QueryClient, me: Me): void {
  const known = client.getQueryData<Me | null>(keys.session);
  if (!known || JSON.stringify(known) === JSON.stringify(me)) return;
  if (known.login !== me.login || known.previewedBy !== me.previewedBy) {
    window.location.assign("/"); // another tab looks through other eyes now, and so does this one
    return;
  }
  client.setQueryData(keys.session, me);
  const isOther = ({ queryKey }: { queryKey: readonly unknown[] }) => queryKey[0] !== keys.session[0];
  client.removeQueries({ type: "inactive", predicate: isOther });
  void client.resetQueries({ type: "active", predicate: isOther });
}
