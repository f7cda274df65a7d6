import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { moneySince } from "#flows/money-since.ts";
import { backupHead } from "#store/backup/archive.ts";
import { LEFT_BEHIND, unknownMigrations } from "#store/migration-marks.ts";
import { mysqlAddress } from "#store/mysql-address.ts";
import { systemClock } from "#system/clock.ts";
import { type Release, releaseIn } from "#system/release.ts";
import { passphraseIn } from "../backup.ts";
import { type Addresses, databaseOf, leave, marksIn, newDatabase, takeUp } from "./database.ts";
import { examine, nameDatabase } from "./install.ts";
import { type MoneyTold, toldOf, writeMoneyFile } from "./money-file.ts";
import { mustRun, type Runner } from "./program.ts";
import { servicesOf } from "./services.ts";
import { noteUpgrade, noteWayBack, readUpgrade, readWayBack, settingsIn, type Upgrade } from "./site.ts";
import { Refused, type Steps } from "./steps.ts";
import { mustBeWhole, switchTo } from "./versions.ts";

/** How to get back: by switching alone, or by a restore of the backup of before, because of the named steps. */
export type Way = { by: "switch" } | { by: "restore"; because: string[]; backup: string };

/** Which way leads back to a version, judged from what was applied to the database and what the version knows. */
export function wayBackTo(
  target: Release,
  marks: Parameters<typeof unknownMigrations>[0],
  last: Upgrade | null,
): Way | { by: "none"; because: string[] } {
  const known = target.migrations.map(({ name }) => name);
  const steps = marks.filter(({ name }) => name !== LEFT_BEHIND); // by a way back that was broken off
  const because = unknownMigrations(steps, known).refused.map(({ name }) => name);
  if (because.length === 0) return { by: "switch" };
  const backup = last !== null && last.from === target.version ? last.backup : null;
  return backup === null ? { by: "none", because } : { by: "restore", because, backup };
}

/**
 * Which of the versions that lie here can restore a backup so that the target gets along with what comes of it: it knows all of the backup's steps, and
 * brings none besides that the target does not bear. The target itself comes first; after a way back by a switch its backups hold steps that only newer ones know.
 */
export function restorerOf(target: Release, here: readonly Release[], inBackup: readonly string[]): string | null {
  const known = target.migrations.map(({ name }) => name);
  const fits = ({ migrations }: Release) =>
    inBackup.every((name) => migrations.some((each) => each.name === name)) &&
    migrations.every(({ name, olderCanRun }) => olderCanRun || known.includes(name));
  return [target, ...here].find(fits)?.version ?? null;
}

/** What whoever goes back says: `restore` that the old database is left behind, `by` who answers for it. */
export type Asked = {
  to: string | null;
  restore: boolean;
  by: string;
  admin: string | null;
  from: string;
  list: string | null;
};

/** What became of it. `planned`: nothing was done yet, only the list was written. */
export type WentBack = {
  to: string;
  way: Way;
  done: boolean;
  list: string | null;
  money: MoneyTold | null;
  doctor: number | null;
};

/** Goes back to the version before. Nothing is ever deleted: the database that was in use stays, with a mark that it is left. */
export async function rollBack(runner: Runner, asked: Asked, steps: Steps): Promise<WentBack> {
  const { place } = runner;
  const last = readUpgrade(place);
  const begun = readWayBack(place);
  const to = begun?.to ?? asked.to ?? last?.from;
  const target = to === undefined ? null : releaseIn(join(place.versions, to));
  if (to === undefined || target === null) {
    throw new Refused(
      `没有可以回到的版本${to === undefined ? "" : ` ${to}`}`,
      `there is no version to go back to${to === undefined ? "" : `: ${to}`}`,
    );
  }
  await steps.do("checksums", "核对旧版本的文件 files of the older version", () =>
    mustBeWhole(join(place.versions, to)),
  );
  const way = wayBackTo(target, (await marksIn(databaseOf(place).programs)) ?? [], last);
  if (way.by === "none") {
    throw new Refused(
      `版本 ${to} 不认识步骤 ${way.because.join("、")},也没有升级前的备份可以恢复;未作改动`,
      `version ${to} does not know ${way.because.join(", ")}, and there is no backup of before the upgrade; nothing was changed`,
    );
  }
  const restorer = way.by === "restore" ? await restorerHere(runner, target, way) : to;
  // After a restore the database is again one that the older version knows; what is left is to end it.
  if (way.by === "restore" || begun !== null)
    return await byRestore(runner, { ...asked, to, way, last, restorer }, steps);
  const services = servicesOf(runner);
  await steps.do("stop", "停止两个程序 both programs down", () => services.stop());
  await takeUp(databaseOf(place).programs);
  await steps.do("switch", "换回旧版本 switch back", () => switchTo(place, to));
  return { to, way, done: true, list: null, money: null, doctor: await startAgain(runner, to, last, steps) };
}

