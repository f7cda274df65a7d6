import { describe, expect, test } from "vitest";
import { collectorConfig, LINK_PORT } from "./config.ts";

describe("the collector's configuration", () => {
  test("needs nothing: every variable has a default, an empty one counts as not given", () => {
    const config = collectorConfig({ JICHAO_LINK_PORT: "", JICHAO_COLLECTOR_ID: "" });
    expect(config).toMatchObject({ linkHost: "0.0.0.0", linkPort: LINK_PORT, readIntervalMs: 20_000 });
    expect(config.collectorId).toMatch(/^[\w.-]{1,32}$/);
  });

  test("keeps its name over a restart", () => {
    expect(collectorConfig({}).collectorId).toBe(collectorConfig({}).collectorId);
  });

  test("takes what is given", () => {
    const config = collectorConfig({ JICHAO_READ_INTERVAL_SECONDS: "900", JICHAO_COLLECTOR_ID: "north-1" });
    expect(config).toMatchObject({ readIntervalMs: 900_000, collectorId: "north-1" });
  });

  test("names every variable that is wrong", () => {
    const wrong = { JICHAO_LINK_PORT: "70000", JICHAO_READ_INTERVAL_SECONDS: "often", JICHAO_COLLECTOR_ID: "a b" };
    expect(() => collectorConfig(wrong)).toThrow(
      /JICHAO_LINK_PORT.*JICHAO_COLLECTOR_ID.*JICHAO_READ_INTERVAL_SECONDS/s,
    );
  });
});
