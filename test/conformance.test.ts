import { afterEach, describe, expect, test } from "vitest";
import { type CaseResult, cases } from "#conformance/run.ts";
import { conformanceCommand } from "../src/cli/conformance.ts";
import { brokenMeters } from "./broken-meters.ts";
import { type Device, type Spoil, startDevice } from "./device.ts";

let device: Device | undefined;
afterEach(() => device?.close());

type Told = {
  address: string;
  passed: number;
  failed: number;
  skipped: number;
  lost: string | null;
  cases: CaseResult[];
};

const EVERYTHING = ["--allow-switching", "--allow-top-up", "--allow-key-change", "--wait-lock"];
/** Silence takes so long; a loaded machine must still answer within it. */
const TIMEOUT = "600";

async function run(spoil: Spoil, ...more: string[]): Promise<{ code: number; told: Told; err: string }> {
  device = await startDevice(spoil);
  const { plan } = device.meter;
  const ours = device;
  let [out, err] = ["", ""];
  const args = ["--connect", `127.0.0.1:${device.port}`, "--json", "--timeout", TIMEOUT, ...more];
  const known = ["--customer", plan.customerNumber, "--key", plan.rechargeKey, "--lock-seconds", "601"];
  const code = await conformanceCommand([...args, ...known], {
    out: (text) => (out += text),
    err: (text) => (err += text),
    pause: async (ms) => ours.letPass(ms),
  });
  return { code, told: out === "" ? ({} as Told) : JSON.parse(out), err };
}

const failed = (told: Told) => told.cases.filter((each) => each.outcome === "failed").map((each) => each.id);

test("the simulated meter keeps to everything, and is found by the wildcard address", async () => {
  const { code, told } = await run({}, ...EVERYTHING);
  expect(failed(told)).toEqual([]);
  expect(code).toBe(0);
  expect(told.address).toBe(device?.meter.plan.address);
  const skipped = told.cases.filter((each) => each.outcome === "skipped").map((each) => each.id);
  expect(
    skipped.every((id) => id.startsWith("L-")),
    skipped.join(),
  ).toBe(true);
  expect(told.passed + told.skipped).toBe(cases.length);
  // Nothing was credited but what was bought rightly: the meter's own book says the same.
  const { state } = device!.meter;
  expect(state.topUps.map((each) => each.count)).toEqual(state.topUps.map((_, i) => i + 1));
  expect(state.creditWh).toBe(100_000 + 10 * state.topUps.reduce((sum, each) => sum + each.amount, 0));
});

test("without permission it only reads: nothing in the meter changes", async () => {
  const { code, told } = await run({}, "--only", "R,S,G,P,K");
  expect(code).toBe(0);
  expect(
    told.cases
      .filter((each) => each.outcome === "passed")
      .every((each) => each.id.startsWith("R-") || each.id === "G-01"),
  ).toBe(true);
  expect(device?.meter.state.revision).toBe(0);
});

describe("a meter that", () => {
  test.each(brokenMeters)("$what is found out by $found", async ({ found, ...spoil }) => {
    const { code, told } = await run(spoil, ...EVERYTHING, "--only", withLock(found).join());
    expect(failed(told)).toEqual(expect.arrayContaining([...found]));
    expect(code).toBe(1);
    for (const each of told.cases) if (each.outcome === "failed") expect(each.frames.length).toBeGreaterThan(0);
  });

  test("says nothing at all fails, and one that is not there cannot be reached", async () => {
    const silent = await run({ hear: () => () => null }, "--address", "000000000161", "--only", "R-01");
    expect([silent.code, failed(silent.told)]).toEqual([1, ["R-01"]]);
    await device?.close();
    device = undefined;
    let err = "";
    const around = { out: () => {}, err: (text: string) => (err += text) };
    expect(await conformanceCommand(["--connect", "127.0.0.1:1"], around)).toBe(3);
    expect(err).toContain("cannot be reached");
  });
});

/** The end of a lock can only be seen behind a lock. */
function withLock(found: readonly string[]): string[] {
  return found.includes("P-21") ? ["P-20", ...found] : [...found];
}

test("each case of a meter has a broken one that it finds", () => {
  const found = new Set(brokenMeters.flatMap((each) => each.found));
  expect(cases.map((each) => each.id).filter((id) => !id.startsWith("L-") && !found.has(id))).toEqual([]);
});

test("ids are unique, in order within their group, and name a section of the document", () => {
  const ids = cases.map((each) => each.id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const each of cases) expect(each.section).toMatch(/^\d(\.\d)?( \(\d\))?$/);
});

test.each([
  [["--connect", "here"]],
  [[]],
  [["--connect", "a:1", "--listen", "2"]],
  [["--listen", "0"]],
  [["--connect", "127.0.0.1:1", "--what"]],
])("%j is no way to call it: exit code 2 and the usage", async (args) => {
  let err = "";
  expect(await conformanceCommand(args, { out: () => {}, err: (text) => (err += text) })).toBe(2);
  expect(err).toContain("usage");
});
