import { useSyncExternalStore } from "react";

const query = window.matchMedia("(max-width: 767px)");

function subscribe(tell: () => void): () => void {
  query.addEventListener("change", tell);
  return () => query.removeEventListener("change", tell);
}

/** True on a phone: menus are drawers, drawers are pages, targets are for thumbs. */
export function useNarrow(): boolean {
  return useSyncExternalStore(subscribe, () => query.matches);
}
