import { Button, Checkbox } from "antd";
import {
  type KeyboardEvent,
  type ReactNode,
  type RefObject,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { useTranslation } from "react-i18next";
import { hideColumns } from "./table-cells.ts";
import "./column-choice.css";

/** Columns by their place; as many as the table had when they were chosen. With other columns the choice says nothing. */
type Kept = { columns: number; hidden: readonly number[] };

const none: Kept = { columns: 0, hidden: [] };

/**
 * The columns of a table that somebody does not want to see (列设置), remembered on this computer under the table's name: hides them in the box,
 * and gives what they are chosen with. The first column stays, and so do those without a name. Files hold all columns.
 */
export function useColumnChoice(name: string | undefined, box: RefObject<HTMLElement | null>): ReactNode {
  const [kept, setKept] = useState<Kept>(() => read(name));
  const [heads, setHeads] = useState<readonly string[]>([]);
  useLayoutEffect(() => {
    if (name === undefined || box.current === null) return;
    const found = [...box.current.querySelectorAll("thead th")].map((head) => head.textContent?.trim() ?? "");
    if (found.join("\n") !== heads.join("\n")) setHeads(found);
    hideColumns(box.current, new Set(kept.columns === found.length ? kept.hidden : []));
  });
  if (name === undefined || heads.length === 0) return null;
  const hidden = kept.columns === heads.length ? kept.hidden : [];
  const choose = (next: readonly number[]): void => {
    const choice = { columns: heads.length, hidden: next };
    localStorage.setItem(storedAs(name), JSON.stringify(choice));
    setKept(choice);
  };
  return <Choice name={name} heads={heads} hidden={hidden} onChoose={choose} />;
}

type Props = {
  name: string;
  heads: readonly string[];
  hidden: readonly number[];
  onChoose: (hidden: readonly number[]) => void;
};

function Choice({ name, heads, hidden, onChoose }: Props) {
  const { t } = useTranslation();
  const menu = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const onPointer = (event: PointerEvent): void => {
      const { current } = menu;
      if (current?.open && !current.contains(event.target as Node)) current.open = false;
    };
    document.addEventListener("pointerdown", onPointer);
    return () => document.removeEventListener("pointerdown", onPointer);
  }, []);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== "Escape" || !menu.current?.open) return;
    event.stopPropagation();
    menu.current.open = false;
    menu.current.querySelector("summary")?.focus();
  };
  const shown = heads.length - hidden.length;
  return (
    <details className="column-choice no-print" ref={menu} onKeyDown={onKeyDown}>
      <summary data-testid={`columns-${name}`}>
        {hidden.length === 0 ? t("app.columns") : t("app.columnsOf", { shown, all: heads.length })}
      </summary>
      <fieldset className="panel" aria-label={t("app.columns")}>
        {heads.map((head, column) =>
          column === 0 || head === "" ? null : (
            <Checkbox
              key={head}
              checked={!hidden.includes(column)}
              onChange={({ target }) =>
                onChoose(target.checked ? hidden.filter((each) => each !== column) : [...hidden, column])
              }
              data-testid={`column-${column}`}
            >
              {head}
            </Checkbox>
          ),
        )}
        <Button size="small" disabled={hidden.length === 0} onClick={() => onChoose([])} data-testid="columns-all">
          {t("app.columnsAll")}
        </Button>
      </fieldset>
    </details>
  );
}

function storedAs(name: string): string {
  return `jichao.columns.${name}`;
}

/** What was chosen before; nothing when it cannot be read. */
function read(name: string | undefined): Kept {
  if (name === undefined) return none;
  try {
    const { columns, hidden } = JSON.parse(localStorage.getItem(storedAs(name)) ?? "null") ?? none;
    return typeof columns === "number" && Array.isArray(hidden) ? { columns, hidden: hidden.map(Number) } : none;
  } catch {
    return none;
  }
}
