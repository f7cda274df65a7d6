import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, describe, expect, test } from "vitest";
import { makeCollectorKey, revokeCollectorKey, WRONG_KEYS_MAX } from "#flows/collector-keys.ts";
import { pause, systemClock } from "#system/clock.ts";
import { missingHere } from "../tools/test/machine.ts";
import { until } from "./until.ts";
import { type World, world } from "./world.ts";

const jichao = fileURLToPath(new URL("../src/cli/jichao.ts", import.meta.url));
const run = promisify(execFile);
const reason = missingHere().find((sentence) => sentence.startsWith("tmux")) ?? null;
const cleaning: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const clean of cleaning.splice(0).reverse()) await clean();
});

/** A collector at work with its town, and the ways in: a key that may change things, and one that may look. */
async function site() {
  const w = await world({ database: "sqlite", metersPer: 6, collector: false });
  const { doorPort } = await w.startCollector({ readIntervalMs: 600_000 });
  const folder = mkdtempSync(join(tmpdir(), "jichao-console-"));
  cleaning.push(() => rmSync(folder, { recursive: true, force: true }));
  const url = `http://127.0.0.1:${doorPort}`;
  const keyFile = await fileWith(w, folder, "desk", false);
  const lookFile = await fileWith(w, folder, "guest", true);
  const client = async (file: string, ...args: string[]) => {
    const words = ["collector", "console", "--url", url, "--key-file", file, "--json", ...args];
    const ended = await run(process.execPath, [jichao, ...words]).catch(
      (failed: { code: number; stdout: string; stderr: string }) => failed,
    );
    const code = "code" in ended ? ended.code : 0;
    return { code, out: ended.stdout.trim().split("\n"), err: ended.stderr.trim() };
  };
  return { w, url, folder, keyFile, lookFile, client };
}

async function fileWith(w: World, folder: string, name: string, readOnly: boolean): Promise<string> {
  const key = await makeCollectorKey(w.ctx, { name, readOnly });
  const file = join(folder, name);
  writeFileSync(file, `${key}\n`, { mode: 0o600 });
  return file;
}

/** How often a meter was asked since an instant. */
async function asked(w: World, meterId: number, since: number): Promise<number> {
  const rows = await w.db.read
    .selectFrom("frame_log")
    .select("slot")
    .where("meter_id", "=", meterId)
    .where("direction", "=", "sent")
    .where("at", ">", since)
    .execute();
  return rows.length;
}

const firstMeter = (w: World) =>
  w.db.read.selectFrom("meter").selectAll().orderBy("id").limit(1).executeTakeFirstOrThrow();

test("a script lists, sets a cycle that holds at once, renames, reads on trial, and its name is in the audit", async () => {
  const { w, keyFile, client } = await site();
  const meter = await firstMeter(w);
  const list = JSON.parse((await client(keyFile, "list")).out[0] ?? "");
  expect(list.items).toHaveLength(1);
  const id = String(list.items[0].id);
  await until("the first round is over", async () => {
    const since = systemClock();
    await pause(1_500);
    return (await asked(w, meter.id, since)) === 0;
  });
  const since = systemClock();
  expect((await client(keyFile, "set-cycle", id, "1", "--bus", "1")).code).toBe(0);
  await until("the meter is asked by the new cycle", async () => (await asked(w, meter.id, since)) > 0);
  expect((await client(keyFile, "rename", id, "A座-改", "--meter", String(meter.id))).code).toBe(0);
  expect((await firstMeter(w)).label).toBe("A座-改");
  const read = await client(keyFile, "test-read", String(meter.id));
  expect([read.code, JSON.parse(read.out[0] ?? "").state]).toEqual([0, "confirmed"]);
  const frames = (await client(keyFile, "frames", id)).out.map((line) => JSON.parse(line));
  expect(new Set(frames.map((frame) => frame.direction))).toContain("received");
  expect(frames.at(-1).explained.join()).toMatch(/表地址/);
  const audit = await w.db.read.selectFrom("audit").select(["actor", "action"]).execute();
  expect(audit).toContainEqual({ actor: "key:desk", action: "channel.edit" });
  expect(audit).toContainEqual({ actor: "key:desk", action: "meter.edit" });
});

