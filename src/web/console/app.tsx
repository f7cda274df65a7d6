import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { ConfigProvider, type ThemeConfig } from "antd";
import enUS from "antd/locale/en_US";
import zhCN from "antd/locale/zh_CN";
import { useTranslation } from "react-i18next";
import { BrowserRouter } from "react-router";
import { ApiError } from "#web/shared/api.ts";
import { ErrorBoundary } from "./error-boundary.tsx";
import { SessionGate } from "./session.tsx";
import { Shell } from "./shell.tsx";
import { useNarrow } from "./use-narrow.ts";

const client = new QueryClient({
  defaultOptions: {
    queries: {
      networkMode: "always", // a site without Internet still has its server
      staleTime: 10_000,
      retry: (failures, error) => failures < 2 && error instanceof ApiError && error.failure.kind === "network",
    },
    mutations: { networkMode: "always" },
  },
});

const font =
  'system-ui, -apple-system, "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", sans-serif';

const theme: ThemeConfig = {
  token: {
    colorPrimary: "#0b6475",
    colorError: "#c62828",
    colorErrorHover: "#a81f1f",
    colorErrorBorderHover: "#a81f1f",
    colorErrorActive: "#8e1b1b",
    colorText: "#1b2a30",
    colorTextSecondary: "#4d5f67",
    colorTextPlaceholder: "#66767d",
    colorBorder: "#c3ced3",
    borderRadius: 6,
    fontFamily: font,
    fontSize: 14,
    controlHeight: 36,
    motion: false,
  },
};
const thumbTheme: ThemeConfig = { ...theme, token: { ...theme.token, controlHeight: 44, fontSize: 15 } };

/** antd writes <style> elements; the nonce of this answer lets them in. */
const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? "";

/** Everything around the pages: texts, theme, cache, addresses, session, and what is shown when a page breaks. */
export function App() {
  const { i18n } = useTranslation();
  const narrow = useNarrow();
  return (
    <ConfigProvider
      csp={{ nonce }}
      locale={i18n.language === "en" ? enUS : zhCN}
      theme={narrow ? thumbTheme : theme}
      button={{ autoInsertSpace: false }}
      wave={{ disabled: true }}
    >
      <ErrorBoundary>
        <QueryClientProvider client={client}>
          <BrowserRouter>
            <SessionGate>
              <Shell />
            </SessionGate>
          </BrowserRouter>
        </QueryClientProvider>
      </ErrorBoundary>
    </ConfigProvider>
  );
}
