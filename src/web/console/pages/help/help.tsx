import { Input } from "antd";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useLocation } from "react-router";
import type { Permission } from "#domain/permission.ts";
import { Can } from "#web/shared/can.tsx";
import { helpEn } from "#web/shared/locales/help.en.ts";
import { helpZh } from "#web/shared/locales/help.zh-CN.ts";
import { Notice } from "../../notice.tsx";
import "./help.css";

export type Guide = keyof typeof helpZh.guides;

/** Where something can be done about it, and who may see that page. */
const places: Partial<Record<Guide, { to: string; permission: Permission }>> = {
  ledger: { to: "/reconcile", permission: "reconcile.view" },
  audit: { to: "/audit", permission: "audit.view" },
  commands: { to: "/concentrators", permission: "meter.view" },
  readings: { to: "/concentrators", permission: "meter.view" },
  trips: { to: "/guard", permission: "board.view" },
  quarantine: { to: "/quarantine", permission: "board.view" },
};

/** Help (帮助): what to do about each card of the reliability page, and what the words mean; found by any part of their text. */
export function HelpPage() {
  const { i18n } = useTranslation();
  const { hash } = useLocation();
  const texts = i18n.language === "en" ? helpEn : helpZh;
  const [typed, setTyped] = useState("");
  const text = typed.trim().toLowerCase();
  const holds = (...parts: readonly string[]): boolean => parts.some((part) => part.toLowerCase().includes(text));
  const guides = (Object.keys(texts.guides) as Guide[]).filter((name) =>
    holds(texts.guides[name].title, ...texts.guides[name].steps),
  );
  const terms = Object.entries(texts.terms).filter(([, words]) => holds(...words));
  useEffect(() => {
    if (hash === "") return;
    const target = document.getElementById(hash.slice(1));
    target?.scrollIntoView();
    target?.focus({ preventScroll: true });
  }, [hash]);
  return (
    <main className="page help" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{texts.title}</h1>
      </div>
      <p className="muted">{texts.lead}</p>
      <Input
        type="search"
        value={typed}
        allowClear
        placeholder={texts.search}
        aria-label={texts.search}
        onChange={(event) => setTyped(event.target.value)}
        data-testid="help-search"
      />
      {guides.length === 0 ? null : (
        <section aria-labelledby="help-guides">
          <h2 id="help-guides">{texts.guidesTitle}</h2>
          {guides.map((name) => {
            const place = places[name];
            return (
              <article key={name} id={name} className="panel" tabIndex={-1} data-testid={`guide-${name}`}>
                <h3>{texts.guides[name].title}</h3>
                <ol>
                  {texts.guides[name].steps.map((step) => (
                    <li key={step}>{step}</li>
                  ))}
                </ol>
                {place === undefined ? null : (
                  <Can do={place.permission}>
                    <Link to={place.to}>{texts.toPage}</Link>
                  </Can>
                )}
              </article>
            );
          })}
        </section>
      )}
      {terms.length === 0 ? null : (
        <section aria-labelledby="help-terms">
          <h2 id="help-terms">{texts.termsTitle}</h2>
          <dl className="panel help-terms" data-testid="help-terms-list">
            {terms.map(([name, [word, meaning]]) => (
              <div key={name} id={name}>
                <dt>{word}</dt>
                <dd>{meaning}</dd>
              </div>
            ))}
          </dl>
        </section>
      )}
      {guides.length + terms.length === 0 ? (
        <Notice title={texts.none.replace("{{text}}", typed.trim())} testId="help-none" />
      ) : null}
    </main>
  );
}
