import { verifyAudit } from "#flows/check-audit.ts";
import type { Environment } from "#system/environment.ts";
import { standUp } from "./programs.ts";
import { headArgument } from "./seal-head.ts";

/**
 * `jichao audit verify [--head <number>:<hash>]`: checks that no row of the audit was changed, taken away or put in; exit code 1 when one was. The answer's
 * `head`, written down outside of the database and given back the next time, proves that no part of the chain was made anew.
 */
export async function auditCommand(args: readonly string[], env: Environment): Promise<number> {
  const head = headArgument(args);
  if (head === "wrong") {
    console.error("用法 usage: jichao audit verify [--head <编号 number>:<哈希 hash>]");
    return 2;
  }
  const footing = await standUp("audit", env, "warn");
  try {
    const report = await verifyAudit(footing, { sealer: footing.sealer, head });
    console.log(JSON.stringify(report));
    return report.ok ? 0 : 1;
  } finally {
    await footing.end();
  }
}
