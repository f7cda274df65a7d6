import { expect, test } from "vitest";
import { townPlan } from "./plan.ts";

const town = townPlan({ seed: 1 });

test("one seed gives one town, another seed another", () => {
  expect(townPlan({ seed: 1 })).toEqual(town);
  expect(townPlan({ seed: 2 }).meters.map((m) => m.address)).not.toEqual(town.meters.map((m) => m.address));
});

test("a larger town begins with the smaller one", () => {
  const larger = townPlan({ seed: 1, concentrators: 3, metersPer: 50 });
  expect(larger.concentrators.slice(0, 2)).toEqual(town.concentrators);
  expect(larger.meters.slice(0, 40)).toEqual(town.meters.slice(0, 40));
});

test("addresses, customers, rooms and keys are well formed and unique", () => {
  const large = townPlan({ seed: 5, concentrators: 30, metersPer: 100 });
  for (const field of ["address", "customerNumber", "room", "rechargeKey"] as const) {
    expect(new Set(large.meters.map((m) => m[field])).size).toBe(3000);
  }
  for (const meter of large.meters) {
    expect(meter.address).toMatch(/^2026\d{8}$/);
    expect(meter.customerNumber).toMatch(/^\d{12}$/);
    expect(meter.rechargeKey).toMatch(/^[0-9a-f]{32}$/);
    expect(meter.room).toMatch(/^[A-Z]+座-\d{4}$/);
  }
  expect(large.concentrators[0]).toEqual({ id: "JC000001", key: expect.stringMatching(/^[0-9a-f]{32}$/) });
});

test("only the first meter has no credit, and a unit costs 0.75 yuan there", () => {
  expect(town.meters.filter((m) => m.initialCreditWh === 0)).toEqual([town.meters[0]]);
  expect(town.meters[0]).toMatchObject({ priceE4: 7500, creditAt: "meter", closesBy: "direct", room: "A座-0101" });
});

test("the town has meters of every sort", () => {
  expect(town.meters.filter((m) => m.creditAt === "server")).toHaveLength(8);
  expect(town.meters.filter((m) => m.closesBy === "button")).toHaveLength(4);
  expect(town.meters.filter((m) => m.initialCreditWh > 0 && m.initialCreditWh <= 8000)).toHaveLength(10);
  expect(new Set(town.meters.map((m) => m.load)).size).toBe(3);
  for (const { priceE4 } of town.meters) expect(priceE4 >= 6800 && priceE4 <= 11000).toBe(true);
});

test("a plan that addresses cannot hold is refused", () => {
  expect(() => townPlan({ seed: 1, concentrators: 1000 })).toThrow("concentrators");
  expect(() => townPlan({ seed: 1, metersPer: 0 })).toThrow("meters");
  expect(() => townPlan({ seed: 1.5 })).toThrow("seed");
  expect(() => townPlan({ seed: 1, mk: "00" })).toThrow("16 bytes");
});
