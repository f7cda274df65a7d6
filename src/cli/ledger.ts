import { verifyLedger } from "#flows/verify-ledger.ts";
import type { Environment } from "#system/environment.ts";
import { standUp } from "./programs.ts";
import { headArgument } from "./seal-head.ts";

/**
 * `jichao ledger verify [--head <number>:<hash>]`: checks the books and names what is wrong; exit code 1 then. The answer's `seals.head`, written
 * down outside of the database and given back the next time, proves that no part of the chain was made anew.
 */
export async function ledgerCommand(args: readonly string[], env: Environment): Promise<number> {
  const head = headArgument(args);
  if (head === "wrong") {
    console.error("用法 usage: jichao ledger verify [--head <编号 number>:<哈希 hash>]");
    return 2;
  }
  const footing = await standUp("ledger", env, "warn");
  try {
    const report = await verifyLedger(footing, footing.sealer, head);
    console.log(JSON.stringify(report));
    return report.ok ? 0 : 1;
  } finally {
    await footing.end();
  }
}
