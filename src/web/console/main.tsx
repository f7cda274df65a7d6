import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { startI18n } from "#web/shared/i18n.ts";
import { startTheme } from "#web/shared/theme.ts";
import { App } from "./app.tsx";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/parts.css";
import "./styles/dialogs.css";
import "./styles/login.css";
import "./styles/media.css";

const root = document.getElementById("root");
if (root === null) throw new Error("the page has no #root");
await startI18n();
startTheme();
// The server says whether a developer may force the states of the pages; the address alone never can.
if (document.querySelector('meta[name="forced-states"]')) (await import("./forced/start.tsx")).startForcing();
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
