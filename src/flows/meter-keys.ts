import { insertIgnore } from "#store/portable.ts";
import type { Sealer } from "#system/seal.ts";
import type { FlowContext } from "./context.ts";

const SETTING = "meter_master_key";
const PURPOSE = "meter master key";

/** The key that every meter's own keys are derived from, unsealed; null when none was set. Throws when another JICHAO_MASTER_KEY sealed it. */
export async function loadMeterMasterKey(ctx: FlowContext, sealer: Sealer): Promise<Uint8Array | null> {
  const row = await ctx.db.read.selectFrom("setting").select("value").where("key", "=", SETTING).executeTakeFirst();
  if (!row) return null;
  return sealer.unseal(row.value, PURPOSE);
}

/** Sets the master key of the meters, sealed; false when there is one already (it is never overwritten). */
export async function saveMeterMasterKey(ctx: FlowContext, sealer: Sealer, masterKey: Uint8Array): Promise<boolean> {
  const row = { key: SETTING, value: sealer.seal(masterKey, PURPOSE), updated_by: "system", updated_at: ctx.clock() };
  return (await ctx.db.transact((tx) => insertIgnore(tx, "setting", [row], ["key"]))) === 1;
}

/** What a concentrator's link key is sealed for. */
export function linkKeyPurpose(code: string): string {
  return `concentrator:${code}`;
}
