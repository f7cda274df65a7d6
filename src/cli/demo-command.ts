import { simulatorConfig } from "#simulator/config.ts";
import { mixedTownPlan } from "#simulator/mixed-town.ts";
import type { Environment } from "#system/environment.ts";
import { enrollTown } from "./demo.ts";
import { standUp } from "./programs.ts";

/** `jichao demo`: takes the simulated town into use, for running the programs apart. */
export async function demoCommand(env: Environment): Promise<number> {
  const { seed, stateFile = null } = simulatorConfig(env);
  const footing = await standUp("demo", env, "warn");
  try {
    const fresh = await enrollTown(footing, footing.sealer, { plan: mixedTownPlan({ seed }), stateFile });
    console.log(fresh ? "已建入演示小镇 demo town enrolled" : "演示小镇已在库中 the demo town is there already");
    return 0;
  } finally {
    await footing.end();
  }
}
