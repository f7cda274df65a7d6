import { insertIgnore } from "#store/portable.ts";
import type { Sealer } from "#system/seal.ts";
import type { FlowContext } from "./context.ts";

/** The key that every meter's own keys are derived from, with its version. */
export type MeterMasterKey = { masterKey: Uint8Array; version: number };

const SETTING = "meter_master_key";
const PURPOSE = "meter master key";
const FIRST_VERSION = 1;

/** The master key of the meters, unsealed; null when none was set. Throws when another JICHAO_MASTER_KEY sealed it. */
export async function loadMeterKeys(ctx: FlowContext, sealer: Sealer): Promise<MeterMasterKey | null> {
  const row = await ctx.db.read.selectFrom("setting").select("value").where("key", "=", SETTING).executeTakeFirst();
  if (!row) return null;
  const [version = "", ...sealed] = row.value.split(" ");
  return { masterKey: sealer.unseal(sealed.join(" "), PURPOSE), version: Number(version) };
}

/** Sets the master key of the meters, sealed; false when there is one already (it is never overwritten). */
export async function saveMeterMasterKey(ctx: FlowContext, sealer: Sealer, masterKey: Uint8Array): Promise<boolean> {
  const value = `${FIRST_VERSION} ${sealer.seal(masterKey, PURPOSE)}`;
  const row = { key: SETTING, value, updated_by: "system", updated_at: ctx.clock() };
  return (await ctx.db.transact((tx) => insertIgnore(tx, "setting", [row], ["key"]))) === 1;
}

/** What a concentrator's link key is sealed for. */
export function linkKeyPurpose(code: string): string {
  return `concentrator:${code}`;
}
