import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { SetupView } from "#contract/setup.ts";
import { MISSING } from "#web/shared/format.ts";

/** The end: what there is now, and what was left out. */
export function Finish({ view }: { view: SetupView }) {
  const { t } = useTranslation();
  const { project } = view;
  const prices = [
    project?.electricityPrice ? `${project.electricityPrice} ${t("unit.yuan")}/kWh` : null,
    project?.waterPrice ? `${project.waterPrice} ${t("unit.yuan")}/m³` : null,
  ].filter((each) => each !== null);
  const faces = view.candidates.flatMap(({ face }) => (face === null ? [] : [face]));
  const skipped = view.steps.filter(({ state }) => state === "skipped").map(({ step }) => t(`setup.steps.${step}`));
  const left = view.steps.filter(({ state }) => state !== "done" && state !== "skipped");
  const online = view.concentrators.filter((each) => each.online).length;
  const facts: readonly (readonly [string, string])[] = [
    [t("setup.finish.project"), project?.name ?? MISSING],
    [t("setup.finish.price"), prices.join(" · ") || MISSING],
    [t("setup.finish.areas"), String(view.areas)],
    [t("setup.finish.meters"), `${view.meters} · ${t("setup.finish.heard", { heard: view.heard })}`],
    [t("setup.finish.concentrators"), `${view.concentratorCount} · ${t("setup.finish.online", { online })}`],
    [
      t("setup.finish.compared"),
      t("setup.readings.count", {
        count: faces.length,
        different: faces.filter(({ verdict }) => verdict === "different").length,
      }),
    ],
    [t("setup.finish.people"), String(view.administrators)],
    [t("setup.finish.skipped"), skipped.join(t("app.and")) || MISSING],
  ];
  return (
    <section
      className="panel setup-panel"
      aria-labelledby="setup-done"
      data-testid="setup-finish"
      data-state={left.length === 0 ? "done" : "open"}
    >
      <h2 id="setup-done">
        {t(left.length === 0 ? "setup.finish.title" : "setup.finish.notYet", { count: left.length })}
      </h2>
      {left.length === 0 ? (
        <p className="muted">{t("setup.finish.lead")}</p>
      ) : (
        <ul className="setup-left" data-testid="setup-left">
          {left.map(({ step, why }) => (
            <li key={step}>
              <Link to={`/setup?step=${step}`}>{t(`setup.steps.${step}`)}</Link> · {t(`setup.whys.${why}`)}
            </li>
          ))}
        </ul>
      )}
      <dl className="facts">
        {facts.map(([name, value]) => (
          <div key={name} className="setup-fact">
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {view.hasRootKey ? null : (
        <p className="banner banner-warn" data-testid="setup-no-key">
          {t("setup.finish.noRootKey")}
        </p>
      )}
      <div className="row-buttons">
        <Link className="link-button" to="/" data-testid="setup-board">
          {t("setup.finish.board")}
        </Link>
        <Link className="link-button" to="/trials/new">
          {t("setup.finish.trial")}
        </Link>
      </div>
    </section>
  );
}
