import { AppError } from "#base/errors.ts";
import type { Instant } from "#base/time.ts";
import { type Actor, type Permission, permissions } from "#domain/permission.ts";
import { addAudit } from "#store/audit.ts";
import type { Tx } from "#store/db.ts";
import { saveSetting, setting } from "#store/settings.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";

/** The rows of the settings. */
const STEP_UP = "security.step_up_minutes";
const DEMANDED = "security.totp_permissions";
/** Minutes for which a proof (再次验证) holds when nobody has said otherwise; 0 asks for none. */
export const STEP_UP_MINUTES = 10;
export const STEP_UP_MINUTES_MAX = 720;

/** How a proof is asked for: how long one holds, and which permissions work only for who has a second factor. */
export type SafetySettings = { stepUpMinutes: number; totpPermissions: Permission[] };

/** The settings as they hold. A row that cannot be read asks for a proof as by default, and for no second factor. */
export async function safetySettings(tx: Tx): Promise<SafetySettings> {
  const minutes = Number((await setting(tx, STEP_UP)) ?? STEP_UP_MINUTES);
  const isRead = Number.isInteger(minutes) && minutes >= 0 && minutes <= STEP_UP_MINUTES_MAX;
  return {
    stepUpMinutes: isRead ? minutes : STEP_UP_MINUTES,
    totpPermissions: await demandedPermissions(tx),
  };
}

async function demandedPermissions(tx: Tx): Promise<Permission[]> {
  const text = await setting(tx, DEMANDED);
  const listed = text === null ? [] : text.split(",");
  return permissions.filter((each) => listed.includes(each));
}

/** Whether any of these permissions asks for a second factor. */
export async function demandsFactor(tx: Tx, granting: readonly Permission[]): Promise<boolean> {
  const demanded = await demandedPermissions(tx);
  return granting.some((each) => demanded.includes(each));
}

/** Sets both. Who would lock himself out of this very page is refused: he sets up his own second factor first. */
export async function saveSafetySettings(
  ctx: FlowContext,
  actor: Actor,
  input: SafetySettings & { reason: string; ip: string; hasFactor: boolean },
): Promise<void> {
  if (!input.hasFactor && input.totpPermissions.some((each) => actor.permissions.has(each)))
    throw new AppError("totp_enrol_required");
  await decide(ctx.db, async (tx) => {
    const now = ctx.clock();
    const before = await safetySettings(tx);
    const { stepUpMinutes, totpPermissions } = input;
    await save(tx, STEP_UP, String(stepUpMinutes), { by: actor.login, at: now });
    await save(tx, DEMANDED, totpPermissions.join(","), { by: actor.login, at: now });
    await addAudit(tx, {
      ...{ id: ctx.newId(now), at: now, actor: actor.login, action: "settings.security", object: "setting:security" },
      ...{ before, after: { stepUpMinutes, totpPermissions }, reason: input.reason, ip: input.ip },
    });
  });
}

function save(tx: Tx, key: string, value: string, who: { by: string; at: Instant }): Promise<void> {
  return saveSetting(tx, { key, value, ...who });
}
