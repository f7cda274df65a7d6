import { QueryClientProvider } from "@tanstack/react-query";
import { ConfigProvider } from "antd";
import enUS from "antd/locale/en_US";
import zhCN from "antd/locale/zh_CN";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { antdTheme } from "./antd-theme.ts";
import { AskingRouter } from "./asking-router.tsx";
import { ErrorBoundary } from "./error-boundary.tsx";
import { usePageTitle } from "./page-title.ts";
import { client } from "./query-client.ts";
import { SessionGate } from "./session.tsx";
import { Shell } from "./shell.tsx";
import { useNarrow } from "./use-narrow.ts";
import { useTheme } from "./use-theme.ts";

/** antd writes <style> elements; the nonce of this answer lets them in. */
const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? "";

/** Everything around the pages: texts, theme, cache, addresses, session, and what is shown when a page breaks. */
export function App() {
  const { i18n } = useTranslation();
  const narrow = useNarrow();
  const theme = useTheme();
  usePageTitle();
  const antd = useMemo(() => antdTheme(theme, narrow), [theme, narrow]);
  return (
    <ConfigProvider
      csp={{ nonce }}
      locale={i18n.language === "en" ? enUS : zhCN}
      theme={antd}
      button={{ autoInsertSpace: false }}
      wave={{ disabled: true }}
      // A modal dialog lies above all else: what opens from within it must open in it.
      getPopupContainer={(node) => node?.closest("dialog") ?? document.body}
    >
      <ErrorBoundary>
        <QueryClientProvider client={client}>
          <AskingRouter>
            <SessionGate>
              <Shell />
            </SessionGate>
          </AskingRouter>
        </QueryClientProvider>
      </ErrorBoundary>
    </ConfigProvider>
  );
}
