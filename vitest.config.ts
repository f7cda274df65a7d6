import { existsSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

const root = import.meta.dirname;
const globalSetup = join(root, "test", "global-setup.ts"); // starts a MariaDB of our own on loopback

export default defineConfig({
  root,
  test: {
    include: ["src/**/*.test.{ts,tsx}", "tools/**/*.test.ts", "test/**/*.test.ts"],
    globalSetup: existsSync(globalSetup) ? [globalSetup] : [],
    maxWorkers: 2, // of each side (tools/test/suite.ts); on two cores the default is one
    testTimeout: 300_000, // for what hangs: two busy cores, a database and a browser
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000 } }, // the default of a second is a timed assertion on a busy machine
    env: { TZ: "UTC" }, // results must not depend on where a test runs
  },
});
