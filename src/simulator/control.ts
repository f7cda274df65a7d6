import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { FAULT_RATE_NAMES, type FaultRates, type FaultSettings, LINE_RATE_NAMES, type LineRates } from "./faults.ts";
import type { SimulatorLog } from "./log.ts";
import { SPEED_MAX, type Town } from "./town.ts";

/** The control panel of a town: HTTP on the loopback address, for tests, chaos runs and demonstrations. */
export type Control = { readonly port: number; close(): Promise<void> };

const BODY_BYTES_MAX = 64 * 1024;
/** The power register ends at 79.9999 kW. */
const LOAD_W_MAX = 79_000;
const CREDIT_WH_MAX = 50_000_000;
/** A clock may show any year from 2000 to 2099. */
const CLOCK_OFF_MS_MAX = 3_000_000_000_000;
const LATE_MS_MAX = 600_000;

type Answered = { status: number; body: unknown };
type Fields = { [name: string]: unknown; watts?: unknown };

/**
 * Opens the panel; port 0 takes a free one. GET /state; POST /speed, /faults, /meters/:address/{credit, load, appliances,
 * press-button, keep-supply, valve-fault, clock, offline}, /concentrators/:id/offline. Wrong input is answered with 400 and a sentence.
 */
export async function openControl(town: Town, port: number, log: SimulatorLog): Promise<Control> {
  const server = createServer((request, response) => {
    answer(town, request).then(
      (result) => reply(response, result),
      (error: unknown) => {
        if (!(error instanceof BadInput)) log.warn({ error: String(error) }, "control request failed");
        const status = error instanceof BadInput ? error.status : 500;
        reply(response, { status, body: { error: error instanceof Error ? error.message : String(error) } });
      },
    );
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(port, "127.0.0.1", resolve);
  await promise;
  const bound = (server.address() as AddressInfo).port;
  return {
    port: bound,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

/** Somebody's mistake: the sentence goes back to him. */
class BadInput extends Error {
  readonly status: number;

  constructor(sentence: string, status = 400) {
    super(sentence);
    this.status = status;
  }
}

async function answer(town: Town, request: IncomingMessage): Promise<Answered> {
  if (!isLocal(request))
    throw new BadInput("this panel answers only on the loopback address, and to no other site", 403);
  const [what = "", name = "", verb = "", ...rest] = new URL(request.url ?? "/", "http://localhost").pathname
    .slice(1)
    .split("/");
  if (what === "state" && name === "" && request.method === "GET") return ok(town.snapshot());
  if (request.method !== "POST" || rest.length > 0)
    throw new BadInput(`no such thing: ${request.method} ${request.url}`, 404);
  const fields = await bodyOf(request);
  if (what === "speed" && name === "") return ok(setSpeed(town, fields));
  if (what === "faults" && name === "") {
    town.setFaults(faultSettings(fields));
    return ok(town.faults());
  }
  if (what === "meters") return ok(onMeter(town, name, verb, fields));
  if (what === "concentrators" && verb === "offline") {
    const offline = flag(fields, "offline");
    if (!town.setConcentratorOffline(name, offline)) throw new BadInput(`no concentrator ${name} in this town`, 404);
    return ok({ id: name, offline });
  }
  throw new BadInput(`no such thing: POST ${request.url}`, 404);
}

function setSpeed(town: Town, fields: Fields): { speed: number } {
  town.setSpeed(number(fields, "speed", 1, SPEED_MAX));
  return { speed: town.speed() };
}

function onMeter(town: Town, address: string, verb: string, fields: Fields): unknown {
  if (!town.meter(address)) throw new BadInput(`no meter ${address} in this town`, 404);
  switch (verb) {
    case "credit":
      town.setCredit(address, whole(fields, "wh", -CREDIT_WH_MAX, CREDIT_WH_MAX));
      break;
    case "load":
      town.setLoad(address, fields.watts === null ? null : whole(fields, "watts", 0, LOAD_W_MAX));
      break;
    case "appliances":
      town.setAppliances(address, {
        resistiveW: whole(fields, "resistiveW", 0, LOAD_W_MAX),
        switchingW: whole(fields, "switchingW", 0, LOAD_W_MAX),
      });
      break;
    case "press-button":
      return { closed: town.pressButton(address), ...town.meter(address) };
    case "keep-supply":
      town.setKeepSupply(address, flag(fields, "on"));
      break;
    case "valve-fault":
      town.setValveFault(address, flag(fields, "on"));
      break;
    case "clock":
      town.setClockOffset(address, whole(fields, "offsetMs", -CLOCK_OFF_MS_MAX, CLOCK_OFF_MS_MAX));
      break;
    case "offline":
      town.setMeterOffline(address, flag(fields, "offline"));
      break;
    default:
      throw new BadInput(
        `a meter has credit, load, appliances, press-button, keep-supply, valve-fault, clock and offline, not "${verb}"`,
        404,
      );
  }
  return town.meter(address);
}

/** Checks faults as they come from outside: known names, probabilities, lists of text. */
export function faultSettings(fields: Fields): FaultSettings {
  const settings: FaultSettings = {};
  for (const [scope, value] of Object.entries(fields)) {
    if (scope === "everywhere") settings.everywhere = rates(scope, value);
    else if (scope === "concentrators" || scope === "meters") settings[scope] = byName(scope, value, rates);
    else if (scope === "lines") settings.lines = byName(scope, value, lineRates);
    else if (scope === "offlineMeters" || scope === "offlineConcentrators") settings[scope] = names(scope, value);
    else throw new BadInput(`faults have no "${scope}"`);
  }
  return settings;
}

function byName<T>(scope: string, value: unknown, read: (name: string, value: unknown) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(object(scope, value)).map(([name, each]) => [name, read(name, each)]));
}

function rates(scope: string, value: unknown): Partial<FaultRates> {
  const given = known(object(scope, value), FAULT_RATE_NAMES);
  const result: Partial<FaultRates> = {};
  for (const name of FAULT_RATE_NAMES) {
    if (given[name] !== undefined) result[name] = number(given, name, 0, name === "lateMs" ? LATE_MS_MAX : 1);
  }
  return result;
}

function lineRates(scope: string, value: unknown): Partial<LineRates> {
  const given = known(object(scope, value), LINE_RATE_NAMES);
  const result: Partial<LineRates> = {};
  for (const name of LINE_RATE_NAMES) if (given[name] !== undefined) result[name] = number(given, name, 0, 1);
  return result;
}

/** The fields, if all of them are among the names. */
function known(given: Fields, names: readonly string[]): Fields {
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown !== undefined) throw new BadInput(`no fault "${unknown}"; there are ${names.join(", ")}`);
  return given;
}

function names(scope: string, value: unknown): string[] {
  if (!Array.isArray(value) || !value.every((each) => typeof each === "string")) {
    throw new BadInput(`"${scope}" must be a list of texts`);
  }
  return value;
}

function object(name: string, value: unknown): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new BadInput(`"${name}" must be an object`);
  return { ...value };
}

function number(fields: Fields, name: string, from: number, to: number): number {
  const value = fields[name];
  if (typeof value !== "number" || !(value >= from && value <= to)) {
    throw new BadInput(`"${name}" must be a number from ${from} to ${to}`);
  }
  return value;
}

function whole(fields: Fields, name: string, from: number, to: number): number {
  const value = number(fields, name, from, to);
  if (!Number.isInteger(value)) throw new BadInput(`"${name}" must be a whole number`);
  return value;
}

function flag(fields: Fields, name: string): boolean {
  const value = fields[name];
  if (typeof value !== "boolean") throw new BadInput(`"${name}" must be true or false`);
  return value;
}

async function bodyOf(request: IncomingMessage): Promise<Fields> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > BODY_BYTES_MAX) throw new BadInput(`a body has at most ${BODY_BYTES_MAX} bytes`, 413);
    chunks.push(chunk);
  }
  if (length === 0) return {};
  try {
    return object("body", JSON.parse(Buffer.concat(chunks).toString("utf8")));
  } catch (error) {
    throw error instanceof BadInput ? error : new BadInput("the body must be JSON");
  }
}

/** A web page elsewhere must not steer the town through the browser of somebody who looks at both. */
function isLocal({ headers }: IncomingMessage): boolean {
  const local = /^(https?:\/\/)?(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;
  return local.test(headers.host ?? "") && (headers.origin === undefined || local.test(headers.origin));
}

function ok(body: unknown): Answered {
  return { status: 200, body };
}

function reply(response: ServerResponse, { status, body }: Answered): void {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8" });
  response.end(JSON.stringify(body));
}
