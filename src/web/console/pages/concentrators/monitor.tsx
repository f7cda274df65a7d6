import { useQuery } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { BusFrame } from "#contract/collection.ts";
import { getBusFrames } from "#web/shared/api-collection.ts";
import { copyText } from "#web/shared/copy-text.ts";
import { clockTime } from "#web/shared/format.ts";
import { NotYet } from "../../notice.tsx";

const POLL_MS = 1_000;
/** Ingest writes frames some hundred ms after they were on the bus, and clocks of two machines differ: looked at again. */
const OVERLAP_MS = 5_000;
const LINES_MAX = 400;

/** The live frame monitor (报文监视): what is sent and heard on the buses of a concentrator, in hex and in words. */
export function Monitor({ concentratorId }: { concentratorId: number }) {
  const { t } = useTranslation();
  const [paused, setPaused] = useState(false);
  const [filter, setFilter] = useState("");
  const [lines, setLines] = useState<readonly BusFrame[]>([]);
  const [clearedAt, setClearedAt] = useState(0);
  const since = useRef(0);
  const found = useQuery({
    queryKey: ["bus-frames", concentratorId],
    queryFn: () => getBusFrames(concentratorId, since.current, null),
    refetchInterval: paused ? false : POLL_MS,
    gcTime: 0,
  });
  useEffect(() => {
    if (found.data === undefined || paused) return;
    const { items } = found.data;
    since.current = Math.max(0, (items.at(-1)?.at ?? since.current + OVERLAP_MS) - OVERLAP_MS);
    setLines((before) => {
      const known = new Set(before.map(nameOf));
      const fresh = items.filter((each) => !known.has(nameOf(each)));
      return fresh.length === 0
        ? before
        : [...before, ...fresh].sort((a, b) => a.at - b.at || a.slot - b.slot).slice(-LINES_MAX);
    });
  }, [found.data, paused]);
  const wanted = filter.trim().toLowerCase().replaceAll(" ", "");
  const shown = lines.filter((each) => each.at > clearedAt && (wanted === "" || textOf(each).includes(wanted)));
  return (
    <section className="archive-part" id="monitor" aria-label={t("monitor.title")}>
      <div className="page-head">
        <h2>{t("monitor.title")}</h2>
        <Button onClick={() => setPaused(!paused)} aria-pressed={paused} data-testid="monitor-pause">
          {t(paused ? "monitor.resume" : "monitor.pause")}
        </Button>
        <Input
          className="exchange-search"
          value={filter}
          placeholder={t("monitor.filter")}
          aria-label={t("monitor.filter")}
          onChange={(event) => setFilter(event.target.value)}
          data-testid="monitor-filter"
        />
        <Button onClick={() => setClearedAt(lines.at(-1)?.at ?? 0)} data-testid="monitor-clear">
          {t("monitor.clear")}
        </Button>
        <span className="muted">
          {paused ? t("monitor.paused") : t("monitor.live", { at: clockTime(found.data?.asOf ?? 0) })}
        </span>
      </div>
      <p className="muted">{t("monitor.lead")}</p>
      {found.data === undefined ? (
        <NotYet of={found} rows={3} />
      ) : shown.length === 0 ? (
        <p className="empty-line">{t("monitor.empty")}</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys
        <ul className="monitor-lines" data-testid="monitor" tabIndex={0}>
          {[...shown].reverse().map((frame) => (
            <FrameLine key={nameOf(frame)} frame={frame} />
          ))}
        </ul>
      )}
    </section>
  );
}

function nameOf(frame: BusFrame): string {
  return `${frame.meterId}-${frame.at}-${frame.slot}`;
}

function textOf(frame: BusFrame): string {
  return `${frame.label}${frame.hex}${frame.explained.join("")}`.toLowerCase().replaceAll(" ", "");
}

/** One frame: when, which way, whose, the bytes, and what they say. */
export function FrameLine({ frame }: { frame: BusFrame }) {
  const { t } = useTranslation();
  const [copied, setCopied] = useState(false);
  return (
    <li className={`monitor-${frame.direction}`} data-direction={frame.direction}>
      <time>{clockTime(frame.at)}</time> <b>{t(`monitor.direction.${frame.direction}`)}</b> {frame.label}
      {frame.tookMs > 0 ? ` · ${t("monitor.took", { ms: frame.tookMs })}` : ""}
      {frame.hex === "" ? null : (
        <>
          {" "}
          <button type="button" onClick={() => void copyText(frame.hex).then(setCopied)}>
            {t(copied ? "monitor.copied" : "monitor.copy")}
          </button>
          <br />
          <code>{frame.hex.toUpperCase().replace(/(..)(?=.)/g, "$1 ")}</code>
        </>
      )}
      <small>{frame.explained.join(" · ")}</small>
    </li>
  );
}
