import { databaseOf, isLeft, takeUp } from "./database.ts";
import { examine } from "./install.ts";
import type { Runner } from "./program.ts";
import { servicesOf } from "./services.ts";
import { currentVersion, noteWayBack, readUpgrade, readWayBack } from "./site.ts";
import { Refused, type Steps } from "./steps.ts";
import { bears } from "./upgrade.ts";
import { switchTo } from "./versions.ts";

/**
 * Gives up a way back that is not at its end: the database that was to be left is used again, by the version that its tables are of. What was restored
 * meanwhile stays beside it, unused.
 */
export async function stay(runner: Runner, steps: Steps): Promise<{ version: string; doctor: number }> {
  const { place } = runner;
  const back = readWayBack(place);
  const { programs } = databaseOf(place);
  if (back?.database?.programs === programs) {
    throw new Refused(
      `设置里已经是恢复出来的新库,未作改动。请重新运行 jichao release rollback 走完退回`,
      "the settings name the restored database already; nothing was changed. Run jichao release rollback again to its end",
    );
  }
  if (back === null && !(await isLeft(programs)))
    throw new Refused("没有走到一半的退回,未作改动", "no way back is under way; nothing was changed");
  const services = servicesOf(runner);
  await steps.do("stop", "停止两个程序 both programs down", () => services.stop());
  await steps.do("take-up", "重新使用原来的库 the database is used again", () => takeUp(programs));
  const current = currentVersion(place);
  const last = readUpgrade(place);
  const isFit = current !== null && (last === null || (await bears(place, current)));
  const version = isFit ? current : last?.to;
  if (version == null) throw new Refused("没有可用的版本", "there is no version to run");
  await steps.do("switch", "版本 version in use", () => switchTo(place, version));
  await steps.do("units", "服务 units", () => services.install(version));
  noteWayBack(place, null);
  await steps.do("start", "启动 start", () => services.start());
  return { version, doctor: await examine(runner, version, steps) };
}
