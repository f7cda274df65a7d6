import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

/**
 * antd's portals lock the scrolling of <body> by a style element without a nonce, which our policy refuses (and says so
 * in the browser's console). Our body never scrolls, so nothing is lost without it.
 */
const noScrollLocker: Plugin = {
  name: "no-scroll-locker",
  enforce: "pre",
  load(id) {
    return /@rc-component\/portal\/es\/useScrollLocker\.js/.test(id) ? "export default function none() {}" : null;
  },
};

/** Builds the operators' console into dist/web. `__CSP_NONCE__` is replaced by the server in every answer. */
export default defineConfig({
  root: import.meta.dirname,
  base: "/",
  plugins: [noScrollLocker, react()],
  html: { cspNonce: "__CSP_NONCE__" },
  build: {
    outDir: "../../../dist/web",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0, // the policy allows no data: addresses
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1500,
  },
});
