import { expect, test } from "vitest";
import { installationConfig } from "./environment.ts";

test("an empty environment is an installation in ./data on the embedded database", () => {
  const bare = {
    dataDir: "./data",
    databaseUrl: undefined,
    masterKey: undefined,
    oldMasterKey: undefined,
    hsm: null,
    hsmToken: undefined,
    logLevel: undefined,
    faults: undefined,
  };
  expect(installationConfig({})).toEqual(bare);
  expect(installationConfig({ JICHAO_DATA: "", JICHAO_DB: " ", JICHAO_LOG: "" })).toEqual(bare);
});

test("every setting is read", () => {
  expect(
    installationConfig({
      JICHAO_DATA: "/var/lib/jichao",
      JICHAO_DB: "mysql://jichao:secret@db:3306/jichao",
      JICHAO_MASTER_KEY: "ab".repeat(32),
      JICHAO_LOG: "debug",
    }),
  ).toMatchObject({
    dataDir: "/var/lib/jichao",
    databaseUrl: "mysql://jichao:secret@db:3306/jichao",
    masterKey: "ab".repeat(32),
    logLevel: "debug",
  });
});

test.each([
  ["JICHAO_DB", "mysql://no-database-named"],
  ["JICHAO_MASTER_KEY", "abc"],
  ["JICHAO_LOG", "loud"],
])("a bad %s stops the start, named in two languages, without repeating its value", (name, value) => {
  const start = () => installationConfig({ [name]: value });
  expect(start).toThrow(new RegExp(`环境变量 ${name} 有误.*\\(`));
  expect(start).not.toThrow(value);
});

test("all bad settings are named at once", () => {
  const start = () => installationConfig({ JICHAO_MASTER_KEY: "x", JICHAO_LOG: "y" });
  expect(start).toThrow(/JICHAO_MASTER_KEY[\s\S]*JICHAO_LOG/);
});
