import { Button, Checkbox } from "antd";
import {
  type KeyboardEvent,
  type ReactNode,
  type RefObject,
  useContext,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { useTranslation } from "react-i18next";
import { MeContext } from "#web/shared/can.tsx";
import { hideColumns } from "./table-cells.ts";
import "./column-choice.css";

/**
 * The columns of a table that somebody does not want to see (列设置), remembered for him on this computer under the table's name, by what
 * they are called: hides them in the box, and gives what they are chosen with. The first column stays, and so do those without a name and
 * those that are marked `data-stays`: states and amounts. Files hold all columns; paper says how many are left out.
 */
export function useColumnChoice(name: string | undefined, box: RefObject<HTMLElement | null>): ReactNode {
  const { t } = useTranslation();
  const login = useContext(MeContext)?.login ?? "";
  const key = `jichao.columns.${name}.${login}`;
  const [kept, setKept] = useState<readonly string[]>(() => read(key));
  const [heads, setHeads] = useState<readonly Head[]>([]);
  useLayoutEffect(() => {
    if (name === undefined || box.current === null) return;
    const found = [...box.current.querySelectorAll<HTMLElement>("thead th")].map((head, place): Head => {
      const text = head.textContent?.trim() ?? "";
      return { text, stays: place === 0 || text === "" || head.dataset.stays !== undefined };
    });
    if (JSON.stringify(found) !== JSON.stringify(heads)) setHeads(found);
    hideColumns(box.current, new Set(found.flatMap((head, at) => (isHidden(head, kept) ? [at] : []))));
  });
  if (name === undefined || heads.length === 0) return null;
  const choose = (next: readonly string[]): void => {
    localStorage.setItem(key, JSON.stringify(next));
    setKept(next);
  };
  const hidden = heads.filter((head) => isHidden(head, kept)).length;
  const counts = { shown: heads.length - hidden, all: heads.length };
  return (
    <>
      <Choice name={name} heads={heads} kept={kept} counts={counts} onChoose={choose} />
      {hidden === 0 ? null : <p className="columns-print">{t("app.columnsOf", counts)}</p>}
    </>
  );
}

/** What stands above a column, and whether it must stay. */
type Head = { text: string; stays: boolean };

function isHidden({ text, stays }: Head, kept: readonly string[]): boolean {
  return !stays && kept.includes(text);
}

type Props = {
  name: string;
  heads: readonly Head[];
  kept: readonly string[];
  counts: { shown: number; all: number };
  onChoose: (kept: readonly string[]) => void;
};

function Choice({ name, heads, kept, counts, onChoose }: Props) {
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
  return (
    <details className="column-choice no-print" ref={menu} onKeyDown={onKeyDown}>
      <summary data-testid={`columns-${name}`}>
        {counts.shown === counts.all ? t("app.columns") : t("app.columnsOf", counts)}
      </summary>
      <fieldset className="panel" aria-label={t("app.columns")}>
        {heads.map(({ text, stays }, place) =>
          stays ? null : (
            <Checkbox
              key={text}
              checked={!kept.includes(text)}
              onChange={({ target }) =>
                onChoose(target.checked ? kept.filter((each) => each !== text) : [...kept, text])
              }
              data-testid={`column-${place}`}
            >
              {text}
            </Checkbox>
          ),
        )}
        <Button
          size="small"
          disabled={counts.shown === counts.all}
          onClick={() => onChoose([])}
          data-testid="columns-all"
        >
          {t("app.columnsAll")}
        </Button>
      </fieldset>
    </details>
  );
}

/** What was chosen before; nothing when it cannot be read. */
function read(key: string): readonly string[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(key) ?? "[]");
    return Array.isArray(found) ? found.map(String) : [];
  } catch {
    return [];
  }
}
