import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type Area, type Choice, type Mark, markOf, type Tree, toggled } from "./scope-choice.ts";

type TreeProps = { tree: Tree; choice: Choice; onChange: (choice: Choice) => void; disabled: boolean };

/** Areas as a tree of ticks, whole or half, each with its meters; every tick and every fold is an ordinary control for the keyboard. */
export function ScopeTreeView(props: TreeProps) {
  const { t } = useTranslation();
  if (props.tree.roots.length === 0) return <p className="muted">{t("people.noAreas")}</p>;
  return (
    <ul className="scope-tree" data-testid="scope-tree">
      {props.tree.roots.map((area) => (
        <Branch key={area.areaId} area={area} depth={0} {...props} />
      ))}
    </ul>
  );
}

function Branch({ area, depth, ...props }: TreeProps & { area: Area; depth: number }) {
  const { t } = useTranslation();
  const { tree, choice } = props;
  const mark = markOf(tree, choice, area.areaId);
  const children = tree.childrenOf(area.areaId);
  const [open, setOpen] = useState(depth === 0 || mark === "half");
  return (
    <li>
      <div className="scope-line">
        {children.length === 0 ? (
          <span className="scope-fold" />
        ) : (
          <button
            type="button"
            className="scope-fold"
            aria-expanded={open}
            aria-label={t(open ? "people.collapse" : "people.expand", { name: area.name })}
            onClick={() => setOpen(!open)}
          >
            <span aria-hidden="true">{open ? "▾" : "▸"}</span>
          </button>
        )}
        <label className="scope-label" htmlFor={`area-${area.areaId}`}>
          <Tick
            mark={mark}
            disabled={props.disabled || !area.inside}
            label={t("people.areaChosen", { name: area.name, meters: area.meters })}
            testId={`area-${area.areaId}`}
            onChange={() => props.onChange(toggled(tree, choice, area.areaId))}
          />
          <span>{area.name}</span>
          <small>{t("people.areaMeters", { count: area.meters })}</small>
        </label>
      </div>
      {open && children.length > 0 ? (
        <ul>
          {children.map((child) => (
            <Branch key={child.areaId} area={child} depth={depth + 1} {...props} />
          ))}
        </ul>
      ) : null}
    </li>
  );
}

type TickProps = { mark: Mark; disabled: boolean; label: string; testId: string; onChange: () => void };

/** A tick that may be half; the browser tells a screen reader so by itself. */
export function Tick({ mark, disabled, label, testId, onChange }: TickProps) {
  return (
    <input
      type="checkbox"
      id={testId}
      ref={(element) => {
        if (element !== null) element.indeterminate = mark === "half";
      }}
      checked={mark === "on"}
      disabled={disabled}
      aria-label={label}
      onChange={onChange}
      data-testid={testId}
      data-mark={mark}
    />
  );
}
