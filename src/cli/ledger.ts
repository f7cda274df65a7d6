import { verifyLedger } from "#flows/verify-ledger.ts";
import type { Environment } from "#system/environment.ts";
import { standUp } from "./programs.ts";

/**
 * `jichao ledger verify [--head <number>:<hash>]`: checks the books and names what is wrong; exit code 1 then. The answer's `seals.head`, written
 * down outside of the database and given back the next time, proves that no part of the chain was made anew.
 */
export async function ledgerCommand(args: readonly string[], env: Environment): Promise<number> {
  const head = args[1] === "--head" ? /^(\d+):([0-9a-f]{64})$/.exec(args[2] ?? "") : null;
  if (args[0] !== "verify" || (args.length > 1 && (head === null || args.length > 3))) {
    console.error("用法 usage: jichao ledger verify [--head <编号 number>:<哈希 hash>]");
    return 2;
  }
  const written = head ? { seq: Number(head[1]), hash: head[2] ?? "" } : null;
  const footing = await standUp("ledger", env, "warn");
  try {
    const report = await verifyLedger(footing, footing.sealer, written);
    console.log(JSON.stringify(report));
    return report.ok ? 0 : 1;
  } finally {
    await footing.end();
  }
}
