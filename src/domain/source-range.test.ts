import { BlockList, isIP } from "node:net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isFromSources, isSourceRange } from "./source-range.ts";

describe("networks that a concentrator may come from", () => {
  test.each([
    ["10.8.1.2", ["10.8.0.0/16"], true],
    ["10.9.1.2", ["10.8.0.0/16"], false],
    ["::ffff:10.8.1.2", ["10.8.0.0/16"], true],
    ["10.8.1.2", ["192.0.2.7", "10.8.1.2"], true],
    ["fd00::1", ["fd00::/8"], true],
    ["fe80::1", ["fd00::/8"], false],
    ["10.8.1.2", ["::/0"], false],
    ["10.8.1.2", ["0.0.0.0/0"], true],
    ["unknown", ["0.0.0.0/0", "::/0"], false],
    ["10.8.1.2", [], false],
  ])("%s in %j: %s", (address, ranges, expected) => {
    expect(isFromSources(address, ranges)).toBe(expected);
  });

  test.each([
    "",
    "10.8.0.0/33",
    "10.8.0",
    "10.08.0.0/8",
    "300.1.1.1",
    "::/129",
    "1::2::3",
    "g::1",
    "10.8.0.0/8/8",
    ":",
    "::1/",
    "1:2:3:4:5:6:7:8:9",
  ])("%s is none", (text) => {
    expect(isSourceRange(text)).toBe(false);
    expect(isFromSources("10.8.1.2", [text])).toBe(false);
  });

  test("agrees with Node's own list of networks", () => {
    const four = fc.ipV4();
    const six = fc.ipV6().filter((text) => !text.includes("."));
    const pair = fc.oneof(
      fc.record({
        base: four,
        address: four,
        prefix: fc.integer({ min: 0, max: 32 }),
        family: fc.constant("ipv4" as const),
      }),
      fc.record({
        base: six,
        address: six,
        prefix: fc.integer({ min: 0, max: 128 }),
        family: fc.constant("ipv6" as const),
      }),
    );
    fc.assert(
      fc.property(pair, ({ base, address, prefix, family }) => {
        fc.pre(isIP(base) !== 0 && isIP(address) !== 0);
        const list = new BlockList();
        list.addSubnet(base, prefix, family);
        expect(isFromSources(address, [`${base}/${prefix}`])).toBe(list.check(address, family));
      }),
      { numRuns: 2_000 },
    );
  });
});
