import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { createConnection } from "mysql2/promise";
import readExcel from "read-excel-file/node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDatabase } from "#store/db.ts";
import { cashierAt, type Releases, releases, type Trial, trial } from "./release-site.ts";

const UNMARKED = "9001_of_tomorrow";
let made: Releases;
beforeAll(() => {
  made = releases();
});
const trials: Trial[] = [];
const dropping: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const each of trials.splice(0)) await each.remove();
  for (const drop of dropping.splice(0)) await drop();
  made.remove();
});
async function fresh(): Promise<Trial> {
  const opened = await trial();
  trials.push(opened);
  return opened;
}

/** An administrator of the database server, and a name that nobody has; without a server the embedded database is used. */
function database(): { args: string[]; drop(): Promise<void> } {
  const admin = process.env.JICHAO_TEST_MYSQL;
  if (!admin) return { args: [], drop: async () => {} };
  const name = `jc_${randomBytes(4).toString("hex")}`;
  const drop = async () => {
    const connection = await createConnection(admin);
    await connection.query(`drop database if exists ${name}`);
    for (const user of [name, `${name}_migrate`, `${name}_read`])
      await connection.query(`drop user if exists '${user}'@'%'`);
    await connection.end();
  };
  return { args: ["--admin", admin, "--name", name], drop };
}

test.concurrent("an installation that is killed half-way is run again and comes to its end; once more changes nothing", async () => {
  const [tree, site, { args, drop }] = [await made.tree(), await fresh(), database()];
  dropping.push(drop);
  for (const step of ["database", "administrator"]) {
    const killed = await site.install(tree, ["--no-start", ...args], `release:after-${step}=1`);
    expect([step, killed.signal], killed.err).toEqual([step, "SIGKILL"]);
  }
  const whole = await site.install(tree, args);
  expect(whole.code, whole.err).toBe(3); // there is no backup yet
  const kept = [
    "etc/jichao/jichao.env",
    "etc/jichao/first-password",
    "var/lib/jichao/backup.key",
    "var/lib/jichao/master.key",
  ];
  const were = kept.map(site.read);
  const password = site.read("etc/jichao/first-password").trim();
  for (const said of [password, "master.key", "backup.key", site.base]) expect(whole.err).toContain(said);
  expect(await fetch(`${site.base}/api/health`).then((answer) => answer.status)).toBe(200);
  await cashierAt(site.base, password).then(({ ask }) => ask("/setup"));

  const again = await site.install(tree, args);
  expect(again.code, again.err).toBe(3);
  expect(kept.map(site.read)).toEqual(were);
  expect(readdirSync(join(site.root, "opt/jichao/versions"))).toEqual([
    readlinkSync(join(site.root, "opt/jichao/current")).slice(9),
  ]);
  expect((await site.jichao(["release", "stop"])).code).toBe(0);
  await expect(fetch(`${site.base}/api/health`)).rejects.toThrow();

  // Somebody else's books are in a database of that name.
  if (args.length === 0) return;
  const settings = site.read("etc/jichao/jichao.env");
  const other = await fresh();
  const refused = await other.install(tree, ["--no-start", ...args]);
  expect([refused.code, refused.err.includes("未作任何改动")], refused.err).toEqual([1, true]);
  expect(other.read("etc/jichao/jichao.env")).not.toContain("JICHAO_DB");
  expect((await site.jichao(["ledger", "verify"])).code, settings).toBe(0);
}, 300_000);

