import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Dialog } from "./dialog.tsx";

/** Keys as they stand on a keyboard, and the sentence `shortcuts.<name>` about each. */
const shortcuts = [
  { name: "help", keys: ["?"] },
  { name: "search", keys: ["Ctrl", "K"] },
  { name: "move", keys: ["←", "↑", "↓", "→"] },
  { name: "beside", keys: ["←", "→"] },
  { name: "open", keys: ["Enter"] },
  { name: "close", keys: ["Esc"] },
  { name: "next", keys: ["F2"] },
  { name: "confirm", keys: ["Ctrl", "Enter"] },
] as const;

/** What a key of its own would disturb: somebody is typing. */
const TYPING = "input, textarea, select, [contenteditable]";

/** `?` anywhere lists the keys. */
export function Shortcuts() {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const isTyping = event.target instanceof Element && event.target.closest(TYPING) !== null;
      if (event.key !== "?" || isTyping || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      setOpen(document.querySelector("dialog[open]") === null); // never over something that asks
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
  if (!open) return null;
  return (
    <Dialog title={t("shortcuts.title")} kind="top" onClose={() => setOpen(false)} testId="shortcuts">
      <dl className="facts">
        {shortcuts.map(({ name, keys }) => (
          <div key={name} className="shortcut">
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{t(`shortcuts.${name}`)}</dd>
          </div>
        ))}
      </dl>
      <div className="dialog-buttons">
        <button type="button" className="plain-button" onClick={() => setOpen(false)} data-autofocus="">
          {t("shortcuts.done")}
        </button>
      </div>
    </Dialog>
  );
}
