import { Input, Segmented, Select } from "antd";
import { useTranslation } from "react-i18next";
import type { Board } from "#contract/metering.ts";
import { StateIcon } from "../../icons.tsx";
import { type BoardView, states } from "./filters.ts";

type ToolbarProps = {
  counts: Board["counts"];
  areas: readonly { areaId: number; areaName: string }[];
  view: BoardView;
  onChange: (change: Partial<BoardView>) => void;
};

/** Counters that filter, and the filters by text, area and unit. The counters count what the other filters leave. */
export function Toolbar({ counts, areas, view, onChange }: ToolbarProps) {
  const { t } = useTranslation();
  return (
    <div className="board-tools">
      <fieldset className="counters" aria-label={t("board.counters")}>
        <button
          type="button"
          className="counter"
          aria-pressed={view.state === null}
          onClick={() => onChange({ state: null })}
          data-testid="counter-all"
          data-count={counts.total}
        >
          <span>{t("board.all")}</span>
          <b>{counts.total}</b>
        </button>
        {states.map((state) => (
          <button
            key={state}
            type="button"
            className="counter"
            aria-pressed={view.state === state}
            onClick={() => onChange({ state: view.state === state ? null : state })}
            data-testid={`counter-${state}`}
            data-count={counts[state]}
          >
            <span className={`state-mark state-${state}`}>
              <StateIcon state={state} size={12} />
            </span>
            <span>{t(`state.${state}`)}</span>
            <b>{counts[state]}</b>
          </button>
        ))}
      </fieldset>
      <fieldset className="filters" aria-label={t("board.filter")}>
        <Input
          className="filter-text"
          type="search"
          value={view.text}
          onChange={(event) => onChange({ text: event.target.value })}
          placeholder={t("board.text")}
          aria-label={t("board.text")}
          data-testid="board-filter"
        />
        <Select
          className="filter-area"
          value={view.areaId ?? 0}
          onChange={(areaId: number) => onChange({ areaId: areaId === 0 ? null : areaId })}
          options={[
            { value: 0, label: t("board.allAreas") },
            ...areas.map(({ areaId, areaName }) => ({ value: areaId, label: areaName })),
          ]}
          aria-label={t("board.area")}
          data-testid="board-area"
        />
        <Segmented
          value={view.shown}
          onChange={(shown) => onChange({ shown })}
          options={[
            { value: "units" as const, label: t("unit.electricity") },
            { value: "yuan" as const, label: t("unit.yuan") },
          ]}
          aria-label={t("board.show")}
          data-testid="board-shown"
        />
      </fieldset>
    </div>
  );
}

/** What the colours mean, in words. */
export function Legend() {
  const { t } = useTranslation();
  return (
    <ul className="legend" aria-label={t("board.legend")} data-testid="legend">
      {states.map((state) => (
        <li key={state}>
          <span className={`state-mark state-${state}`}>
            <StateIcon state={state} size={12} />
          </span>
          {t(`board.colour.${state}`)} {t(`state.${state}`)}
        </li>
      ))}
      <li>
        <span className="state-mark state-normal legend-corner">
          <span className="tile-corner corner-alarm" />
        </span>
        {t("board.legendSecond")}
      </li>
    </ul>
  );
}
