import { useEffect } from "react";

/** Where arrow keys have a meaning of their own: typing, a choice, a table that scrolls, something that asks. */
const OWN_ARROWS = "input, textarea, select, [contenteditable], [role=listbox], .sheet-box, dialog";

/** `←` and `→` anywhere on the page lead to what is before and after; undefined where there is nothing. */
export function useArrowKeys(before: (() => void) | undefined, after: (() => void) | undefined): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const go = event.key === "ArrowLeft" ? before : event.key === "ArrowRight" ? after : undefined;
      const isOwn = event.target instanceof Element && event.target.closest(OWN_ARROWS) !== null;
      if (go === undefined || isOwn || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
      if (document.querySelector("dialog[open]") !== null) return;
      event.preventDefault();
      go();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [before, after]);
}
