import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { randomToken } from "#system/crypto.ts";
import type { Environment } from "#system/environment.ts";
import type { Release } from "#system/release.ts";
import { type Addresses, databaseOf, marksIn, newDatabase } from "./database.ts";
import { mustRun, type Runner, runOf } from "./program.ts";
import { servicesOf } from "./services.ts";
import { folder, ownerNamed, type Place, settingsIn, withSetting, writeWhole } from "./site.ts";
import { Refused, type Steps } from "./steps.ts";
import { placeVersion, switchTo } from "./versions.ts";

/** What whoever installs may choose. `admin`: an administrator of the database server; without one the database is a file. */
export type Choices = {
  admin: string | null;
  name: string;
  from: string;
  user: string | null;
  httpPort: string | null;
  linkPort: string | null;
  start: boolean;
};

/** Makes user, folders, settings, keys; nothing that is there is changed. Answers who runs the programs. */
export async function prepare(place: Place, env: Environment, choices: Choices, steps: Steps): Promise<Runner> {
  const owner = await steps.do("user", "用户与目录 user and folders", () => {
    if (choices.user !== null && ownerNamed(choices.user) === null) {
      const shell = "/usr/sbin/nologin";
      execFileSync("useradd", ["--system", "--user-group", "--home", place.dataDir, "--shell", shell, choices.user]);
    }
    const found = choices.user === null ? null : ownerNamed(choices.user);
    folder(place.versions, 0o755, null);
    folder(place.state, 0o700, null);
    folder(join(place.settings, ".."), 0o750, found === null ? null : { ...found, uid: 0 });
    folder(place.dataDir, 0o700, found);
    return found;
  });
  await steps.do("settings", "设置与备份密钥 settings and backup key", () => {
    const key = join(place.dataDir, "backup.key");
    if (!existsSync(key)) writeWhole(key, `${randomToken(32)}\n`, { mode: 0o600, ...owner });
    if (!existsSync(place.settings)) writeSettings(place, owner, firstSettings(place, key, choices));
  });
  return { place, owner, env };
}

function firstSettings(place: Place, key: string, { httpPort, linkPort }: Choices): string {
  const lines = [
    "# 集抄的设置;全部变量见 .env.example settings of Jichao; all variables are in .env.example",
    `JICHAO_DATA=${place.dataDir}`,
    "JICHAO_READ_INTERVAL_SECONDS=900",
    `JICHAO_BACKUP_KEY_FILE=${key}`,
  ];
  if (httpPort !== null) lines.push(`JICHAO_HTTP_PORT=${httpPort}`);
  if (linkPort !== null) lines.push(`JICHAO_LINK_PORT=${linkPort}`, "JICHAO_COLLECTOR_HTTP_PORT=0");
  return `${lines.join("\n")}\n`;
}

/** The settings hold a password: root writes them, the programs' group reads them. */
export function writeSettings(place: Place, owner: Runner["owner"], text: string): void {
  const rights = owner === null ? { mode: 0o600 } : { mode: 0o640, uid: 0, gid: owner.gid };
  writeWhole(place.settings, text, rights);
}

/** Has settings name a database: first what changes its tables, then what the programs use, so that a kill between leaves nothing half named. */
export function nameDatabase(runner: Runner, made: Addresses): void {
  const { place, owner } = runner;
  const others = [
    [place.migrateSettings, made.migrate],
    [place.readSettings, made.readOnly],
  ] as const;
  for (const [file, address] of others) {
    if (address === null) rmSync(file, { force: true });
    else writeWhole(file, `JICHAO_DB=${address}\n`, { mode: 0o600 });
  }
  const text = existsSync(place.settings) ? readFileSync(place.settings, "utf8") : "";
  writeSettings(place, owner, withSetting(text, "JICHAO_DB", made.programs));
}

/** A first installation, or one that was broken off: done as often as one likes. */
export async function install(input: {
  runner: Runner;
  from: string;
  release: Release;
  choices: Choices;
  steps: Steps;
}): Promise<{ firstPassword: string | null; doctor: number | null }> {
  const { runner, release, choices, steps } = input;
  const { place } = runner;
  const { version } = release;
  await steps.do("files", "程序文件 program files", () => placeVersion(place, input.from, version));
  const { admin } = choices;
  await steps.do("database", "数据库 database", async () => {
    if (admin === null || settingsIn(place.settings).JICHAO_DB !== undefined) return;
    nameDatabase(runner, await newDatabase({ admin, name: choices.name, from: choices.from }));
  });
  const { programs, migrate } = databaseOf(place);
  const marks = await marksIn(programs);
  const pending = release.migrations.filter(({ name }) => !marks?.some((mark) => mark.isDone && mark.name === name));
  if (marks !== null && marks.length > 0 && pending.length > 0) {
    // Tables of before there were releases, or of a try that was broken off.
    await steps.do("backup", "先备份 a backup first", () => mustRun(runner, version, ["backup"]));
    await steps.do("stop", "停止两个程序 both programs down", () => servicesOf(runner).stop());
  }
  await steps.do("migrate", "建表 tables", () => mustRun(runner, version, ["migrate"], { JICHAO_DB: migrate }));
  const firstPassword = await steps.do("administrator", "系统管理员 administrator", () =>
    firstAdministrator(runner, version),
  );
  await steps.do("switch", "启用版本 version in use", () => switchTo(place, version));
  const services = servicesOf(runner);
  await steps.do("units", "服务与命令 units and command", () => {
    services.install(version);
    if (place.root === "") linkCommand(place);
  });
  if (!choices.start) return { firstPassword, doctor: null };
  await steps.do("start", "启动 start", () => services.start());
  return { firstPassword, doctor: await examine(runner, version, steps) };
}

const COMMAND = "/usr/local/bin/jichao";

function linkCommand(place: Place): void {
  rmSync(COMMAND, { force: true });
  symlinkSync(join(place.current, "bin/jichao"), COMMAND);
}

/** The self-check of a version; its exit code. What must be mended is said. */
export function examine(runner: Runner, version: string, steps: Steps): Promise<number> {
  return steps.do("doctor", "自检 self-check", async () => {
    const { code, out } = await runOf(runner, version, ["doctor"]);
    if (code !== 0) process.stderr.write(out);
    return code;
  });
}

/** The first administrator, with a password that is on the disk before it is in force: a kill between loses nothing. Null when there were users already. */
async function firstAdministrator(runner: Runner, version: string): Promise<string | null> {
  const { firstPassword: file } = runner.place;
  const isOurs = existsSync(file);
  const password = isOurs ? readFileSync(file, "utf8").trim() : randomToken(12);
  if (!isOurs) writeWhole(file, `${password}\n`, { mode: 0o600 });
  const out = await mustRun(runner, version, ["release", "first-administrator"], { JICHAO_ADMIN_PASSWORD: password });
  const { made } = JSON.parse(out.trim().split("\n").at(-1) ?? "{}") as { made?: boolean };
  if (made === undefined) throw new Refused("没有建立管理员", "no administrator was made");
  if (made || isOurs) return password;
  rmSync(file, { force: true });
  return null;
}
