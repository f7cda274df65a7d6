import { describe, expect, test } from "vitest";
import {
  type ConcentratorLink,
  linkFault,
  METERS_PER_CONCENTRATOR_MAX,
  type MeterPlace,
  placeFault,
  USUAL_LINK,
} from "./link.ts";

const dtu: ConcentratorLink = {
  kind: "transparent",
  direction: "dials_in",
  address: null,
  trust: "limited",
  dtu: { registration: { text: "REG:(\\w{4})" }, heartbeats: [{ hex: "fe01" }] },
};
const terminal: ConcentratorLink = { ...USUAL_LINK, kind: "gw1376", trust: "none" };

describe("the link of a concentrator", () => {
  test.each<[string, ConcentratorLink]>([
    ["JC000001", USUAL_LINK],
    ["GW01", dtu],
    ["868888012345678", { ...dtu, dtu: null }],
    ["510100003", terminal],
    ["GW02", { ...dtu, direction: "listens", address: { host: "10.0.0.7", port: 8899 }, dtu: null }],
    [
      "GW02",
      {
        ...dtu,
        direction: "listens",
        address: { host: "dtu.site.local", port: 1 },
        dtu: { registration: null, heartbeats: [] },
      },
    ],
  ])("%s is in order", (code, link) => {
    expect(linkFault(code, link)).toBeNull();
  });

  test.each<[string, string, ConcentratorLink]>([
    ["code", "集中器", USUAL_LINK],
    ["code", "", USUAL_LINK],
    ["code", "X".repeat(33), USUAL_LINK],
    ["terminal_address", "GW01", terminal],
    ["terminal_address", "510100000", terminal],
    ["terminal_address", "510165536", terminal],
    ["trust", "JC000001", { ...USUAL_LINK, trust: "limited" }],
    ["address", "GW01", { ...dtu, direction: "listens" }],
    ["address", "GW01", { ...dtu, direction: "listens", address: { host: "a b", port: 1 } }],
    ["address", "GW01", { ...dtu, direction: "listens", address: { host: "a", port: 65_536 } }],
    ["dtu", "510100003", { ...terminal, dtu: dtu.dtu }],
    ["dtu_registration", "GW01", { ...dtu, dtu: { registration: null, heartbeats: [] } }],
    ["dtu_packets", "GW01", { ...dtu, dtu: { registration: { text: "" }, heartbeats: [] } }],
    ["dtu_packets", "GW01", { ...dtu, dtu: { registration: { text: "x".repeat(257) }, heartbeats: [] } }],
    [
      "dtu_packets",
      "GW01",
      { ...dtu, dtu: { registration: { text: "(x)" }, heartbeats: Array.from({ length: 8 }, () => ({ hex: "00" })) } },
    ],
  ])("%s is refused: %s", (fault, code, link) => {
    expect(linkFault(code, link)).toBe(fault);
  });
});

describe("the places of meters", () => {
  const place = (number: string, change: Partial<MeterPlace> = {}): MeterPlace => ({
    number,
    address: number.padStart(12, "0"),
    concentrator: "JC1",
    bus: 1,
    gateway: null,
    ...change,
  });
  const faultOf = (meters: readonly MeterPlace[]) =>
    placeFault(meters, (code) => (code === "JC1" ? "jichao" : code === "DTU1" ? "transparent" : undefined));

  test("a gateway with meters behind it is in order, in whatever order they come", () => {
    expect(faultOf([place("2", { gateway: "1" }), place("1"), place("3", { gateway: "1" })])).toBeNull();
  });

  test.each<[string, readonly MeterPlace[]]>([
    ["gateway", [place("1", { gateway: "9" })]],
    ["gateway", [place("1", { gateway: "1" })]],
    ["gateway", [place("2", { gateway: "1" }), place("1", { address: "00000000000001" })]],
    ["gateway_elsewhere", [place("1"), place("2", { gateway: "1", bus: 2 })]],
    ["gateway_elsewhere", [place("1", { concentrator: "DTU1" }), place("2", { gateway: "1" })]],
    ["gateway_chain", [place("1"), place("2", { gateway: "1" }), place("3", { gateway: "2" })]],
    ["gateway_chain", [place("1", { gateway: "2" }), place("2", { gateway: "1" })]],
    ["concentrator", [place("1", { concentrator: "JC9" })]],
    ["one_bus", [place("1", { concentrator: "DTU1" }), place("2", { concentrator: "DTU1", bus: 2 })]],
  ])("%s is refused", (why, meters) => {
    expect(faultOf(meters)?.why).toBe(why);
  });

  test("the 501st meter of a concentrator is refused", () => {
    const meters = Array.from({ length: METERS_PER_CONCENTRATOR_MAX + 1 }, (_, i) => place(String(i + 1)));
    expect(faultOf(meters.slice(1))).toBeNull();
    expect(faultOf(meters)).toEqual({ meter: "501", why: "meters_per_concentrator" });
  });
});
