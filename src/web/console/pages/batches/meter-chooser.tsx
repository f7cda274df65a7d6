import { Button, Checkbox, Input } from "antd";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { Tile } from "#contract/metering.ts";
import { unitsShort, yuanShort } from "#web/shared/format.ts";
import { StateIcon } from "../../icons.tsx";
import { Notice } from "../../notice.tsx";
import { SheetBox } from "../../sheet-box.tsx";
import { useTypedFilter } from "../../use-typed-filter.ts";
import { concentratorsOf, groupTiles, states, tilesInPlace, viewFromAddress } from "../board/filters.ts";
import { Pager, pageOf } from "./pager.tsx";

type Props = {
  tiles: readonly Tile[];
  chosen: ReadonlySet<number>;
  onChoose: (chosen: ReadonlySet<number>) => void;
  /** The filter is that of the board, under the same names. */
  address: URLSearchParams;
  onFilter: (change: Readonly<Record<string, string>>) => void;
};

/** Meters of the board to tick, by the board's own filter: singly, a page, or all that match. */
export function MeterChooser({ tiles, chosen, onChoose, address, onFilter }: Props) {
  const { t } = useTranslation();
  const view = viewFromAddress(address);
  const { areaId, concentratorId, kind, below, shown, text, state } = view;
  const matching = useMemo(
    () =>
      tilesInPlace(tiles, { areaId, concentratorId, text, kind, below, shown }).filter(
        (tile) => state === null || tile.state === state,
      ),
    [tiles, areaId, concentratorId, text, kind, below, shown, state],
  );
  const page = pageOf(matching, Number(address.get("page") ?? "1") || 1);
  const choose = (which: readonly Tile[], on: boolean): void => {
    const next = new Set(chosen);
    for (const { meterId } of which) {
      if (on) next.add(meterId);
      else next.delete(meterId);
    }
    onChoose(next);
  };
  const isAll = page.rows.length > 0 && page.rows.every(({ meterId }) => chosen.has(meterId));
  return (
    <section className="batch-list-part" aria-label={t("batches.choose.filter")}>
      <h2>{t("batches.choose.filter")}</h2>
      <ChooserFilter tiles={tiles} address={address} onFilter={onFilter} />
      <div className="batch-steps">
        <Button onClick={() => choose(matching, true)} disabled={matching.length === 0} data-testid="choose-matching">
          {t("batches.choose.matching", { count: matching.length })}
        </Button>
        <Button onClick={() => onChoose(new Set())} disabled={chosen.size === 0} data-testid="choose-none">
          {t("batches.choose.clear")}
        </Button>
      </div>
      {matching.length === 0 ? (
        <Notice title={t("batches.choose.noMatch")} lead={t("batches.choose.noMatchLead")} testId="choose-no-match" />
      ) : (
        <>
          <SheetBox cards>
            <table className="sheet" data-testid="choose-meters">
              <thead>
                <tr>
                  <th className="first">
                    <Checkbox
                      className="batch-tick"
                      checked={isAll}
                      onChange={(event) => choose(page.rows, event.target.checked)}
                      aria-label={t("batches.choose.page")}
                      data-testid="choose-page"
                    />
                    {t("batches.room")}
                  </th>
                  <th>{t("batches.number")}</th>
                  <th>{t("batches.area")}</th>
                  <th>{t("batches.state")}</th>
                  <th className="num">{t("batches.choose.left")}</th>
                </tr>
              </thead>
              <tbody>
                {page.rows.map((tile) => (
                  <tr key={tile.meterId}>
                    <th scope="row" className="first">
                      <Checkbox
                        className="batch-tick"
                        checked={chosen.has(tile.meterId)}
                        onChange={(event) => choose([tile], event.target.checked)}
                        aria-label={t("batches.choose.room", { room: tile.label })}
                        data-testid={`choose-${tile.number}`}
                      />
                      {tile.label}
                    </th>
                    <td>{tile.number}</td>
                    <td>{tile.areaName}</td>
                    <td>
                      <span className={`state-mark state-${tile.state}`}>
                        <StateIcon state={tile.state} size={12} />
                      </span>{" "}
                      {t(`state.${tile.state}`)}
                    </td>
                    <td className="num">
                      {tile.remainingWh === null
                        ? yuanShort(tile.remainingYuan)
                        : `${unitsShort(tile.remainingWh)} ${t(`unit.${tile.kind}`)}`}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </SheetBox>
          <Pager page={page.page} total={matching.length} onPage={(next) => onFilter({ page: String(next) })} />
        </>
      )}
    </section>
  );
}

function ChooserFilter({ tiles, address, onFilter }: Pick<Props, "tiles" | "address" | "onFilter">) {
  const { t } = useTranslation();
  const [text, setText] = useTypedFilter(address.get("q") ?? "", (q) => onFilter({ q, page: "" }));
  const areas = useMemo(() => groupTiles(tiles, []), [tiles]);
  const concentrators = useMemo(() => concentratorsOf(tiles), [tiles]);
  const picks = [
    {
      name: "area",
      label: t("batches.area"),
      options: areas.map(({ areaId, areaName }) => [String(areaId), areaName] as const),
    },
    {
      name: "concentrator",
      label: t("meter.concentrator"),
      options: concentrators.map((each) => [String(each.concentratorId), each.concentratorName] as const),
    },
    {
      name: "kind",
      label: t("board.kind"),
      options: (["electricity", "water"] as const).map((each) => [each, t(`kind.${each}`)] as const),
    },
    {
      name: "state",
      label: t("batches.state"),
      options: states.map((each) => [each, t(`state.${each}`)] as const),
    },
  ];
  return (
    <search className="record-filters" aria-label={t("recordsFilter.title")}>
      {picks.map(({ name, label, options }) => (
        <label key={name} className="filter-field">
          <span>{label}</span>
          <select
            value={address.get(name) ?? ""}
            onChange={(event) => onFilter({ [name]: event.target.value, page: "" })}
            data-testid={`filter-${name}`}
          >
            <option value="">{t("recordsFilter.all")}</option>
            {options.map(([value, word]) => (
              <option key={value} value={value}>
                {word}
              </option>
            ))}
          </select>
        </label>
      ))}
      <label className="filter-field" htmlFor="batch-below">
        <span>{t("board.below")}</span>
        <Input
          id="batch-below"
          inputMode="numeric"
          value={address.get("below") ?? ""}
          onChange={(event) => onFilter({ below: event.target.value.replace(/\D/g, "").slice(0, 7), page: "" })}
          data-testid="filter-below"
        />
      </label>
      <label className="filter-field record-filter-text" htmlFor="batch-search">
        <span>{t("recordsFilter.search")}</span>
        <Input
          id="batch-search"
          value={text}
          allowClear
          maxLength={64}
          placeholder={t("board.text")}
          onChange={(event) => setText(event.target.value)}
          data-testid="filter-search"
        />
      </label>
    </search>
  );
}
