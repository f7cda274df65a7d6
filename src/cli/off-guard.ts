import { parseArgs } from "node:util";
import { offBreakers, releaseOffBreakers } from "#flows/off-guard.ts";
import type { Environment } from "#system/environment.ts";
import { standUp } from "./programs.ts";

const USAGE = "用法 usage: jichao off-guard [release --by 姓名NAME --reason 原因REASON]";

/**
 * `jichao off-guard`: whether too many trips have stopped all others, and `release` after somebody has found out why. Only on the
 * host itself: nothing on the web can do it.
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
    const stopped = isRelease ? await releaseOffBreakers(footing, values) : await offBreakers(footing);
    console.log(JSON.stringify({ [isRelease ? "released" : "stopped"]: stopped }));
    return 0;
  } finally {
    await footing.end();
  }
}
