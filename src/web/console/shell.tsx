import { Suspense, useContext, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, NavLink, Route, Routes, useLocation } from "react-router";
import { MeContext, useCan } from "#web/shared/can.tsx";
import { AlarmBell } from "./alarm-bell.tsx";
import { Dialog } from "./dialog.tsx";
import { ErrorBoundary } from "./error-boundary.tsx";
import { ExportTray } from "./export-tray.tsx";
import { Foot } from "./foot.tsx";
import { GlobalSearch } from "./global-search.tsx";
import { GuardBanner } from "./guard-banner.tsx";
import { Icon, type IconName } from "./icons.tsx";
import { LanguageSwitch } from "./language-switch.tsx";
import { LiveMark } from "./live-mark.tsx";
import { Logo } from "./logo.tsx";
import { Loading, Notice } from "./notice.tsx";
import { OutdatedBanner } from "./outdated-banner.tsx";
import { NotFound } from "./pages/not-found.tsx";
import { type MenuEntry, menu, type Page, pages } from "./pages.tsx";
import { PreviewBanner } from "./preview-banner.tsx";
import { QuarantineBanner } from "./quarantine-banner.tsx";
import { SetupBack } from "./setup-back.tsx";
import { Shortcuts } from "./shortcuts.tsx";
import { ThemeSwitch } from "./theme-switch.tsx";
import { LiveProvider } from "./use-live.tsx";
import { useNarrow } from "./use-narrow.ts";
import { UserMenu } from "./user-menu.tsx";

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
          <AlarmBell />
          <ExportTray />
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
          <PreviewBanner />
          <QuarantineBanner />
          <GuardBanner />
          <OutdatedBanner />
          <SetupBack />
          <ErrorBoundary key={pathname}>
            <Suspense fallback={<Loading rows={6} />}>
              <Pages />
            </Suspense>
          </ErrorBoundary>
          <Foot />
        </div>
      </div>
      {narrow && menuOpen ? (
        <Dialog title={t("menu.label")} kind="left" hideTitle onClose={() => setMenuOpen(false)} testId="menu-drawer">
          <nav className="side" aria-label={t("menu.label")}>
            <Brand />
            <Menu />
          </nav>
          <div className="menu-choices">
            <LanguageSwitch />
            <ThemeSwitch />
          </div>
        </Dialog>
      ) : null}
      <Shortcuts />
    </LiveProvider>
  );
}

function Pages() {
  return (
    <Routes>
      {pages.map(({ path, permission, page }) => (
        <Route key={path} path={path} element={<Permitted permission={permission} page={page} />} />
      ))}
      <Route path="*" element={<NotFound />} />
    </Routes>
  );
}

function Permitted({ permission, page }: Pick<Page, "permission" | "page">) {
  const { t } = useTranslation();
  const me = useContext(MeContext);
  return useCan(permission) ? (
    page
  ) : (
    <main className="page" id="main" tabIndex={-1}>
      <Notice
        title={t("noAccess.title")}
        lead={t("noAccess.lead")}
        detail={t("noAccess.detail", { login: me?.login ?? "", permission: [permission].flat().join(" / ") })}
        action={
          <Link className="link-button" to="/">
            {t("notFound.home")}
          </Link>
        }
        testId="no-access"
        page
      />
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

function isAllowed(needed: MenuEntry["permission"], allowed: readonly string[]): boolean {
  return [needed].flat().some((each) => allowed.includes(each));
}

function Menu() {
  const { t } = useTranslation();
  const allowed = useContext(MeContext)?.permissions ?? [];
  const groups = menu
    .map(({ name, entries }) => ({ name, entries: entries.filter(({ permission }) => isAllowed(permission, allowed)) }))
    .filter(({ entries }) => entries.length > 0);
  if (groups.length === 0) return <p className="side-none">{t("menu.none")}</p>;
  return groups.map(({ name, entries }) => (
    <section key={name} aria-label={t(`menu.groups.${name}`)}>
      <h2 className="menu-group">{t(`menu.groups.${name}`)}</h2>
      <ul className="menu">
        {entries.map(({ to, name, icon }) => (
          <li key={name}>
            <NavLink to={to} end={to === "/"} data-testid={`menu-${name}`}>
              {({ isActive }) => <EntryFace icon={icon} text={t(`menu.${name}`)} isHere={isActive} />}
            </NavLink>
          </li>
        ))}
      </ul>
    </section>
  ));
}

/** What an entry of the menu shows. The menu is longer than a small window: where one is comes into sight. */
function EntryFace({ icon, text, isHere }: { icon: IconName; text: string; isHere: boolean }) {
  const own = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    if (isHere) own.current?.scrollIntoView({ block: "nearest" });
  }, [isHere]);
  return (
    <>
      <Icon name={icon} size={18} />
      <span ref={own}>{text}</span>
    </>
  );
}
