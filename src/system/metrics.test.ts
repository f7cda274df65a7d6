import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { afterEach, expect, test } from "vitest";
import { pause } from "./clock.ts";
import { createMetrics, lagOf, type Metrics } from "./metrics.ts";
import { mayScrape, type Scrape } from "./metrics-access.ts";
import { readOpenMetrics } from "./test-openmetrics.ts";

let book: Metrics | undefined;

afterEach(() => book?.close());

function open(): Metrics {
  book = createMetrics();
  return book;
}

test("what is counted, looked at and timed is read back by a reader that is not the writer", async () => {
  const metrics = open();
  const calls = metrics.counter({ name: "jichao_calls_total", help: "Calls.", labels: ["why"] });
  calls({ why: 'a "quoted" one' });
  calls({ why: "plain" }, 3);
  metrics.gauge({ name: "jichao_level", help: "Level." }, async () => [[{}, 7]]);
  metrics.total({ name: "jichao_done_total", help: "Done." }, () => [[{}, 12]]);
  const took = metrics.histogram({ name: "jichao_took_seconds", help: "Took.", labels: ["kind"] }, [0.1, 1]);
  const fast = took.of({ kind: "fast" });
  for (const seconds of [0.05, 0.5, 5]) fast(seconds);
  await metrics.text();
  const families = readOpenMetrics(await metrics.text());
  expect(families.get("jichao_calls")?.samples.map(({ labels, value }) => [labels.why, value])).toEqual([
    ['a \\"quoted\\" one', 1],
    ["plain", 3],
  ]);
  expect(families.get("jichao_level")?.samples).toEqual([{ name: "jichao_level", labels: {}, value: 7 }]);
  // Asked twice, told once: what is counted elsewhere is not added up.
  expect(families.get("jichao_done")?.samples[0]?.value).toBe(12);
  const buckets = families.get("jichao_took_seconds")?.samples.filter(({ name }) => name.endsWith("_bucket"));
  expect(buckets?.map(({ value }) => value)).toEqual([1, 2, 3]);
  expect(families.get("jichao_memory_bytes")?.samples.every(({ value }) => value > 0)).toBe(true);
  expect(families.get("jichao_event_loop_lag_seconds")?.samples).toHaveLength(3);
});

test("what cannot be looked at is left out, and the rest is told", async () => {
  const metrics = open();
  metrics.gauge({ name: "jichao_away", help: "Away." }, () => Promise.reject(new Error("database away")));
  metrics.gauge({ name: "jichao_here", help: "Here." }, () => [[{}, 1]]);
  const families = readOpenMetrics(await metrics.text());
  expect(families.get("jichao_away")?.samples).toEqual([]);
  expect(families.get("jichao_here")?.samples).toHaveLength(1);
});

test("lag is what the event loop was late, not the pause between two looks", async () => {
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  await pause(60);
  const until = performance.now() + 200;
  while (performance.now() < until);
  await pause(60);
  delay.disable();
  const lag = lagOf(delay);
  expect(lag["1"]).toBeGreaterThan(0.15);
  expect(lag["0.5"]).toBeLessThan(lag["1"]);
});

const TOKEN = "0123456789abcdef";
const from = (address: string, headers: Scrape["headers"] = {}): Scrape => ({
  address,
  headers: { host: "127.0.0.1:8080", ...headers },
});
const HERE = "127.0.0.1";
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

test.each<[string, Scrape, string | null, boolean]>([
  ["this machine, no token set", from(HERE), null, true],
  ["this machine by IPv6", from("::1", { host: "[::1]:8080" }), null, true],
  ["this machine by its name", from(HERE, { host: "LocalHost" }), null, true],
  ["this machine, mapped", from("::ffff:127.0.0.1"), null, true],
  ["another machine", from("10.0.0.7"), null, false],
  ["an address that only begins like ours", from("::ffff:10.127.0.1"), null, false],
  ["no address at all", from(""), null, false],
  ["through a proxy on this machine", from(HERE, { forwarded: "for=10.0.0.7" }), null, false],
  ["this machine under a foreign name", from(HERE, { host: "metrics.example.com" }), null, false],
  ["this machine under a name that begins like ours", from(HERE, { host: "127.0.0.1.example.com" }), null, false],
  ["this machine under a foreign name, with the token", from(HERE, { host: "a.b", ...bearer(TOKEN) }), TOKEN, true],
  ["another machine with the token", from("10.0.0.7", bearer(TOKEN)), TOKEN, true],
  ["through a proxy with the token", from(HERE, { via: "1.1 a", authorization: `bearer ${TOKEN}` }), TOKEN, true],
  ["this machine with a wrong token", from(HERE, bearer("0123456789abcdeX")), TOKEN, false],
  ["this machine without the token that is set", from(HERE), TOKEN, false],
  ["a token where none is set", from(HERE, bearer(TOKEN)), null, false],
  ["another way to log in", from(HERE, { authorization: `Basic ${TOKEN}` }), TOKEN, false],
  ["an empty token", from(HERE, bearer("")), TOKEN, false],
])("who may read metrics: %s", (_, scrape, token, may) => {
  expect(mayScrape(scrape, token)).toBe(may);
});
