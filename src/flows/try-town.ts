import { AppError } from "#base/errors.ts";
import type { Actor } from "#domain/permission.ts";
import type { Tx } from "#store/db.ts";
import { nextNumbers } from "#store/sequences.ts";
import { saveSetting } from "#store/settings.ts";
import { DEMO_SETTING, isDemo, isInstallationEmpty } from "#store/setup.ts";
import type { Sealer } from "#system/seal.ts";
import { auditArchive } from "./archive-step.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import { enterSite, type SiteArchive } from "./enroll.ts";
import { addFirstRootKey } from "./root-keys.ts";

/** Who asks for the simulated town, and from where. */
export type DemoAsked = { actor: Actor; ip: string };

/**
 * Takes the simulated town (模拟小镇) into use from the pages. Only where nothing is: a project, a meter or a root key refuses it, because the
 * key of simulated meters is public. Asked again, also by somebody else at once, nothing more is done. `also` runs with what was entered.
 */
export async function enrollDemo(
  ctx: FlowContext,
  sealer: Sealer,
  input: DemoAsked & { archive: SiteArchive; also: (tx: Tx, projectId: number) => Promise<void> },
): Promise<boolean> {
  const { actor, ip, archive } = input;
  if (!actor.scope.all) throw new AppError("setup_all_needed");
  return decide(ctx.db, async (tx) => {
    const projectId = await nextNumbers(tx, "project"); // whoever makes the first project takes turns here
    if (await isDemo(tx)) return false;
    if (!(await isInstallationEmpty(tx))) throw new AppError("setup_not_empty");
    const at = ctx.clock();
    await saveSetting(tx, { key: DEMO_SETTING, value: String(projectId), by: actor.login, at });
    await addFirstRootKey(ctx, tx, sealer, archive.meterMasterKey);
    await enterSite(ctx, tx, sealer, { archive, projectId });
    await input.also(tx, projectId);
    await auditArchive(ctx, tx, {
      ...{ actor: actor.login, action: "setup.demo", object: `project:${projectId}`, at, ip, reason: "" },
      before: null,
      after: { name: archive.project, meters: archive.areas.reduce((sum, area) => sum + area.meters.length, 0) },
    });
    return true;
  });
}
