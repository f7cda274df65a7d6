import { parseArgs } from "node:util";
import { releaseAtHost } from "#flows/stop-trips.ts";
import { allOffStops } from "#store/off-stops.ts";
import type { Environment } from "#system/environment.ts";
import { standUp } from "./programs.ts";

const USAGE = "用法 usage: jichao off-guard [release --by 姓名NAME --reason 原因REASON]";

/**
 * `jichao off-guard`: whether too many trips have stopped all others, and `release` after somebody has found out why. The way for one
 * person at the host; on the page two are needed.
 */
export async function offGuardCommand(args: readonly string[], env: Environment): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { by: { type: "string", default: "" }, reason: { type: "string", default: "" } },
  });
  const isRelease = positionals[0] === "release";
  if ((positionals.length > 0 && !isRelease) || (isRelease && (values.by === "" || values.reason === ""))) {
    console.error(USAGE);
    return 2;
  }
  const footing = await standUp("off-guard", env, "warn");
  try {
    const stopped = isRelease ? await releaseAtHost(footing, values) : await allOffStops(footing.db.read);
    console.log(JSON.stringify({ [isRelease ? "released" : "stopped"]: stopped }));
    return 0;
  } finally {
    await footing.end();
  }
}
