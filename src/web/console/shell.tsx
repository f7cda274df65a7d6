import { lazy, Suspense, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { NavLink, Route, Routes, useLocation } from "react-router";
import type { Permission } from "#domain/permission.ts";
import { useCan } from "#web/shared/can.tsx";
import { Dialog } from "./dialog.tsx";
import { ErrorBoundary } from "./error-boundary.tsx";
import { GlobalSearch } from "./global-search.tsx";
import { Icon } from "./icons.tsx";
import { LanguageSwitch } from "./language-switch.tsx";
import { LiveMark } from "./live-mark.tsx";
import { Logo } from "./logo.tsx";
import { Loading, Notice } from "./notice.tsx";
import { BoardPage } from "./pages/board/board.tsx";
import { NotFound } from "./pages/not-found.tsx";
import { LiveProvider } from "./use-live.tsx";
import { useNarrow } from "./use-narrow.ts";
import { UserMenu } from "./user-menu.tsx";

const RechargePage = lazy(() => import("./pages/recharge/recharge.tsx").then((m) => ({ default: m.RechargePage })));
const RecordsPage = lazy(() => import("./pages/records/records.tsx").then((m) => ({ default: m.RecordsPage })));
const RecordPage = lazy(() => import("./pages/records/record.tsx").then((m) => ({ default: m.RecordPage })));

const entries = [
  { to: "/", name: "board", permission: "board.view" },
  { to: "/recharge", name: "recharge", permission: "recharge.create" },
  { to: "/records", name: "records", permission: "recharge.view" },
] as const satisfies readonly { to: string; name: string; permission: Permission }[];

/** Menu, top bar, and the page between them. */
export function Shell() {
  const { t } = useTranslation();
  const narrow = useNarrow();
  const { pathname } = useLocation();
  const [menuOpen, setMenuOpen] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: going somewhere closes the menu
  useEffect(() => setMenuOpen(false), [pathname]);
  return (
    <LiveProvider>
      <div className="shell">
        <a className="skip" href="#main">
          {t("app.skip")}
        </a>
        <header className="top">
          {narrow ? (
            <button
              type="button"
              className="icon-button"
              aria-label={t("menu.open")}
              onClick={() => setMenuOpen(true)}
              data-testid="menu-open"
            >
              <Icon name="menu" size={22} />
            </button>
          ) : (
            <Brand />
          )}
          <GlobalSearch />
          <LiveMark />
          {narrow ? null : <LanguageSwitch />}
          <UserMenu />
        </header>
        {narrow ? null : (
          <nav className="side" aria-label={t("menu.label")}>
            <Menu />
          </nav>
        )}
        <div className="middle">
          <ErrorBoundary key={pathname}>
            <Suspense fallback={<Loading rows={6} />}>
              <Pages />
            </Suspense>
          </ErrorBoundary>
        </div>
      </div>
      {narrow && menuOpen ? (
        <Dialog title={t("menu.label")} kind="left" hideTitle onClose={() => setMenuOpen(false)} testId="menu-drawer">
          <nav className="side" aria-label={t("menu.label")}>
            <Brand />
            <Menu />
          </nav>
          <LanguageSwitch />
        </Dialog>
      ) : null}
    </LiveProvider>
  );
}

function Pages() {
  return (
    <Routes>
      <Route path="/" element={<Permitted permission="board.view" page={<BoardPage />} />} />
      <Route path="/recharge" element={<Permitted permission="recharge.create" page={<RechargePage />} />} />
      <Route path="/records" element={<Permitted permission="recharge.view" page={<RecordsPage />} />} />
      <Route path="/records/:orderNo" element={<Permitted permission="recharge.view" page={<RecordPage />} />} />
      <Route path="*" element={<NotFound />} />
    </Routes>
  );
}

function Permitted({ permission, page }: { permission: Permission; page: React.ReactNode }) {
  const { t } = useTranslation();
  return useCan(permission) ? (
    page
  ) : (
    <main className="page" id="main" tabIndex={-1}>
      <Notice title={t("noAccess.title")} lead={t("noAccess.lead")} testId="no-access" page />
    </main>
  );
}

function Brand() {
  const { t } = useTranslation();
  return (
    <div className="brand">
      <Logo size={28} />
      <span>{t("app.name")}</span>
    </div>
  );
}

function Menu() {
  const { t } = useTranslation();
  const allowed = {
    board: useCan("board.view"),
    recharge: useCan("recharge.create"),
    records: useCan("recharge.view"),
  };
  const shown = entries.filter((entry) => allowed[entry.name]);
  if (shown.length === 0) return <p className="side-none">{t("menu.none")}</p>;
  return (
    <ul className="menu">
      {shown.map(({ to, name }) => (
        <li key={name}>
          <NavLink to={to} end={to === "/"} data-testid={`menu-${name}`}>
            <Icon name={name} size={18} />
            <span>{t(`menu.${name}`)}</span>
          </NavLink>
        </li>
      ))}
    </ul>
  );
}
