import { expect, test } from "vitest";
import { serverConfig } from "./config.ts";

test("an empty environment gives a server for one machine only", () => {
  expect(serverConfig({})).toEqual({
    httpHost: "127.0.0.1",
    httpPort: 6200,
    adminPassword: undefined,
    trustProxy: [],
    metricsToken: undefined,
    readingsKeepDays: null,
    exportBytesMax: 2048 * 1024 * 1024,
    forcedStates: false,
  });
});

test("a setting that is named but empty counts as not given", () => {
  expect(serverConfig({ JICHAO_HTTP_PORT: "", JICHAO_TRUST_PROXY: " " })).toEqual(serverConfig({}));
});

test("every setting is read", () => {
  const config = serverConfig({
    JICHAO_HTTP_HOST: "0.0.0.0",
    JICHAO_HTTP_PORT: "8080",
    JICHAO_ADMIN_PASSWORD: "long enough",
    JICHAO_TRUST_PROXY: "10.0.0.1, 192.168.0.0/16,loopback",
    JICHAO_METRICS_TOKEN: "0123456789abcdef",
    JICHAO_READINGS_KEEP_DAYS: "800",
    JICHAO_EXPORT_MB: "10",
  });
  expect(config).toEqual({
    httpHost: "0.0.0.0",
    httpPort: 8080,
    adminPassword: "long enough",
    trustProxy: ["10.0.0.1", "192.168.0.0/16", "loopback"],
    metricsToken: "0123456789abcdef",
    readingsKeepDays: 800,
    exportBytesMax: 10 * 1024 * 1024,
    forcedStates: false,
  });
});

test.each(["127.0.0.1", "localhost", "::1"])("a developer's switch over the pages is for %s alone", (host) => {
  const forced = { JICHAO_FORCED_STATES: "on", JICHAO_HTTP_HOST: host };
  expect(serverConfig(forced).forcedStates).toBe(true);
  for (const reached of [{ JICHAO_HTTP_HOST: "0.0.0.0" }, { JICHAO_TRUST_PROXY: "loopback" }])
    expect(() => serverConfig({ ...forced, ...reached })).toThrow(/^环境变量 JICHAO_FORCED_STATES 有误.*\(/);
});

test.each([
  ["JICHAO_HTTP_PORT", "65536"],
  ["JICHAO_HTTP_PORT", "-1"],
  ["JICHAO_HTTP_PORT", "http"],
  ["JICHAO_ADMIN_PASSWORD", "short"],
  ["JICHAO_TRUST_PROXY", "everybody"],
  ["JICHAO_METRICS_TOKEN", "too short"],
  ["JICHAO_READINGS_KEEP_DAYS", "30"],
  ["JICHAO_FORCED_STATES", "perhaps"],
])("a bad %s stops the start, named in two languages, without repeating its value", (name, value) => {
  const start = () => serverConfig({ [name]: value });
  expect(start).toThrow(new RegExp(`环境变量 ${name} 有误.*\\(`));
  expect(start).not.toThrow(value);
});
