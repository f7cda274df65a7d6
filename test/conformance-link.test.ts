import { afterEach, describe, expect, test } from "vitest";
import { type CaseResult, cases } from "#conformance/run.ts";
import { mixedTownPlan } from "#simulator/mixed-town.ts";
import { townPlan } from "#simulator/plan.ts";
import { createTown } from "#simulator/town.ts";
import { pause } from "#system/clock.ts";
import { conformanceCommand } from "../src/cli/conformance.ts";
import { freePort } from "./free-port.ts";
import { startStranger, type Wrong } from "./stranger-concentrator.ts";
import { strangerMeter } from "./stranger-meter.ts";

const ADDRESS = "000000000161";
const CUSTOMER = "000000001234";
const LINK_KEY = Buffer.from("000102030405060708090a0b0c0d0e0f", "hex");
const METER_KEY = Buffer.from("d5a072c28b4e8bfc805ab11a9b065f84", "hex");

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

type Told = { passed: number; cases: CaseResult[] };

async function conformance(args: readonly string[], pause?: (ms: number) => Promise<void>) {
  let [out, err] = ["", ""];
  const around = { out: (text: string) => (out += text), err: (text: string) => (err += text) };
  const code = await conformanceCommand([...args, "--json"], pause ? { ...around, pause } : around);
  return { code, told: out === "" ? ({ passed: 0, cases: [] } as Told) : (JSON.parse(out) as Told), err };
}

const failed = (told: Told) =>
  told.cases.flatMap((each) => (each.outcome === "failed" ? [`${each.id} ${each.why}`] : []));
const ids = (told: Told) => failed(told).map((text) => text.slice(0, 4));

/** A concentrator and a meter of strangers, made from the document alone. */
async function strangers(wrong: Wrong, ...more: string[]) {
  const port = await freePort();
  const meter = strangerMeter({ address: ADDRESS, customer: CUSTOMER, key: METER_KEY });
  const asked = (request: Buffer) => {
    const said = meter.hear(request);
    return said.length === 0 ? null : said;
  };
  const stranger = startStranger({ port, id: "ACME-1", key: LINK_KEY, meter: asked, wrong });
  closing.push(() => stranger.close());
  const link = ["--listen", `127.0.0.1:${port}`, "--code", "ACME-1", "--link-key", LINK_KEY.toString("hex")];
  const known = ["--address", ADDRESS, "--customer", CUSTOMER, "--key", METER_KEY.toString("hex")];
  const short = (ms: number) => (ms > 60_000 ? Promise.resolve(meter.letPass(ms)) : pause(ms));
  return conformance([...link, ...known, "--timeout", "600", ...more], short);
}

test("a meter and a concentrator made from the document alone keep to everything", { timeout: 180_000 }, async () => {
  const all = ["--allow-switching", "--allow-top-up", "--allow-key-change", "--wait-lock", "--lock-seconds", "601"];
  const { code, told } = await strangers({}, ...all);
  expect(failed(told)).toEqual([]);
  expect([code, told.passed]).toEqual([0, cases.length]);
});

test("the simulated concentrator keeps to everything on the link", async () => {
  const plan = townPlan({ seed: 3, concentrators: 1, metersPer: 2 });
  const town = createTown({ plan, speed: 1, bus: { baud: "instant", replyDelayMs: 0 } });
  closing.push(() => town.close());
  const port = await freePort();
  town.dial({ host: "127.0.0.1", port });
  const [concentrator, meter] = [plan.concentrators[0]!, plan.meters[0]!];
  const link = ["--listen", `127.0.0.1:${port}`, "--code", concentrator.id, "--link-key", concentrator.key];
  const { code, told } = await conformance([
    ...link,
    "--address",
    meter.address,
    "--timeout",
    "600",
    "--only",
    "L,R-01",
  ]);
  expect(failed(told)).toEqual([]);
  expect(code).toBe(0);
});

describe("a concentrator that", () => {
  const broken: readonly { what: string; wrong: Wrong; found: string }[] = [
    { what: "has another key", wrong: { wrongKey: true }, found: "L-01" },
    { what: "believes any WELCOME", wrong: { trusting: true }, found: "L-02" },
    { what: "uses its nonce again", wrong: { sameNonce: true }, found: "L-03" },
    { what: "sends no PING", wrong: { noPing: true }, found: "L-04" },
    { what: "answers no PING", wrong: { noPong: true }, found: "L-05" },
    { what: "gives up at garbage", wrong: { noResync: true }, found: "L-06" },
    { what: "believes every CRC", wrong: { carelessCrc: true }, found: "L-06" },
    { what: "answers twice", wrong: { twice: true }, found: "L-07" },
    { what: "changes what it carries", wrong: { changesContent: true }, found: "L-08" },
    { what: "has every port", wrong: { everyPort: true }, found: "L-09" },
    { what: "is never busy", wrong: { neverBusy: true }, found: "L-10" },
    { what: "sends old answers over a new connection", wrong: { lateAnswers: true }, found: "L-11" },
    { what: "stays after BYE", wrong: { ignoresBye: true }, found: "L-12" },
  ];

  test.each(broken)("$what is found out by $found", async ({ wrong, found }) => {
    const { code, told } = await strangers(wrong, "--only", found);
    expect(ids(told)).toEqual([found]);
    expect(code).toBe(1);
  });

  test("each case of the link has a broken one that it finds", () => {
    const links = cases.map((each) => each.id).filter((id) => id.startsWith("L-"));
    expect([...new Set(broken.map((each) => each.found))].sort()).toEqual(links);
  });
});

test("a simulated DTU that listens is reached by --connect, and its meter keeps to everything", async () => {
  const listenPort = await freePort();
  const plan = mixedTownPlan({ seed: 3, concentrators: 1, metersPer: 2, listenPort });
  const town = createTown({ plan, speed: 1, bus: { baud: "instant", replyDelayMs: 0 } });
  closing.push(() => town.close());
  town.dial({ host: "127.0.0.1", port: await freePort() });
  const listening = plan.concentrators.find((each) => each.link?.listenPort === listenPort)!;
  const meter = plan.meters.find((each) => each.concentrator === listening.id && each.creditAt === "meter")!;
  // A wildcard needs the meter alone on its bus.
  for (const each of plan.meters) if (each !== meter) town.setMeterOffline(each.address, true);
  town.setLoad(meter.address, 0);
  town.setCredit(meter.address, 100_000);
  const known = ["--address", meter.address, "--customer", meter.customerNumber, "--key", meter.rechargeKey];
  const all = [
    "--connect",
    `127.0.0.1:${listenPort}`,
    ...known,
    "--timeout",
    "600",
    "--allow-top-up",
    "--allow-key-change",
  ];
  const { code, told } = await conformance([...all, "--only", "R,P,K"]);
  expect(failed(told)).toEqual([]);
  expect(code).toBe(0);
});