async function startAgain(runner: Runner, to: string, last: Upgrade | null, steps: Steps): Promise<number> {
  const services = servicesOf(runner);
  await steps.do("units", "服务 units", () => services.install(to));
  await steps.do("start", "启动 start", () => services.start());
  if (last !== null && last.from === to) noteUpgrade(runner.place, { ...last, stage: "went_back" });
  return await examine(runner, to, steps);
}

async function byRestore(
  runner: Runner,
  asked: Asked & { to: string; way: Way; last: Upgrade | null; restorer: string },
  steps: Steps,
): Promise<WentBack> {
  const { place } = runner;
  const { to, way, last } = asked;
  const begun = readWayBack(place);
  const list = begun?.list ?? asked.list ?? join(place.state, `after-backup-${stamp()}.xlsx`);
  const services = servicesOf(runner);
  const listed = () =>
    steps.do("list", "备份之后的收付款清单 list of money since the backup", () => write(runner, asked, list));
  if (begun?.database == null && (!asked.restore || asked.by === "")) {
    return { to, way, done: false, list, money: await listed(), doctor: null };
  }
  const { programs } = databaseOf(place);
  const isFile = !/^(mysql|mariadb):/.test(programs);
  if (begun?.database == null && !isFile && asked.admin === null) {
    throw new Refused(
      "恢复到一个新库需要数据库管理员:--admin mysql://用户@主机:3306",
      "a new database needs an administrator of the server: --admin mysql://USER@HOST:3306",
    );
  }
  // Also when this is run again: a start of the machine in between has started what `current` leads to, on what the settings name.
  await steps.do("stop", "停止两个程序 both programs down", () => services.stop());
  let money: MoneyTold | null = null;
  if (programs !== begun?.database?.programs) {
    try {
      await steps.do("leave", "别的服务器也不再用这个库 no program of any server on this database", () =>
        leave(programs),
      );
      // From here on nothing more is taken, so the list is complete; without one nothing goes on.
      money = await listed();
    } catch (error) {
      if (begun === null)
        await takeUp(programs)
          .then(services.start)
          .catch(() => {});
      throw error;
    }
  }
  let database = begun?.database ?? null;
  if (database === null) {
    noteWayBack(place, { to, list, database });
    const made = await steps.do(
      "database",
      "新的空库 a new, empty database",
      async (): Promise<Addresses> =>
        isFile
          ? { programs: `sqlite:${join(place.dataDir, `jichao-r${stamp()}.db`)}`, migrate: null, readOnly: null }
          : newDatabase({ admin: asked.admin ?? "", name: freshName(programs), from: asked.from }),
    );
    await steps.do("restore", "恢复升级前的备份 restore the backup of before", () =>
      mustRun(runner, asked.restorer, ["restore", backupIn(way), "--by", asked.by], {
        JICHAO_DB: made.migrate ?? made.programs,
      }),
    );
    noteWayBack(place, { to, list, database: made });
    database = made;
  }
  const named = database;
  await steps.do("switch", "换回旧版本 switch back", () => switchTo(place, to));
  // After the switch: between the two the older version finds a database that it refuses, and not the newer one a database that it would upgrade.
  await steps.do("settings", "设置改为新库 settings name the new database", () => nameDatabase(runner, named));
  const doctor = await startAgain(runner, to, last, steps);
  noteWayBack(place, null);
  return { to, way, done: true, list, money, doctor };
}

async function write(runner: Runner, { way }: { way: Way }, list: string): Promise<MoneyTold> {
  const { place } = runner;
  const key = settingsIn(place.settings).JICHAO_BACKUP_KEY_FILE;
  const since = await moneySince({
    url: databaseOf(place).programs,
    file: backupIn(way),
    passphrase: passphraseIn(key),
  });
  await writeMoneyFile(list, since);
  return toldOf(since);
}

async function restorerHere({ place }: Runner, target: Release, way: Way): Promise<string> {
  const key = passphraseIn(settingsIn(place.settings).JICHAO_BACKUP_KEY_FILE);
  const head = await backupHead(backupIn(way), key);
  const here = readdirSync(place.versions).flatMap((name) => releaseIn(join(place.versions, name)) ?? []);
  const restorer = restorerOf(target, here, head.migrations);
  if (restorer !== null) return restorer;
  throw new Refused(
    `这里没有一个版本既能恢复备份 ${way.by === "restore" ? way.backup : ""},又能让 ${target.version} 接着用;未作改动`,
    `no version here can restore that backup so that ${target.version} gets along with it; nothing was changed`,
  );
}

function backupIn(way: Way): string {
  if (way.by === "restore" && existsSync(way.backup)) return way.backup;
  const file = way.by === "restore" ? way.backup : "";
  throw new Refused(`升级前的备份 ${file} 不见了`, `the backup of before the upgrade is gone: ${file}`);
}

/** `jichao` → `jichao_r1127110259`: nothing of this name is there, and it says what it is. */
function freshName(url: string): string {
  const { database } = mysqlAddress(url);
  return `${database.replace(/_r\d{10}$/, "").slice(0, 13)}_r${stamp()}`;
}

function stamp(): string {
  return new Date(systemClock()).toISOString().replace(/\D/g, "").slice(4, 14);
}
