import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { SetupView } from "#contract/setup.ts";
import { dateTime, MISSING } from "#web/shared/format.ts";
import { rememberStep } from "../../setup-back.tsx";
import { SheetBox } from "../../sheet-box.tsx";
import { AddConcentrator } from "../concentrators/add-concentrator.tsx";

/** Step 4: what is typed into the device, and whether it has come. */
export function ConcentratorsStep({ view }: { view: SetupView }) {
  const { t } = useTranslation();
  const [adding, setAdding] = useState(false);
  return (
    <div className="setup-parts">
      <p className="muted">{t("setup.concentrators.lead")}</p>
      <Doors view={view} />
      <div className="row-buttons">
        <Button
          type={view.concentratorCount === 0 ? "primary" : "default"}
          disabled={view.project === null}
          onClick={() => setAdding(true)}
          data-testid="setup-add-concentrator"
        >
          {t("setup.concentrators.add")}
        </Button>
      </div>
      {view.concentrators.length === 0 ? (
        <p className="empty-line">{t("setup.concentrators.none")}</p>
      ) : (
        <List view={view} />
      )}
      {adding ? <AddConcentrator onClose={() => setAdding(false)} /> : null}
    </div>
  );
}

/** Where concentrators dial in, by each collector at work. */
function Doors({ view }: { view: SetupView }) {
  const { t } = useTranslation();
  const up = view.collectors.filter(({ isUp, port }) => isUp && port !== null);
  const { hostname } = window.location;
  return (
    <>
      <dl className="facts setup-doors" data-testid="setup-doors">
        <dt>{t("setup.concentrators.address")}</dt>
        <dd>
          <b>{hostname}</b>
          <small className="muted">{t("setup.concentrators.addressLead", { host: hostname })}</small>
        </dd>
        {up.length === 0 ? (
          <>
            <dt>{t("setup.concentrators.port")}</dt>
            <dd>{t("setup.concentrators.noPort")}</dd>
          </>
        ) : null}
        {up.map(({ name, port, tlsPort }) => (
          <Ports key={name} name={up.length > 1 ? name : ""} port={port} tlsPort={tlsPort} />
        ))}
      </dl>
      {up
        .filter(({ host }) => isLoopback(host))
        .map(({ name, host }) => (
          <p key={name} className="banner banner-warn" data-testid="setup-local">
            {t("setup.concentrators.local", { host })}
          </p>
        ))}
    </>
  );
}

function Ports({ name, port, tlsPort }: { name: string; port: number | null; tlsPort: number | null }) {
  const { t } = useTranslation();
  return (
    <>
      <dt>
        {t("setup.concentrators.port")} {name}
      </dt>
      <dd>
        <b data-testid="setup-port">{port ?? MISSING}</b>
        {tlsPort === null ? null : <small>{`${t("setup.concentrators.tlsPort")} ${tlsPort}`}</small>}
      </dd>
    </>
  );
}

function isLoopback(host: string | null): boolean {
  return host !== null && (host === "localhost" || host === "::1" || host.startsWith("127."));
}

function List({ view }: { view: SetupView }) {
  const { t } = useTranslation();
  const { concentrators, concentratorCount } = view;
  return (
    <>
      <SheetBox isBare cards label={t("setup.concentrators.list")}>
        <table className="sheet setup-sheet" data-testid="setup-logins">
          <thead>
            <tr>
              <th className="first">{t("setup.concentrators.code")}</th>
              <th>{t("setup.concentrators.name")}</th>
              <th>{t("setup.concentrators.state")}</th>
              <th className="num">{t("setup.concentrators.meters")}</th>
            </tr>
          </thead>
          <tbody>
            {concentrators.map((each) => (
              <tr key={each.id} data-testid={`setup-login-${each.code}`} data-state={loginState(each)}>
                <th scope="row" className="first">
                  <Link to={`/concentrators/${each.id}`} onClick={() => rememberStep("concentrators")}>
                    {each.code}
                  </Link>
                </th>
                <td>{each.name}</td>
                <td>
                  <span
                    className={`link-mark link-${each.online ? "online" : each.lastSeenAt === 0 ? "retired" : "offline"}`}
                  >
                    {each.online
                      ? t("setup.concentrators.online", { at: dateTime(each.onlineChangedAt) })
                      : each.lastSeenAt === 0
                        ? t("setup.concentrators.never")
                        : t("setup.concentrators.offline", { at: dateTime(each.lastSeenAt) })}
                  </span>
                  {each.refused === null ? null : (
                    <small className="bad-text">
                      {t("setup.concentrators.refused", {
                        at: dateTime(each.refused.at),
                        why: t(`links.kinds.${each.refused.kind}`),
                      })}
                    </small>
                  )}
                </td>
                <td className="num">{each.meters}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </SheetBox>
      {concentratorCount > concentrators.length ? (
        <p className="muted">
          {t("setup.concentrators.more", { count: concentratorCount, shown: concentrators.length })}
        </p>
      ) : null}
    </>
  );
}

function loginState(each: SetupView["concentrators"][number]): string {
  return each.online ? "online" : each.refused !== null ? "refused" : each.lastSeenAt === 0 ? "never" : "offline";
}
