import { useContext, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { logOut } from "#web/shared/api.ts";
import { MeContext } from "#web/shared/can.tsx";
import { Icon } from "./icons.tsx";
import { OwnPasswordDialog } from "./own-password.tsx";
import { ThemeSwitch } from "./theme-switch.tsx";

/** Who is logged in, over how many meters, and the way out. */
export function UserMenu() {
  const { t } = useTranslation();
  const me = useContext(MeContext);
  const [open, setOpen] = useState(false);
  const [changing, setChanging] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!open) return;
    const away = (event: PointerEvent): void => {
      if (event.target instanceof Node && !box.current?.contains(event.target)) setOpen(false);
    };
    document.addEventListener("pointerdown", away);
    return () => document.removeEventListener("pointerdown", away);
  }, [open]);
  if (me === null) return null;
  const leave = async (): Promise<void> => {
    await logOut().catch(() => undefined); // the next page asks who is logged in anyway
    sessionStorage.clear();
    window.location.assign("/");
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: only Esc, for the buttons inside
    <div
      className="user"
      ref={box}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        setOpen(false);
        opener.current?.focus();
      }}
    >
      <button
        type="button"
        ref={opener}
        className="user-button"
        aria-expanded={open}
        aria-label={t("menu.user", { name: me.name })}
        onClick={() => setOpen(!open)}
        data-testid="user-menu"
      >
        <Icon name="user" size={20} />
        <span className="user-name">{me.name}</span>
      </button>
      {open ? (
        <div className="user-panel">
          <p>
            <strong>{me.name}</strong>
          </p>
          <p>{t("menu.loggedIn", { login: me.login })}</p>
          <p>{t("menu.scope", { count: me.meters })}</p>
          <ThemeSwitch />
          {me.previewedBy === null ? (
            <button
              type="button"
              className="plain-button"
              onClick={() => {
                setOpen(false);
                setChanging(true);
              }}
              data-testid="own-password"
            >
              {t("people.ownPassword")}
            </button>
          ) : null}
          <p>
            <Link to="/account" onClick={() => setOpen(false)} data-testid="account-link">
              {t("safety.menu")}
            </Link>
          </p>
          <p>
            <Link to="/help" onClick={() => setOpen(false)} data-testid="help-link">
              {t("menu.help")}
            </Link>
          </p>
          <button type="button" className="plain-button" onClick={() => void leave()} data-testid="logout">
            {t("menu.logout")}
          </button>
        </div>
      ) : null}
      {changing ? <OwnPasswordDialog onClose={() => setChanging(false)} /> : null}
    </div>
  );
}
