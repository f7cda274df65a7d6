import { Button, Input, Segmented, Select } from "antd";
import { Fragment } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Board, Tile } from "#contract/metering.ts";
import { useCan } from "#web/shared/can.tsx";
import { unitsShort } from "#web/shared/format.ts";
import { StateIcon } from "../../icons.tsx";
import { addressOfView, type BoardView, orders, sizes, states } from "./filters.ts";

type ToolbarProps = {
  counts: Board["counts"];
  /** What is left in all of them together, Wh and litres. */
  sums: Record<Tile["kind"], number | null>;
  areas: readonly { areaId: number; areaName: string }[];
  concentrators: readonly { concentratorId: number; concentratorName: string }[];
  view: BoardView;
  onChange: (change: Partial<BoardView>) => void;
};

/** Counters that filter, and the filters by text, area, concentrator and unit. The counters count what the other filters leave. */
export function Toolbar({ counts, sums, areas, concentrators, view, onChange }: ToolbarProps) {
  const { t } = useTranslation();
  const maySwitch = useCan(["meter.trip", "meter.close"]);
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
      <p className="board-sums" data-testid="board-sums">
        {t("board.sum")}{" "}
        {(["electricity", "water"] as const).map((kind) =>
          sums[kind] === null ? null : (
            <span key={kind}>
              <b>{unitsShort(sums[kind])}</b> {t(`unit.${kind}`)}
            </span>
          ),
        )}
      </p>
      <Button
        onClick={() => {
          if (!view.wall) void document.documentElement.requestFullscreen?.().catch(() => undefined);
          onChange({ wall: !view.wall, meterId: null });
        }}
        aria-pressed={view.wall}
        data-testid="board-wall"
      >
        {t(view.wall ? "board.wallEnd" : "board.wall")}
      </Button>
      {maySwitch && !view.wall ? (
        <Link className="link-button" to={`/switch-batches/new?${filterOf(view)}`} data-testid="board-batch">
          {t("board.batch")}
        </Link>
      ) : null}
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
        <Select
          className="filter-area"
          value={view.concentratorId ?? 0}
          onChange={(id: number) => onChange({ concentratorId: id === 0 ? null : id })}
          options={[
            { value: 0, label: t("board.allConcentrators") },
            ...concentrators.map((each) => ({ value: each.concentratorId, label: each.concentratorName })),
          ]}
          aria-label={t("meter.concentrator")}
          data-testid="board-concentrator"
        />
        <Select
          className="filter-kind"
          value={view.kind ?? "all"}
          onChange={(kind: Tile["kind"] | "all") => onChange({ kind: kind === "all" ? null : kind })}
          options={[
            { value: "all" as const, label: t("board.allKinds") },
            { value: "electricity" as const, label: t("kind.electricity") },
            { value: "water" as const, label: t("kind.water") },
          ]}
          aria-label={t("board.kind")}
          data-testid="board-kind"
        />
        <Input
          className="filter-below"
          inputMode="numeric"
          prefix={t("board.belowSign")}
          value={view.below ?? ""}
          onChange={(event) => {
            const digits = event.target.value.replace(/\D/g, "").slice(0, 7);
            onChange({ below: digits === "" ? null : Number(digits) });
          }}
          aria-label={t("board.below")}
          title={t("board.below")}
          data-testid="board-below"
        />
        <Select
          className="filter-order"
          value={view.order}
          onChange={(order) => onChange({ order })}
          options={orders.map((order) => ({ value: order, label: t(`board.orders.${order}`) }))}
          aria-label={t("board.order")}
          data-testid="board-order"
        />
        <Segmented
          value={view.size}
          onChange={(size) => onChange({ size })}
          options={sizes.map((size) => ({ value: size, label: t(`board.sizes.${size}`) }))}
          aria-label={t("board.size")}
          data-testid="board-size"
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

/** What is shown now, as an address: who chooses meters for a batch begins with it. */
function filterOf(view: BoardView): URLSearchParams {
  return addressOfView({ ...view, order: "room", size: "m", wall: false, meterId: null });
}

/** What the colours mean, in words. */
export function Legend() {
  const { t } = useTranslation();
  return (
    <ul className="legend" aria-label={t("board.legend")} data-testid="legend">
      {states.map((state) => (
        <Fragment key={state}>
          <li>
            <span className={`state-mark state-${state}`}>
              <StateIcon state={state} size={12} />
            </span>
            {t(`board.colour.${state}`)} {t(`state.${state}`)}
          </li>
          {state === "fault" ? (
            <li>
              <span className="state-mark state-fault">
                <StateIcon state="offline" size={12} />
              </span>
              {t("board.colour.fault")} {t("state.offline")}
            </li>
          ) : null}
        </Fragment>
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
