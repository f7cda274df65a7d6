import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { freePort } from "./free-port.ts";
import { until } from "./until.ts";

const jichao = fileURLToPath(new URL("../src/cli/jichao.ts", import.meta.url));

/** Two concentrators of forty and eight for water, six behind a terminal, six behind a DTU, a radio meter and two behind it. */
const DEMO_METERS = 111;

type Health = { status: string; version: string; database: string; meters: number; readings: number };
const running: ChildProcess[] = [];
const folders: string[] = [];

afterEach(async () => {
  for (const child of running.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await new Promise((resolve) => child.once("exit", resolve));
    }
  }
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

async function site() {
  const data = mkdtempSync(join(tmpdir(), "jichao-start-"));
  folders.push(data);
  const http = await freePort();
  const env: Record<string, string> = {
    JICHAO_DATA: data,
    JICHAO_HTTP_PORT: String(http),
    JICHAO_LINK_PORT: String(await freePort()),
    JICHAO_COLLECTOR_HTTP_PORT: "0",
    JICHAO_SIMULATOR_PORT: String(await freePort()),
    JICHAO_READ_INTERVAL_SECONDS: "2",
    JICHAO_SIMULATOR_BAUD: "instant",
  };
  const health = async (): Promise<Health | null> =>
    fetch(`http://127.0.0.1:${http}/api/health`).then(
      (answer) => answer.json() as Promise<Health>,
      () => null,
    );
  return { env, http, health };
}

function launch(command: string, env: Record<string, string>) {
  const child = spawn(process.execPath, [jichao, command], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.push(child);
  const output = { text: "" };
  child.stdout?.on("data", (chunk: Buffer) => {
    output.text += chunk.toString();
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    output.text += chunk.toString();
  });
  const ended = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  return { child, output, ended };
}

const readingsGrow = async (health: () => Promise<Health | null>) => {
  const first = await until("readings", async () => {
    const seen = await health();
    return seen !== null && seen.readings > 0 && seen;
  });
  return until("more readings", async () => {
    const seen = await health();
    return seen !== null && seen.readings > first.readings && seen;
  });
};

test("one command brings a living town, prints the administrator's password once, and ends cleanly", async () => {
  const { env, health } = await site();
  const first = launch("start", env);
  const seen = await readingsGrow(health);
  expect(seen).toMatchObject({ status: "ok", meters: DEMO_METERS });
  expect(Object.keys(seen).sort()).toEqual(["database", "meters", "readings", "status", "version"]);
  const password = /admin[^\n]*?([\w-]{16})/.exec(first.output.text)?.[1];
  expect(password, first.output.text).toBeDefined();
  first.child.kill("SIGTERM");
  expect(await first.ended).toBe(0);

  const second = launch("start", env);
  const again = await readingsGrow(health);
  expect(again.readings).toBeGreaterThan(seen.readings);
  expect(second.output.text).not.toContain(password);
  second.child.kill("SIGINT");
  expect(await second.ended).toBe(0);
});

test("server, collector and simulator run apart on one SQLite file", async () => {
  const { env, health } = await site();
  const demo = launch("demo", env);
  expect(await demo.ended, demo.output.text).toBe(0);
  const programs = ["collector", "server", "simulator"].map((name) => launch(name, env));
  const seen = await readingsGrow(health);
  expect(seen.meters).toBe(DEMO_METERS);
  for (const { child } of programs) child.kill("SIGTERM");
  expect(await Promise.all(programs.map((program) => program.ended))).toEqual([0, 0, 0]);
});

test("a port that is taken, a wrong variable and an unknown command are told in a sentence", async () => {
  const { env, http } = await site();
  const holder = createServer().listen(http, "127.0.0.1");
  await new Promise((resolve) => holder.once("listening", resolve));
  const blocked = launch("start", { ...env, JICHAO_SIMULATOR: "off" });
  expect(await blocked.ended).toBe(1);
  expect(blocked.output.text).toContain(`端口 ${http} 已被占用`);
  holder.close();

  const wrong = launch("server", { ...env, JICHAO_HTTP_PORT: "door" });
  expect(await wrong.ended).toBe(1);
  expect(wrong.output.text).toContain("JICHAO_HTTP_PORT");

  const unknown = launch("dance", env);
  expect(await unknown.ended).toBe(2);
  expect(unknown.output.text).toContain("jichao");
});
