import { describe, expect, test } from "vitest";
import { createArrivals } from "./arrivals.ts";

function watch() {
  const told: string[] = [];
  let nowMs = 1_000;
  const arrivals = createArrivals({ nowMs: () => nowMs, alarm: (code, kind) => void told.push(`${code} ${kind}`) });
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { arrivals, told, pass };
}

describe("who comes and goes", () => {
  test("six times within a minute is flapping: it has to wait, and people are told", () => {
    const { arrivals, told, pass } = watch();
    for (let i = 0; i < 5; i++) {
      arrivals.arrived("JC1", "10.0.0.1");
      pass(10_000);
    }
    expect(told).toEqual([]);
    expect(arrivals.pauseMs("JC1")).toBe(0);
    arrivals.arrived("JC1", "10.0.0.1");
    expect(told).toEqual(["JC1 flapping"]);
    expect(arrivals.pauseMs("JC1")).toBeGreaterThan(0);
    expect(arrivals.pauseMs("JC2")).toBe(0);
    pass(60_000);
    expect(arrivals.pauseMs("JC1")).toBe(0);
  });

  test("once in a while is not", () => {
    const { arrivals, told, pass } = watch();
    for (let i = 0; i < 50; i++) {
      arrivals.arrived("JC1", "10.0.0.1");
      pass(15_000);
    }
    expect(told).toEqual([]);
  });

  test("three sessions thrown out while they talked, within ten minutes, are two devices with one code", () => {
    const { arrivals, told, pass } = watch();
    arrivals.collided("JC1", "10.0.0.1");
    arrivals.collided("JC1", "10.0.0.2");
    pass(11 * 60_000);
    arrivals.collided("JC1", "10.0.0.1");
    arrivals.collided("JC1", "10.0.0.2");
    expect(told).toEqual([]);
    arrivals.collided("JC1", "10.0.0.1");
    expect(told).toEqual(["JC1 id_collision"]);
  });
});
