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
  for (const field of ["address", "number", "customerNumber", "label"] as const) {
    expect(new Set(large.meters.map((m) => m[field])).size).toBe(3600);
  }
  for (const meter of large.meters) {
    expect(meter.address).toMatch(meter.kind === "water" ? /^2026\d{10}$/ : /^2026\d{8}$/);
    expect(meter.customerNumber).toMatch(/^\d{12}$/);
    expect(meter.rechargeKey).toMatch(meter.kind === "water" ? /^$/ : /^[0-9a-f]{32}$/);
    expect(meter.room).toMatch(/^[A-Z]+座-\d{4}$/);
  }
  expect(large.concentrators[0]).toEqual({ id: "JC000001", key: expect.stringMatching(/^[0-9a-f]{32}$/) });
});

test("only the first meter has no credit, and a unit costs 0.75 yuan there", () => {
  expect(town.meters.filter((m) => m.initialCreditWh === 0)).toEqual([town.meters[0]]);
  expect(town.meters[0]).toMatchObject({ priceE4: 7500, creditAt: "meter", closesBy: "direct", room: "A座-0101" });
});

test("the town has meters of every sort", () => {
  const electricity = town.meters.filter((m) => m.kind === "electricity");
  expect(electricity.filter((m) => m.creditAt === "server")).toHaveLength(8);
  expect(electricity.filter((m) => m.closesBy === "button")).toHaveLength(4);
  expect(electricity.filter((m) => m.initialCreditWh > 0 && m.initialCreditWh <= 8000)).toHaveLength(10);
  expect(electricity.filter((m) => m.profile === "jc97").map((m) => m.creditAt)).toEqual(
    Array.from({ length: 4 }, () => ["meter", "server"]).flat(),
  );
  expect(new Set(electricity.map((m) => m.load)).size).toBe(3);
  for (const { priceE4 } of electricity) expect(priceE4 >= 6800 && priceE4 <= 11000).toBe(true);
});

test("water is metered in shops and flats that have electricity too, of both editions, behind a bus of its own", () => {
  const water = town.meters.filter((m) => m.kind === "water");
  expect(water).toHaveLength(16);
  expect(new Set(water.map((m) => m.profile))).toEqual(new Set(["cjt188-2004-water", "cjt188-2018-water", "jc188"]));
  for (const meter of water) {
    const room = town.meters.find((m) => m.room === meter.room && m.kind === "electricity");
    expect(room).toMatchObject({ customerName: meter.customerName, concentrator: meter.concentrator, port: 1 });
    expect(meter).toMatchObject({ port: 3, creditAt: meter.profile === "jc188" ? "meter" : "server" });
    expect(meter.customerNumber).not.toBe(room?.customerNumber);
  }
  expect(water.filter((m) => m.load === "shop").length).toBeGreaterThan(2);
});

test("a plan that addresses cannot hold is refused", () => {
  expect(() => townPlan({ seed: 1, concentrators: 1000 })).toThrow("concentrators");
  expect(() => townPlan({ seed: 1, metersPer: 0 })).toThrow("meters");
  expect(() => townPlan({ seed: 1, metersPer: 4, waterPer: 1 })).toThrow("water");
  expect(() => townPlan({ seed: 1.5 })).toThrow("seed");
  expect(() => townPlan({ seed: 1, mk: "00" })).toThrow("16 bytes");
});

test("one firm rents three rooms with six meters", () => {
  const meters = town.meters.filter((m) => m.tenant === "300000010001");
  expect(new Set(meters.map((m) => m.room)).size).toBe(3);
  expect(meters.map((m) => m.kind).sort()).toEqual([...Array(3).fill("electricity"), ...Array(3).fill("water")]);
  expect(new Set(meters.map((m) => m.customerName)).size).toBe(1);
});