test.concurrent("an upgrade is taken back by a switch where the older version bears it, else by a restore that lists all money first", async () => {
  const [now, site] = [await made.tree(), await fresh()];
  const older = await made.tree({ version: "0.0.9", without: ["0033_marks"] });
  const later = await made.tree({ version: "99.0.0", withUnmarked: UNMARKED });
  expect((await site.install(older, ["--no-start"])).code).toBe(0);
  expect((await site.jichao(["demo"])).code).toBe(0);
  expect((await site.jichao(["release", "start"])).code).toBe(0);
  const password = site.read("etc/jichao/first-password").trim();
  const desk = () => cashierAt(site.base, password);
  const version = async () => {
    const answer = await fetch(`${site.base}/api/health`);
    return ((await answer.json()) as { version: string }).version;
  };
  const books = async () => JSON.parse((await site.jichao(["ledger", "verify"])).out.trim().split("\n").at(-1) ?? "");
  const orders = async () => {
    const url = site.read("etc/jichao/jichao.env").match(/^JICHAO_DB=(.*)$/m)?.[1];
    const db = await openDatabase(url ?? `sqlite:${join(site.root, "var/lib/jichao/jichao.db")}`);
    const rows = await db.read.selectFrom("recharge_order").select("order_no").orderBy("order_no").execute();
    await db.close();
    return rows.map(({ order_no }) => order_no);
  };
  const first = await (await desk()).take("11.00");

  // Killed when the tables are changed and the new version is not up yet; `npm run rehearse` does it after every step.
  for (const step of ["switch"]) {
    const killed = await site.install(now, [], `release:after-${step}=1`);
    expect([step, killed.signal], killed.err).toEqual([step, "SIGKILL"]);
  }
  const upgraded = await site.install(now);
  expect(upgraded.code, upgraded.err).toBe(0);
  const second = await (await desk()).take("12.00");
  expect((await site.install(older)).err).toContain("jichao release rollback");

  const back = await site.jichao(["release", "rollback", "--json"]);
  expect(back.code, back.err).toBe(3); // the self-check says that the database is newer
  expect(JSON.parse(back.out.trim().split("\n").at(-1) ?? "")).toMatchObject({
    to: "0.0.9",
    way: { by: "switch" },
    money: null,
  });
  expect(await version()).toBe("0.0.9");
  expect(await orders()).toEqual([first, second].sort());
  expect(await books()).toMatchObject({ ok: true, sumE4: 0 });

  // On again, to a version whose tables the one before would misread.
  expect((await site.install(later)).code).toBe(0);
  expect(await version()).toBe("99.0.0");
  const third = await (await desk()).take("13.50");
  const planned = await site.jichao(["release", "rollback", "--json"]);
  expect(planned.code, planned.err).toBe(3);
  const plan = JSON.parse(planned.out.trim().split("\n").at(-1) ?? "");
  expect(plan).toMatchObject({ done: false, way: { by: "restore", because: [UNMARKED] } });
  expect(plan.money).toEqual({ payments: 1, paidIn: "13.50", refunds: 0, transfers: 1 });
  expect(await version()).toBe("99.0.0");

  // No list, no way back: what was in use is started again.
  const answer = ["release", "rollback", "--restore", "--by", "张三", "--json"];
  const refused = await site.jichao([...answer, "--list", join(site.root, "nowhere", "x.xlsx")]);
  expect(refused.code).toBe(1);
  expect(await version()).toBe("99.0.0");
  for (const step of ["restore"]) {
    const killed = await site.jichao(answer, `release:after-${step}=1`);
    expect([step, killed.signal], killed.err).toEqual([step, "SIGKILL"]);
  }
  const restored = await site.jichao(answer);
  const told = JSON.parse(restored.out.trim().split("\n").at(-1) ?? "");
  expect(restored.code, restored.err).toBe(3); // in quarantine
  expect(told).toMatchObject({ done: true, to: "0.0.9" });
  expect(await version()).toBe("0.0.9");
  expect(await orders()).toEqual([first, second].sort());
  expect(await books()).toMatchObject({ ok: true, sumE4: 0 });
  const [sheet] = (await readExcel(told.list)) as unknown as { data: unknown[][] }[];
  expect(JSON.stringify(sheet)).toContain("13.50");
  // The database that was in use is as it was.
  const old = await openDatabase(`sqlite:${join(site.root, "var/lib/jichao/jichao.db")}`);
  expect(
    await old.read.selectFrom("recharge_order").select("order_no").where("order_no", "=", third).execute(),
  ).toHaveLength(1);
  await old.close();
  expect(existsSync(join(site.root, "opt/jichao/state/rollback.json"))).toBe(false);
}, 400_000);
