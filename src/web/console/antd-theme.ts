import { type ThemeConfig, theme as themes } from "antd";
import type { Theme } from "#web/shared/theme.ts";

const font =
  'system-ui, -apple-system, "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", sans-serif';

/** antd in the colours of `styles/tokens.css`, which are read from the page, so that there is one list of them. */
export function antdTheme(theme: Theme, narrow: boolean): ThemeConfig {
  const style = getComputedStyle(document.documentElement);
  const at = (name: string): string => style.getPropertyValue(name).trim();
  const base = theme === "dark" ? themes.darkAlgorithm : themes.defaultAlgorithm;
  return {
    algorithm: [
      base,
      // After the algorithm, which makes its own shades: what is written in the tokens counts.
      (_, map) => ({
        ...(map ?? base(themes.defaultSeed)),
        colorPrimary: at("--brand"),
        colorPrimaryHover: at("--brand-hover"),
        colorPrimaryActive: at("--brand-active"),
        colorPrimaryBg: at("--chosen"),
        colorPrimaryText: at("--brand"),
        colorError: at("--fault"),
        colorErrorHover: at("--fault-hover"),
        colorErrorBorderHover: at("--fault-hover"),
        colorErrorActive: at("--fault-active"),
        colorBgContainer: at("--panel"),
        colorBgElevated: at("--raised"),
        colorBgLayout: at("--ground"),
      }),
    ],
    token: {
      colorPrimary: at("--brand"),
      colorError: at("--fault"),
      colorTextLightSolid: at("--on-brand"),
      colorText: at("--ink"),
      colorTextSecondary: at("--soft"),
      colorTextPlaceholder: at("--faint"),
      colorBorder: at("--border"),
      borderRadius: 6,
      fontFamily: font,
      fontSize: narrow ? 15 : 14,
      controlHeight: narrow ? 44 : 36,
      motion: false,
    },
  };
}
