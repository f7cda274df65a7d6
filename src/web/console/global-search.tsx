import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { useCan } from "#web/shared/can.tsx";
import { Dialog } from "./dialog.tsx";
import { Icon } from "./icons.tsx";
import { MeterSearch } from "./meter-search.tsx";

/** Ctrl-K: finds a meter from anywhere and opens it on the board; what is of no meter is looked for among the recharges. */
export function GlobalSearch() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [open, setOpen] = useState(false);
  const allowed = useCan("meter.view");
  const seesRecords = useCan("recharge.view");
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        setOpen(allowed);
      }
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [allowed]);
  if (!allowed) return <div className="top-gap" />;
  return (
    <>
      <button type="button" className="search-button" onClick={() => setOpen(true)} data-testid="global-search">
        <Icon name="search" size={18} />
        <span className="unseen">{t("search.label")}</span>{" "}
        <span className="search-button-inside">
          <span className="search-button-text">{t("search.placeholder")}</span>
          <kbd>{t("search.keys")}</kbd>
        </span>
      </button>
      {open ? (
        <Dialog
          title={t("search.label")}
          kind="top"
          hideTitle
          onClose={() => setOpen(false)}
          testId="global-search-dialog"
        >
          <MeterSearch
            onChoose={(hit) => {
              setOpen(false);
              navigate(`/?meter=${hit.meterId}`);
            }}
            {...(seesRecords
              ? {
                  onNothing: (text: string) => {
                    setOpen(false);
                    navigate(`/records?search=${encodeURIComponent(text)}`);
                  },
                }
              : {})}
          />
        </Dialog>
      ) : null}
    </>
  );
}
