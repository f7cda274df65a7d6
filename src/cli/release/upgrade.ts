import { join } from "node:path";
import { unknownMigrations } from "#store/migration-marks.ts";
import { type Release, releaseIn } from "#system/release.ts";
import { databaseOf, isLeft, marksIn } from "./database.ts";
import { examine } from "./install.ts";
import { mustRun, type Runner } from "./program.ts";
import { servicesOf } from "./services.ts";
import { noteUpgrade, noteWayBack, type Place, readUpgrade, readWayBack, type Upgrade } from "./site.ts";
import { Refused, type Steps } from "./steps.ts";
import { isOlder, placeVersion, switchTo } from "./versions.ts";

/** The upgrade that was begun and has not come to its end; null when there is none. */
export function unfinished(state: Upgrade | null): Upgrade | null {
  return state === null || state.stage === "done" || state.stage === "went_back" ? null : state;
}

/**
 * The upgrade to go on with. One to another version whose own version is in use has come to its end, though that was not noted: what comes now starts
 * from that version.
 */
export function goingOn(state: Upgrade | null, current: string, to: string): Upgrade | null {
  const begun = unfinished(state);
  return begun !== null && begun.to !== to && begun.to === current ? null : begun;
}

/**
 * The backup of a try that was broken off, where nobody can have worked under the version of before since: that one is not in use any more, or does not
 * bear what was done to the tables. Null: another one is to be taken.
 */
export function backupToKeep(begun: Upgrade | null, current: string, isBorne: boolean): string | null {
  if (begun === null || begun.stage !== "migrating") return null;
  return current === begun.from && isBorne ? null : begun.backup;
}

/**
 * Brings an installation to another version: files, a backup by the version that runs, both programs down, tables, switch, start, self-check. Killed anywhere
 * it is run again and goes on; once the version of before cannot work any more, the backup of before stays the one of this upgrade.
 */
export async function upgrade(input: {
  runner: Runner;
  current: string;
  from: string;
  release: Release;
  steps: Steps;
}): Promise<{ from: string; backup: string; doctor: number }> {
  const { runner, current, release, steps } = input;
  const { place } = runner;
  const to = release.version;
  const begun = goingOn(readUpgrade(place), current, to);
  const from = begun?.from ?? current;
  if (isOlder(to, from)) {
    throw new Refused(
      `版本 ${to} 比现在的 ${from} 旧,未作改动。要回到旧版本,请执行 jichao release rollback`,
      `version ${to} is older than ${from}; nothing was changed. To go back run jichao release rollback`,
    );
  }
  const back = readWayBack(place);
  if (back !== null && back.database !== null) {
    throw new Refused(
      `回到 ${back.to} 的过程还没有走完,未作改动。请先重新运行 jichao release rollback`,
      `the way back to ${back.to} is not at its end; nothing was changed. Run jichao release rollback again first`,
    );
  }
  if (await isLeft(databaseOf(place).programs)) {
    throw new Refused(
      "数据库已为退回而留下不用,未作改动。请重新运行 jichao release rollback 走完,或用 jichao release stay 放弃退回",
      "the database was left behind on a way back; nothing was changed. Run jichao release rollback again, or jichao release stay to give that up",
    );
  }
  noteWayBack(place, null);
  await steps.do("files", "程序文件 program files", () => placeVersion(place, input.from, to));
  const services = servicesOf(runner);
  const isBorne = await bears(place, from);
  let backup = backupToKeep(begun, current, isBorne);
  if (backup === null) {
    // By the version that is left, unless somebody has changed the tables by hand beyond what that one bears. Until it is there, the note of the upgrade
    // before stays: its backup is the way back.
    backup = await steps.do("backup", "备份并试恢复 backup, restored for trial", () =>
      backupBy(runner, isBorne ? from : to),
    );
    noteUpgrade(place, { from, to, stage: "backed_up", backup });
  }
  await steps.do("stop", "停止两个程序 both programs down", () => services.stop());
  noteUpgrade(place, { from, to, stage: "migrating", backup });
  const { migrate } = databaseOf(place);
  await steps.do("migrate", "升级表结构 tables", () => mustRun(runner, to, ["migrate"], { JICHAO_DB: migrate }));
  await steps.do("switch", "换版本 switch", () => switchTo(place, to));
  await steps.do("units", "服务 units", () => services.install(to));
  await steps.do("start", "启动 start", () => services.start());
  noteUpgrade(place, { from, to, stage: "done", backup });
  return { from, backup, doctor: await examine(runner, to, steps) };
}

/** Whether a version can work with the tables as they are. */
export async function bears(place: Place, version: string): Promise<boolean> {
  const known = releaseIn(join(place.versions, version))?.migrations.map(({ name }) => name) ?? [];
  return unknownMigrations((await marksIn(databaseOf(place).programs)) ?? [], known).refused.length === 0;
}

/** A backup by the version that the database is of, so that this version can restore it. Answers its file. */
async function backupBy(runner: Runner, version: string): Promise<string> {
  const out = await mustRun(runner, version, ["backup"]);
  const told = JSON.parse(out.trim().split("\n").at(-1) ?? "{}") as { file?: string };
  if (told.file !== undefined) return told.file;
  throw new Refused("备份没有说出文件名", "the backup did not tell its file");
}
