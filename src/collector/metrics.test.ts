import { afterEach, expect, test } from "vitest";
import { permissions, SCOPE_ALL } from "#domain/permission.ts";
import { requestCommand } from "#flows/request-command.ts";
import { createTown, type Town } from "#simulator/town.ts";
import { type Family, readOpenMetrics } from "#system/test-openmetrics.ts";
import { scripted } from "./test-concentrator.ts";
import { openSite, type Site } from "./test-site.ts";

const TOKEN = "0123456789abcdef";
const WAIT = { interval: 50 };
let site: Site | undefined;
let town: Town | undefined;

afterEach(async () => {
  await town?.close();
  await site?.close();
  town = undefined;
  site = undefined;
});

async function scrape(port: number, headers: Record<string, string> = {}) {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { headers });
  const text = await answer.text();
  return { status: answer.status, type: answer.headers.get("content-type"), text };
}

function figure(families: Map<string, Family>, name: string, labels: Record<string, string> = {}): number | undefined {
  const family = families.get(name.replace(/_(total|count|sum|bucket)$/, "")) ?? families.get(name);
  const wanted = JSON.stringify(labels);
  return family?.samples.find((each) => each.name === name && JSON.stringify(each.labels) === wanted)?.value;
}

test("the collector tells its metrics while meters are read and commanded", async () => {
  const opened = await openSite({ metersPer: 3 });
  site = opened;
  const collector = await opened.collector();
  const stranger = await scripted(collector.linkPort);
  stranger.socket.write("GET / HTTP/1.1\r\n\r\n");
  await stranger.closed;
  const silent = await scripted(collector.linkPort);
  town = createTown({ plan: opened.plan, speed: 1, bus: { baud: "instant", replyDelayMs: 0 } });
  town.dial({ host: "127.0.0.1", port: collector.linkPort });
  await town.whenOnline();
  const meterId = opened.meterIds.get(opened.plan.meters[1]?.address ?? "") ?? 0;
  const actor = { userId: 1, login: "test", name: "test", permissions: new Set(permissions), scope: SCOPE_ALL };
  await requestCommand(opened.ctx, actor, { meterId, key: "k", kind: "read", reason: "test", ip: "" });
  collector.nudge();
  const look = async () => readOpenMetrics((await scrape(collector.doorPort)).text);
  await expect
    .poll(
      async () => figure(await look(), "jichao_commands_settled_total", { kind: "read", outcome: "confirmed" }),
      WAIT,
    )
    .toBe(1);
  await expect
    .poll(async () => figure(await look(), "jichao_ingest_rows_total", { what: "report" }), WAIT)
    .toBeGreaterThanOrEqual(3);
  const { type, text } = await scrape(collector.doorPort);
  expect(type).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
  const families = readOpenMetrics(text);
  const at = (name: string, labels?: Record<string, string>) => figure(families, name, labels) ?? Number.NaN;
  expect(at("jichao_sessions", { link: "jichao" })).toBe(1);
  expect(at("jichao_sessions", { link: "gw1376" })).toBe(0);
  expect(at("jichao_strangers")).toBe(1);
  expect(at("jichao_registrations_total", { link: "jichao" })).toBe(1);
  expect(at("jichao_registrations_refused_total", { why: "unknown_caller" })).toBe(1);
  expect(at("jichao_exchanges_total", { outcome: "answered" })).toBeGreaterThanOrEqual(3);
  expect(at("jichao_exchange_seconds_count", { priority: "scheduled" })).toBeGreaterThanOrEqual(3);
  expect(at("jichao_exchange_seconds_count", { priority: "onDemand" })).toBeGreaterThanOrEqual(1);
  expect(at("jichao_rounds_total", { result: "answered" })).toBeGreaterThanOrEqual(3);
  expect(at("jichao_command_answer_seconds_count", { kind: "read" })).toBe(1);
  expect(at("jichao_bus_busy_seconds_total")).toBeGreaterThan(0);
  expect(at("jichao_buses")).toBe(1);
  expect(at("jichao_bus_queue", { priority: "control" })).toBe(0);
  expect(at("jichao_ingest_batch_seconds_count", { result: "good" })).toBeGreaterThanOrEqual(1);
  expect(at("jichao_ingest_paused")).toBe(0);
  for (const secret of [...opened.meterIds.keys(), ...opened.plan.concentrators.map(({ id }) => id)]) {
    expect(text).not.toContain(secret);
  }
  silent.hangUp();
});

test("the collector's metrics want the token that is set, and no other", async () => {
  site = await openSite();
  const { doorPort } = await site.collector({ JICHAO_METRICS_TOKEN: TOKEN });
  expect((await scrape(doorPort, { authorization: `Bearer ${TOKEN}` })).status).toBe(200);
  expect((await scrape(doorPort, { authorization: "Bearer 0123456789abcdeX" })).status).toBe(401);
  expect((await scrape(doorPort)).status).toBe(401);
});

test("without a token the collector's metrics are for this machine alone, not for what a proxy brings", async () => {
  site = await openSite();
  const { doorPort } = await site.collector();
  expect((await scrape(doorPort)).status).toBe(200);
  expect((await scrape(doorPort, { "x-forwarded-for": "127.0.0.1" })).status).toBe(401);
  expect((await scrape(doorPort, { authorization: `Bearer ${TOKEN}` })).status).toBe(401);
});
