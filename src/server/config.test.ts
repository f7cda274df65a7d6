import { expect, test } from "vitest";
import { serverConfig } from "./config.ts";

test("an empty environment gives a server for one machine only", () => {
  expect(serverConfig({})).toMatchObject({
    httpHost: "127.0.0.1",
    httpPort: 6200,
    dataDir: "./data",
    adminPassword: undefined,
    masterKey: undefined,
    trustProxy: [],
    logLevel: "info",
  });
  expect(serverConfig({}).databaseUrl).toMatch(/^sqlite:.*jichao\.db$/);
});

test("a setting that is named but empty counts as not given", () => {
  expect(serverConfig({ JICHAO_HTTP_PORT: "", JICHAO_DB: " ", JICHAO_TRUST_PROXY: "" })).toEqual(serverConfig({}));
});

test("every setting is read", () => {
  const config = serverConfig({
    JICHAO_HTTP_HOST: "0.0.0.0",
    JICHAO_HTTP_PORT: "8080",
    JICHAO_DATA: "/var/lib/jichao",
    JICHAO_DB: "mysql://jichao:secret@db:3306/jichao",
    JICHAO_ADMIN_PASSWORD: "long enough",
    JICHAO_MASTER_KEY: "ab".repeat(32),
    JICHAO_TRUST_PROXY: "10.0.0.1, 192.168.0.0/16,loopback",
    JICHAO_LOG: "debug",
  });
  expect(config).toEqual({
    httpHost: "0.0.0.0",
    httpPort: 8080,
    dataDir: "/var/lib/jichao",
    databaseUrl: "mysql://jichao:secret@db:3306/jichao",
    adminPassword: "long enough",
    masterKey: "ab".repeat(32),
    trustProxy: ["10.0.0.1", "192.168.0.0/16", "loopback"],
    logLevel: "debug",
  });
});

test.each([
  ["JICHAO_HTTP_PORT", "65536"],
  ["JICHAO_HTTP_PORT", "-1"],
  ["JICHAO_HTTP_PORT", "http"],
  ["JICHAO_DB", "mysql://no-database-named"],
  ["JICHAO_ADMIN_PASSWORD", "short"],
  ["JICHAO_MASTER_KEY", "abc"],
  ["JICHAO_TRUST_PROXY", "everybody"],
  ["JICHAO_LOG", "loud"],
])("a bad %s stops the start, named in two languages, without repeating its value", (name, value) => {
  const start = () => serverConfig({ [name]: value });
  expect(start).toThrow(new RegExp(`环境变量 ${name} 有误.*\\(`));
  expect(start).not.toThrow(value);
});

test("all bad settings are named at once", () => {
  expect(() => serverConfig({ JICHAO_HTTP_PORT: "x", JICHAO_LOG: "y" })).toThrow(/JICHAO_HTTP_PORT[\s\S]*JICHAO_LOG/);
});
