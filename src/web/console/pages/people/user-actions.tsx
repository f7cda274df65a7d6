import { useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { UserDetail } from "#contract/people.ts";
import {
  beginPreview,
  peopleKeys,
  postFactorReset,
  postPasswordReset,
  postSignOut,
  postUserState,
} from "#web/shared/api-people.ts";
import { dateTime } from "#web/shared/format.ts";
import { Dialog } from "../../dialog.tsx";
import { ReasonDialog } from "../../reason-dialog.tsx";
import { PasswordShown } from "./password-shown.tsx";

const ACTIONS = ["preview", "disable", "enable", "reset", "factor", "signOut"] as const;
type Action = (typeof ACTIONS)[number];
const dangerous: ReadonlySet<Action> = new Set(["disable", "reset", "factor", "signOut"]);

/** How a user's account is, and what can be done with it; each says what will happen and asks why. */
export function UserActions({ user }: { user: UserDetail }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [asking, setAsking] = useState<Action | null>(null);
  const [password, setPassword] = useState<string | null>(null);
  const isOffered = (action: Action): boolean => {
    if (action === "disable") return !user.disabled;
    if (action === "enable") return user.disabled;
    if (action === "factor") return user.factorSince !== null;
    return !user.disabled;
  };
  const act = async (action: Action, reason: string): Promise<void> => {
    if (action === "preview") await beginPreview(user.userId, { reason });
    else if (action === "signOut") await postSignOut(user.userId, { reason });
    else if (action === "factor") await postFactorReset(user.userId, { reason });
    else if (action === "reset")
      setPassword((await postPasswordReset(user.userId, { password: null, reason })).password);
    else await postUserState(user.userId, { disabled: action === "disable", version: user.version, reason });
  };
  const done = (): void => {
    // A fresh start: nothing of one's own stays on the page that another would see.
    if (asking === "preview") {
      window.location.assign("/");
      return;
    }
    setAsking(null);
    void client.invalidateQueries({ queryKey: peopleKeys.all });
  };
  return (
    <section className="panel person-part" aria-label={t("people.actions")} data-testid="user-account">
      <p className="tags">
        <span className={`tag ${user.disabled ? "tag-bad" : "tag-good"}`} data-testid="user-state">
          {t(user.disabled ? "people.disabled" : "people.active")}
        </span>
        {user.self ? <span className="tag">{t("people.self")}</span> : null}
        {user.mustChangePassword ? <span className="tag tag-warn">{t("people.mustChange")}</span> : null}
        {user.factorSince === null ? null : (
          <span className="tag" data-testid="user-factor-since">
            {t("people.factorSince", { time: dateTime(user.factorSince) })}
          </span>
        )}
        <small>
          {user.seenAt === null ? t("people.neverSeen") : t("people.seen", { time: dateTime(user.seenAt) })}
          {` · ${t("people.online", { count: user.sessions })}`}
        </small>
      </p>
      {user.mine ? null : <p className="banner banner-warn">{t("people.beyond")}</p>}
      {user.self || !user.mine ? null : (
        <div className="row-buttons">
          {ACTIONS.filter(isOffered).map((action) => (
            <Button
              key={action}
              danger={dangerous.has(action)}
              onClick={() => setAsking(action)}
              data-testid={`user-${action}`}
            >
              {t(`people.${action}`)}
            </Button>
          ))}
        </div>
      )}
      {asking === null ? null : (
        <ReasonDialog
          title={t(`people.${asking}Title`, { name: user.name })}
          label={t("people.reason")}
          missingText={t("people.reasonMissing")}
          confirmText={t(asking === "preview" ? "people.previewStart" : `people.${asking}`)}
          cancelText={t("people.cancel")}
          danger={dangerous.has(asking)}
          testId="person"
          act={(reason) => act(asking, reason)}
          onDone={done}
          onClose={() => setAsking(null)}
        >
          {t(`people.${asking}Lead`, { count: user.sessions })}
        </ReasonDialog>
      )}
      {password === null ? null : (
        <Dialog title={t("people.reset")} hideTitle testId="new-password">
          <PasswordShown title={user.name} password={password} onDone={() => setPassword(null)} />
        </Dialog>
      )}
    </section>
  );
}
