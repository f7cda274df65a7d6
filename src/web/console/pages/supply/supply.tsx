import { Segmented } from "antd";
import { useTranslation } from "react-i18next";
import { useAddress } from "../../use-address.ts";
import { CalendarView } from "./calendar-view.tsx";
import { CutList } from "./cut-list.tsx";
import { WindowList } from "./window-list.tsx";
import "../records/records.css";
import "../prices/prices.css";
import "./supply.css";

const VIEWS = ["cuts", "windows", "calendar"] as const;
type View = (typeof VIEWS)[number];

/** What keeps supply on: who would be cut off tomorrow, the hours in which nobody is, and the calendar that they go by. */
export function SupplyPage() {
  const { t } = useTranslation();
  const [search, setSearch] = useAddress();
  const view = VIEWS.find((each) => each === search.get("view")) ?? "cuts";
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t("supply.title")}</h1>
        <Segmented
          value={view}
          onChange={(next: View) => setSearch(next === "cuts" ? {} : { view: next })}
          options={VIEWS.map((each) => ({ value: each, label: t(`supply.view.${each}`) }))}
          aria-label={t("supply.title")}
          data-testid="supply-view"
        />
      </div>
      {view === "cuts" ? <CutList /> : view === "windows" ? <WindowList /> : <CalendarView />}
    </main>
  );
}
