import { useEffect } from "react";
import { useTranslation } from "react-i18next";

/** Names the window after what is on the page (its heading), so that tabs, history and bookmarks can be told apart. */
export function usePageTitle(): void {
  const { t } = useTranslation();
  useEffect(() => {
    const tell = (): void => {
      const heading = document.querySelector("h1")?.textContent ?? "";
      const title = heading === "" || heading === t("app.name") ? t("app.title") : `${heading} · ${t("app.name")}`;
      if (document.title !== title) document.title = title;
    };
    tell();
    const observer = new MutationObserver(tell);
    observer.observe(document.body, { childList: true, subtree: true, characterData: true });
    return () => observer.disconnect();
  }, [t]);
}
