import { Button } from "antd";
import { type KeyboardEvent, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { AreaNode } from "#contract/areas.ts";
import { type Line, linesOf } from "./area-branches.ts";

type Props = { areas: readonly AreaNode[]; onMove: (area: AreaNode) => void };

/** The tree as people know it from files: one stop for Tab, arrows inside, Enter moves; beside each line a button for the mouse. */
export function AreaTreeView({ areas, onMove }: Props) {
  const { t } = useTranslation();
  const [closed, setClosed] = useState<ReadonlySet<number>>(new Set());
  const [at, setAt] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  const open = new Set(areas.map((area) => area.areaId).filter((id) => !closed.has(id)));
  const lines = linesOf(areas, open);
  const here = Math.max(
    0,
    lines.findIndex(({ area }) => area.areaId === at),
  );
  const go = (to: number): void => {
    const line = lines[Math.max(0, Math.min(to, lines.length - 1))];
    if (line === undefined) return;
    setAt(line.area.areaId);
    box.current?.querySelector<HTMLElement>(`[data-testid="area-${line.area.areaId}"]`)?.focus();
  };
  const fold = (areaId: number, isOpen: boolean): void => {
    const next = new Set(closed);
    if (isOpen) next.delete(areaId);
    else next.add(areaId);
    setClosed(next);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const line = lines[here];
    if (line === undefined || event.target instanceof HTMLButtonElement) return;
    const { area, hasChildren } = line;
    const isOpen = hasChildren && open.has(area.areaId);
    const parentAt = lines.findIndex((each) => each.area.areaId === area.parentId);
    const doings: Record<string, () => void> = {
      ArrowDown: () => go(here + 1),
      ArrowUp: () => go(here - 1),
      Home: () => go(0),
      End: () => go(lines.length - 1),
      ArrowRight: () => (hasChildren && !isOpen ? fold(area.areaId, true) : isOpen && go(here + 1)),
      ArrowLeft: () => (isOpen ? fold(area.areaId, false) : parentAt >= 0 && go(parentAt)),
      Enter: () => area.movable && onMove(area),
    };
    const doing = doings[event.key];
    if (doing === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    doing();
  };
  return (
    <div
      role="tree"
      tabIndex={-1}
      className="panel area-tree"
      aria-label={t("areas.tree")}
      ref={box}
      onKeyDown={onKeyDown}
      data-testid="area-tree"
    >
      {lines.map((line, index) => (
        <TreeLine
          key={line.area.areaId}
          line={line}
          isHere={index === here}
          isOpen={open.has(line.area.areaId)}
          onHere={() => setAt(line.area.areaId)}
          onFold={(isOpen) => fold(line.area.areaId, isOpen)}
          onMove={onMove}
        />
      ))}
    </div>
  );
}

type LineProps = {
  line: Line;
  isHere: boolean;
  isOpen: boolean;
  onHere: () => void;
  onFold: (isOpen: boolean) => void;
  onMove: (area: AreaNode) => void;
};

function TreeLine({ line: { area, level, hasChildren }, isHere, isOpen, onHere, onFold, onMove }: LineProps) {
  const { t } = useTranslation();
  return (
    <div
      role="treeitem"
      className="area-line"
      aria-level={level}
      aria-selected={isHere}
      {...(hasChildren ? { "aria-expanded": isOpen } : {})}
      tabIndex={isHere ? 0 : -1}
      onFocus={onHere}
      style={{ paddingInlineStart: `${(level - 1) * 22}px` }}
      data-testid={`area-${area.areaId}`}
      data-parent={area.parentId ?? ""}
    >
      <button
        type="button"
        className="area-fold"
        tabIndex={-1}
        hidden={!hasChildren}
        aria-label={t(isOpen ? "areas.collapse" : "areas.expand", { name: area.name })}
        onClick={() => onFold(!isOpen)}
      >
        <span aria-hidden="true">{isOpen ? "▾" : "▸"}</span>
      </button>
      <b>{area.name}</b>
      <small>{t("areas.meters", { count: area.meters })}</small>
      {area.movable ? (
        <Button
          tabIndex={-1}
          size="small"
          onClick={() => onMove(area)}
          aria-label={`${t("areas.move")} ${area.name}`}
          data-testid={`move-${area.areaId}`}
        >
          {t("areas.move")}
        </Button>
      ) : null}
    </div>
  );
}
