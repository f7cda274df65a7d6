import { verifyLedger } from "#flows/verify-ledger.ts";
import type { Environment } from "#system/environment.ts";
import { standUp } from "./programs.ts";

/** `jichao ledger verify`: checks the books and names what is wrong; exit code 1 then. */
export async function ledgerCommand(args: readonly string[], env: Environment): Promise<number> {
  if (args[0] !== "verify") {
    console.error("用法 usage: jichao ledger verify");
    return 2;
  }
  const footing = await standUp("ledger", env, "warn");
  try {
    const report = await verifyLedger(footing);
    console.log(JSON.stringify(report));
    return report.ok ? 0 : 1;
  } finally {
    await footing.end();
  }
}
