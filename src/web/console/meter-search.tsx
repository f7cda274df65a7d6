import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Input } from "antd";
import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { MeterHit } from "#contract/metering.ts";
import { searchMeters } from "#web/shared/api.ts";
import { tail } from "#web/shared/format.ts";
import { StateIcon } from "./icons.tsx";
import { FailedLine } from "./notice.tsx";
import { moveChoice } from "./search-keys.ts";
import { useSettled } from "./use-settled.ts";

const HITS_MAX = 20;

type MeterSearchProps = {
  onChoose: (hit: MeterHit) => void;
  /** What Enter does with a text that is of no meter: it may be the number of a receipt. */
  onNothing?: (text: string) => void;
};

/** Finds a meter by room, name, tail of the phone or meter number, without a mouse: ↑↓ choose, ↵ takes. */
export function MeterSearch({ onChoose, onNothing }: MeterSearchProps) {
  const { t } = useTranslation();
  const listId = useId();
  const [text, setText] = useState("");
  const [choice, setChoice] = useState(0);
  const entered = useRef(false);
  const asked = useSettled(text.trim(), 120);
  const found = useQuery({
    queryKey: ["search", asked],
    queryFn: ({ signal }) => searchMeters(asked, HITS_MAX, signal),
    enabled: asked !== "",
    placeholderData: keepPreviousData,
  });
  const isCurrent = asked === text.trim() && !found.isPlaceholderData && found.data !== undefined;
  const hits = asked === "" ? [] : (found.data?.items ?? []);
  const chosen = Math.min(choice, hits.length - 1);

  // Enter pressed before the answer is there means: take the first when it comes.
  useEffect(() => {
    if (!entered.current || !isCurrent) return;
    entered.current = false;
    const [only] = hits;
    if (hits.length === 1 && only) onChoose(only);
    else if (hits.length === 0) onNothing?.(asked);
  }, [isCurrent, hits, asked, onChoose, onNothing]);

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.nativeEvent.isComposing) return;
    const next = moveChoice(event.key, chosen, hits.length);
    if (next !== null) {
      event.preventDefault();
      setChoice(next);
    } else if (event.key === "Enter" && !event.ctrlKey) {
      event.preventDefault();
      const hit = hits[chosen];
      if (isCurrent && hit) onChoose(hit);
      else if (isCurrent && asked !== "") onNothing?.(asked);
      else entered.current = text.trim() !== "";
    }
  };

  return (
    <div className="finder">
      <Input
        data-kept=""
        size="large"
        role="combobox"
        aria-expanded={hits.length > 0}
        aria-controls={listId}
        aria-autocomplete="list"
        aria-label={t("search.label")}
        {...(hits.length > 0 ? { "aria-activedescendant": `${listId}-${chosen}` } : {})}
        placeholder={t("search.placeholder")}
        value={text}
        autoComplete="off"
        spellCheck={false}
        data-autofocus=""
        data-testid="meter-search"
        onChange={(event) => {
          setText(event.target.value);
          setChoice(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div id={listId} role="listbox" aria-label={t("search.label")} className="finder-list" data-testid="meter-hits">
        {hits.map((hit, at) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are those of the field above
          <div
            key={hit.meterId}
            id={`${listId}-${at}`}
            role="option"
            tabIndex={-1}
            aria-selected={at === chosen}
            className="hit"
            ref={at === chosen ? showChoice : null}
            onMouseMove={() => setChoice(at)}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => onChoose(hit)}
            data-testid={`hit-${hit.number}`}
          >
            <span className={`state-mark state-${hit.state}`}>
              <StateIcon state={hit.state} size={12} />
            </span>
            <span className="hit-label">{hit.label}</span>
            <span className="hit-customer">{hit.customer ?? t("search.noCustomer")}</span>
            <span className="hit-area">{hit.areaName}</span>
            <span className="hit-number">…{tail(hit.number)}</span>
            <span className="hit-state">{t(`state.${hit.state}`)}</span>
          </div>
        ))}
      </div>
      <p className="finder-hint" role="status">
        {asked === ""
          ? t("search.start")
          : found.isFetching && !isCurrent
            ? t("search.searching")
            : hits.length === 0 && isCurrent
              ? t("search.none", { text: asked })
              : found.data?.more
                ? t("search.more", { count: HITS_MAX })
                : t("search.hint")}
      </p>
      {found.error ? <FailedLine error={found.error} /> : null}
      {onNothing && isCurrent && asked !== "" && hits.length === 0 ? (
        <button type="button" className="plain-button" onClick={() => onNothing(asked)} data-testid="search-records">
          {t("search.records", { text: asked })}
        </button>
      ) : null}
    </div>
  );
}

function showChoice(option: HTMLElement | null): void {
  option?.scrollIntoView({ block: "nearest" });
}
