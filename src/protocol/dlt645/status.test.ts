import { expect, test } from "vitest";
import { fromHex } from "../bytes.ts";
import { describe645 } from "./describe.ts";
import { bitsIn, STATUS_3_BITS, STATUS_WORDS } from "./status.ts";

function names(word: number, bits: number): string[] {
  return bitsIn(bits, STATUS_WORDS[word - 1] ?? []).map((bit) => bit.name);
}

test.each([
  [1, 0x0024, ["clock-battery-low", "reactive-reverse"]],
  [2, 0x0041, ["active-reverse-a", "reactive-reverse-c"]],
  [3, 0x0050, ["relay-open", "relay-commanded-open"]],
  [3, 0x0104, ["battery-supply", "prepaid-energy"]],
  [3, 0x0202, ["auxiliary-supply", "prepaid-money"]],
  [4, 0x0181, ["voltage-loss", "phase-loss", "current-break"]],
  [6, 0x0010, ["overcurrent"]],
  [7, 0x0060, ["power-down", "demand-over-limit"]],
  [3, 0x0000, []],
])("word %i with %i says %j", (word, bits, expected) => {
  expect(names(word, bits)).toEqual(expected);
});

/** Appendix C and the filing, bit by bit; "" is a bit that says nothing alone. Words 4 to 6 are the three phases. */
const PHASE_WORD =
  "voltage-loss undervoltage overvoltage current-loss overcurrent overload reverse-flow phase-loss current-break";
test.each([
  [1, " demand-by-interval clock-battery-low reading-battery-low active-reverse reactive-reverse remote-billing"],
  [2, "active-reverse-a active-reverse-b active-reverse-c  reactive-reverse-a reactive-reverse-b reactive-reverse-c"],
  [3, "second-period-set auxiliary-supply battery-supply programming-allowed relay-open second-season-set"],
  [4, PHASE_WORD],
  [5, PHASE_WORD],
  [6, PHASE_WORD],
  [
    7,
    "voltage-sequence-reversed current-sequence-reversed voltage-unbalance current-unbalance auxiliary-supply-lost " +
      "power-down demand-over-limit power-factor-low current-unbalance-severe reverse-flow all-phase-voltage-loss",
  ],
])("word %i bit by bit from the lowest: %s", (word, list) => {
  list.split(" ").forEach((name, bit) => {
    expect([bit, ...names(word, 1 << bit)]).toEqual(name === "" ? [bit] : [bit, name]);
  });
});

test("the upper half of word 3 says how the meter sells, and of word 1 what is broken in it", () => {
  const upper = (word: number) => Array.from({ length: 8 }, (_, bit) => names(word, 0x100 << bit).join());
  expect(upper(3)).toEqual([
    "prepaid-energy",
    "prepaid-money",
    "bit-10",
    "bit-11",
    "keep-supply",
    "authentication-valid",
    "local-account-not-opened",
    "remote-account-not-opened",
  ]);
  expect(upper(1)).toEqual(
    "relay-circuit-fault,esam-fault,,,program-fault,memory-fault,overdraft,clock-fault".split(","),
  );
  expect(upper(2).join("")).toBe("");
});

test("bits that makers disagree on are shown with the reason to leave them alone", () => {
  const doubtful = STATUS_3_BITS.filter((bit) => bit.doubt !== undefined).map((bit) => bit.mask);
  expect(doubtful).toEqual([0x0400, 0x0800]);
});

test("no bit has two meanings in one word", () => {
  for (const word of STATUS_WORDS) {
    const meanings = word.map((bit) => `${bit.mask}:${bit.value ?? bit.mask}`);
    expect(new Set(meanings).size).toBe(word.length);
  }
});

test("the block of all words names the word of each bit", () => {
  const data = fromHex("ff050004 0400 0000 5000 0100 0000 0000 2000") ?? new Uint8Array();
  expect(describe645({ address: "000000000161", control: 0x91, data }, 0)).toMatchObject({
    item: "status words",
    bits: ["1:clock-battery-low", "3:relay-open", "3:relay-commanded-open", "4:voltage-loss", "7:power-down"],
  });
});

test("an identifier that the tables do not know is bytes with the name of its class", () => {
  const data = fromHex("0002a204 0102") ?? new Uint8Array();
  const description = describe645({ address: "000000000161", control: 0x91, data }, 0);
  expect(description).toMatchObject({ di: "04A20200", itemClass: "parameter", raw: "0102", values: [] });
  expect(description).not.toHaveProperty("item");
});
