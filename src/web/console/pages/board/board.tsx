import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { type KeyboardEvent, useCallback, useDeferredValue, useEffect, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { getBoard } from "#web/shared/api.ts";
import { useCan } from "#web/shared/can.tsx";
import { clockTime } from "#web/shared/format.ts";
import { caughtUp, countTiles, keys, sortTiles } from "#web/shared/live-cache.ts";
import { FailedNotice, Loading, Notice } from "../../notice.tsx";
import { useAddress } from "../../use-address.ts";
import { useLiveStatus } from "../../use-live.tsx";
import {
  addressOfView,
  type BoardView,
  concentratorsOf,
  type Group,
  groupTiles,
  inOrder,
  sumLeft,
  tilesInPlace,
  viewFromAddress,
} from "./filters.ts";
import { MeterDrawer } from "./meter-drawer.tsx";
import { Section } from "./section.tsx";
import { ChangeSummary } from "./summary.tsx";
import { nextTile } from "./tile-keys.ts";
import { tileWords } from "./tile-words.ts";
import { Legend, Toolbar } from "./toolbar.tsx";
import { useWall } from "./wall.ts";
import "./board.css";
import "./tile.css";

/** The status board (状态墙), the first page: every meter of my scope by colour, live. */
export function BoardPage() {
  const { t } = useTranslation();
  const live = useLiveStatus();
  const client = useQueryClient();
  const [search, setSearch] = useAddress();
  const view = viewFromAddress(search);
  const scroller = useRef<HTMLDivElement>(null);
  const board = useQuery({
    queryKey: keys.board,
    queryFn: async ({ signal }) => {
      const loaded = caughtUp(client, await getBoard(signal));
      return { ...loaded, tiles: sortTiles(loaded.tiles) };
    },
    structuralSharing: false, // 5,000 tiles: comparing them costs more than drawing the changed ones
  });

  // The router's own function is another one after every change of address; with it, every tile would be drawn anew.
  const go = useRef(setSearch);
  go.current = setSearch;
  const change = useCallback((part: Partial<BoardView>) => {
    const now = viewFromAddress(new URLSearchParams(window.location.search));
    const opens = now.meterId === null && typeof part.meterId === "number"; // "back" closes the drawer, nothing else
    go.current(addressOfView({ ...now, ...part }), { replace: !opens });
  }, []);
  const open = useCallback(
    (meterId: number) => {
      const { wall } = viewFromAddress(new URLSearchParams(window.location.search));
      if (!wall) change({ meterId }); // a wall is for everybody's eyes: no names
    },
    [change],
  );
  const close = useCallback(() => change({ meterId: null }), [change]);
  const openedMeterId = useRef(view.meterId);
  useEffect(() => {
    const closed = view.meterId === null ? openedMeterId.current : null;
    openedMeterId.current = view.meterId;
    if (closed !== null) scroller.current?.querySelector<HTMLElement>(`[data-meter="${closed}"]`)?.focus();
  }, [view.meterId]);

  const tiles = useDeferredValue(board.data?.tiles ?? none);
  const text = useDeferredValue(view.text);
  const { areaId, concentratorId, kind, below, shown, order, wall } = view;
  const inPlace = useMemo(
    () => tilesInPlace(tiles, { areaId, concentratorId, text, kind, below, shown }),
    [tiles, areaId, concentratorId, text, kind, below, shown],
  );
  const sums = useMemo(() => sumLeft(inPlace), [inPlace]);
  const counts = useMemo(() => countTiles(inPlace), [inPlace]);
  const areas = useMemo(() => groupTiles(tiles, []).map(({ areaId, areaName }) => ({ areaId, areaName })), [tiles]);
  const concentrators = useMemo(() => concentratorsOf(tiles), [tiles]);
  const words = useMemo(() => tileWords(t), [t]);
  const before = useRef<Group[]>([]);
  const groups = useMemo(() => {
    before.current = groupTiles(inOrder(tiles, { order, shown }), before.current);
    return before.current;
  }, [tiles, order, shown]);
  const leftBefore = useRef<Group[]>([]);
  const left = useMemo(() => {
    const seen = view.state === null ? inPlace : inPlace.filter((tile) => tile.state === view.state);
    leftBefore.current = groupTiles(seen, leftBefore.current);
    return new Map(leftBefore.current.map((group) => [group.areaId, group]));
  }, [inPlace, view.state]);
  useWall(
    wall,
    scroller,
    useCallback(() => change({ wall: false }), [change]),
  );

  useEffect(() => {
    // One stop for Tab in the whole board; the arrow keys go on from there.
    const first = scroller.current?.querySelector<HTMLElement>(SEEN);
    if (first && !scroller.current?.querySelector(`${SEEN}[tabindex='0']`)) moveTabStop(scroller.current, first);
  }, [groups, left]);

  /** The tile beside another, for the keys here and the two arrows of the drawer. */
  const step = (key: string, from: HTMLElement): HTMLElement | null => {
    const all = [...(scroller.current?.querySelectorAll<HTMLElement>(SEEN) ?? [])];
    const index = all.indexOf(from);
    const isVertical = key === "ArrowUp" || key === "ArrowDown";
    const places = all.map((tile) =>
      isVertical ? { left: tile.offsetLeft, top: tile.offsetTop + (tile.closest("section")?.offsetTop ?? 0) } : nowhere,
    );
    const next = nextTile(key, index, places);
    return next === null ? null : (all[next] ?? null);
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    const from = event.target instanceof HTMLElement ? event.target.closest<HTMLElement>(".tile") : null;
    if (from === null || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Escape" && view.meterId !== null) {
      close();
      return;
    }
    const next = step(event.key, from);
    if (next === null) return;
    event.preventDefault();
    next.focus();
    if (view.meterId !== null) open(Number(next.dataset.meter));
  };

  const stepDrawer = (key: "ArrowLeft" | "ArrowRight"): void => {
    const from = scroller.current?.querySelector<HTMLElement>(`${SEEN}[data-meter="${view.meterId}"]`);
    const next = from ? step(key, from) : scroller.current?.querySelector<HTMLElement>(SEEN);
    if (!next) return;
    next.scrollIntoView({ block: "nearest" });
    open(Number(next.dataset.meter));
  };

  const filtered = filters.some((filter) => view[filter] !== unfiltered[filter]);
  return (
    <main
      className={`board board-${view.size}${wall ? " board-wall" : view.meterId === null ? "" : " board-with-drawer"}`}
      id="main"
      tabIndex={-1}
    >
      <h1 className="unseen">{t("board.title")}</h1>
      <Toolbar counts={counts} sums={sums} areas={areas} concentrators={concentrators} view={view} onChange={change} />
      {live.state === "lost" && board.data ? (
        <div className="banner banner-warn" role="alert" data-testid="stale-banner">
          {t("board.stale", { time: clockTime(live.asOf ?? board.data.asOf) })}
        </div>
      ) : null}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: arrow keys for the tiles inside */}
      <div
        className={`board-scroll${left.size > 0 ? " light-canvas" : ""}`}
        ref={scroller}
        onKeyDown={onKeyDown}
        onFocus={(event) => moveTabStop(scroller.current, event.target)}
        data-testid="board"
      >
        {board.data === undefined ? (
          board.error ? (
            <FailedNotice error={board.error} retry={() => void board.refetch()} />
          ) : (
            <Loading rows={8} />
          )
        ) : board.data.tiles.length === 0 ? (
          <EmptyBoard />
        ) : (
          <>
            <Legend />
            {groups.map((group) => (
              <Section
                key={group.areaId}
                group={group}
                left={left.get(group.areaId)}
                words={words}
                shown={view.shown}
                openMeterId={view.meterId}
                onOpen={open}
              />
            ))}
            {left.size === 0 ? (
              <Notice
                title={t("board.noMatch")}
                action={<Button onClick={() => change(unfiltered)}>{t("board.clear")}</Button>}
                testId="board-no-match"
              />
            ) : filtered ? (
              <p className="board-shown">
                {t("board.shown", {
                  shown: [...left.values()].reduce((sum, group) => sum + group.tiles.length, 0),
                  total: tiles.length,
                })}
              </p>
            ) : null}
          </>
        )}
      </div>
      <ChangeSummary tiles={tiles} />
      {view.meterId === null || wall ? null : (
        <MeterDrawer
          meterId={view.meterId}
          known={tiles.find(({ meterId }) => meterId === view.meterId)}
          onClose={close}
          onStep={stepDrawer}
        />
      )}
    </main>
  );
}

/** No meter in my scope; whoever sets the installation up is led there. */
function EmptyBoard() {
  const { t } = useTranslation();
  const maySetUp = useCan("settings.manage");
  return (
    <Notice
      title={t("board.emptyTitle")}
      lead={t(maySetUp ? "board.emptySetup" : "board.emptyLead")}
      {...(maySetUp && {
        action: (
          <Link className="link-button" to="/setup" data-testid="board-setup">
            {t("board.emptyBegin")}
          </Link>
        ),
      })}
      testId="board-empty"
    />
  );
}

const none: never[] = [];
/** The tiles that no filter leaves out. */
const SEEN = ".area:not([hidden]) > .tiles > .tile:not([hidden])";
const unfiltered = { state: null, areaId: null, concentratorId: null, text: "", kind: null, below: null } as const;
const filters = Object.keys(unfiltered) as (keyof typeof unfiltered)[];
const nowhere = { left: 0, top: 0 };

function moveTabStop(board: HTMLElement | null, to: Element): void {
  if (!to.classList.contains("tile")) return;
  for (const tile of board?.querySelectorAll(".tile[tabindex='0']") ?? []) tile.setAttribute("tabindex", "-1");
  to.setAttribute("tabindex", "0");
}