test("a key that may only look changes nothing, a revoked one is shut out, wrong ones have to wait", async () => {
  const { w, url, folder, keyFile, lookFile, client } = await site();
  const denied = await client(lookFile, "set-cycle", "1", "60");
  expect([denied.code, JSON.parse(denied.err).code]).toEqual([1, "forbidden"]);
  expect(await revokeCollectorKey(w.ctx, "guest")).toBe(true);
  expect(JSON.parse((await client(lookFile, "list")).err).code).toBe("collector_key_wrong");
  const wrong = join(folder, "wrong");
  writeFileSync(wrong, "desk.guessed");
  const show = (key: string) =>
    fetch(`${url}/console/collectors`, { headers: { authorization: `Bearer ${key}` } }).then((answer) => answer.status);
  // A page in a browser can make it call here, though without a key: that shuts nobody out.
  const keyless: Record<string, string>[] = [{}, { authorization: "Bearer" }, { authorization: "Basic x" }];
  for (let i = 0; i < WRONG_KEYS_MAX; i++) {
    for (const headers of keyless) expect((await fetch(`${url}/console/collectors`, { headers })).status).toBe(401);
  }
  for (let i = 1; i < WRONG_KEYS_MAX; i++) expect(await show("desk.guessed")).toBe(401);
  expect(await show("desk.guessed")).toBe(429);
  expect(await show("nobody.guessed")).toBe(429);
  // Who shares the address with a guesser, and has a key, still gets in.
  expect((await client(keyFile, "list")).code).toBe(0);
  const stored = await w.db.read.selectFrom("collector_key").select("key_hash").execute();
  expect(stored.every((row) => /^[0-9a-f]{64}$/.test(row.key_hash))).toBe(true);
});

describe.skipIf(reason !== null)(`the full screen in tmux${reason === null ? "" : ` (not run: ${reason})`}`, () => {
  test("shows concentrators, changes a cycle that holds, shows frames live, and gives the terminal back", async () => {
    const { w, url, folder, keyFile } = await site();
    const socket = join(folder, "tmux");
    const tmux = (...args: string[]) => run("tmux", ["-S", socket, ...args]).then(({ stdout }) => stdout);
    const words = ["collector", "console", "--url", url, "--key-file", keyFile];
    const command = `${process.execPath} ${jichao} ${words.join(" ")}; echo GONE; sleep 60`;
    await tmux("-u", "-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", "-s", "c", command);
    cleaning.push(() => tmux("kill-server").then(() => {}));
    const screen = () => tmux("capture-pane", "-p", "-t", "c");
    const shows = (text: string | RegExp) =>
      until(`the screen shows ${text}`, async () => {
        const seen = await screen();
        return (typeof text === "string" ? seen.includes(text) : text.test(seen)) && seen;
      });
    const press = (...keys: string[]) => tmux("send-keys", "-t", "c", ...keys);
    const meter = await firstMeter(w);
    const first = await shows("在线 1/1");
    expect(first.split("\n").every((line) => line.length <= 80)).toBe(true);
    await press("Enter");
    await shows("通道 1");
    await press("c");
    await shows("的周期");
    await press("1", "Enter");
    const since = systemClock();
    await shows("已保存");
    await until("the meter is asked by the new cycle", async () => (await asked(w, meter.id, since)) > 0);
    await press("f");
    await shows(/TX> .*68( [0-9A-F]{2})+/);
    await shows(/RX< /);
    await press("b");
    await press("n");
    await shows("新名称");
    await tmux("send-keys", "-t", "c", "-l", "北楼");
    await press("Enter");
    await shows("已改名为 北楼");
    await press("q");
    await shows("GONE");
    const channel = await w.db.read.selectFrom("channel").selectAll().executeTakeFirstOrThrow();
    expect(channel).toMatchObject({ name: "北楼", read_interval_s: 1, updated_by: "key:desk" });
  });
});
