import { useSyncExternalStore } from "react";
import { currentTheme, type Theme, type ThemeChoice, themeChoice, whenThemeChanges } from "#web/shared/theme.ts";

/** How the page looks now; draws again when that changes. */
export function useTheme(): Theme {
  return useSyncExternalStore(whenThemeChanges, currentTheme);
}

/** What was chosen; draws again when that changes. */
export function useThemeChoice(): ThemeChoice {
  return useSyncExternalStore(whenThemeChanges, themeChoice);
}
