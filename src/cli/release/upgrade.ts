import { join } from "node:path";
import { unknownMigrations } from "#store/migration-marks.ts";
import { type Release, releaseIn } from "#system/release.ts";
import { databaseOf, marksIn } from "./database.ts";
import { examine } from "./install.ts";
import { mustRun, type Runner } from "./program.ts";
import { servicesOf } from "./services.ts";
import { noteUpgrade, noteWayBack, readUpgrade, readWayBack, type Upgrade } from "./site.ts";
import { Refused, type Steps } from "./steps.ts";
import { isOlder, placeVersion, switchTo } from "./versions.ts";

/** The upgrade that was begun and has not come to its end; null when there is none. */
export function unfinished(state: Upgrade | null): Upgrade | null {
  return state === null || state.stage === "done" || state.stage === "went_back" ? null : state;
}

/**
 * Brings an installation to another version: files, a backup by the version that runs, both programs down, tables, switch, start, self-check. Killed anywhere
 * it is run again and goes on; from the first change of a table on, the backup of before stays the one of this upgrade.
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
  const begun = unfinished(readUpgrade(place));
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
  noteWayBack(place, null);
  await steps.do("files", "程序文件 program files", () => placeVersion(place, input.from, to));
  const services = servicesOf(runner);
  let backup = begun?.stage === "migrating" ? begun.backup : null;
  if (backup === null) {
    noteUpgrade(place, { from, to, stage: "placed", backup: null });
    backup = await steps.do("backup", "备份并试恢复 backup, restored for trial", async () =>
      backupBy(runner, await canBackUp(runner, from, to)),
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

/** The version that is left, unless somebody has changed the tables by hand beyond what that one bears. */
async function canBackUp({ place }: Runner, from: string, to: string): Promise<string> {
  const known = releaseIn(join(place.versions, from))?.migrations.map(({ name }) => name) ?? [];
  const marks = (await marksIn(databaseOf(place).programs)) ?? [];
  return unknownMigrations(marks, known).refused.length === 0 ? from : to;
}

/** A backup by the version that the database is of, so that this version can restore it. Answers its file. */
async function backupBy(runner: Runner, version: string): Promise<string> {
  const out = await mustRun(runner, version, ["backup"]);
  const told = JSON.parse(out.trim().split("\n").at(-1) ?? "{}") as { file?: string };
  if (told.file !== undefined) return told.file;
  throw new Refused("备份没有说出文件名", "the backup did not tell its file");
}
