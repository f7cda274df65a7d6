import { existsSync, renameSync } from "node:fs";
import { assert } from "#base/errors.ts";
import type { FlowContext } from "#flows/context.ts";
import { enrollSite, type MeterArchive, type SiteArchive } from "#flows/enroll.ts";
import { fromHex } from "#protocol/bytes.ts";
import { type MeterPlan, type TownPlan, townPlan } from "#simulator/plan.ts";
import type { Sealer } from "#system/seal.ts";

const LOW_CREDIT_WH = 10_000;
/** A simulated hour may pass in a second: what counts as a jump must allow for it. */
const SPEED_MAX = 3_600;

/**
 * Takes the simulated town into use as a site of its own. False when it is there already. A state file that an earlier
 * town left behind is put aside: its meters would contradict the fresh books.
 */
export async function enrollDemoTown(
  ctx: FlowContext,
  sealer: Sealer,
  input: { seed: number; stateFile: string | null; concentrators?: number; metersPer?: number },
): Promise<boolean> {
  const { seed, stateFile, concentrators = 2, metersPer = 40 } = input;
  const fresh = await enrollSite(ctx, sealer, siteOf(townPlan({ seed, concentrators, metersPer })));
  if (fresh && stateFile !== null && existsSync(stateFile)) renameSync(stateFile, `${stateFile}.${ctx.clock()}.old`);
  return fresh;
}

/** Whether any site has been taken into use. */
export async function hasSite(ctx: FlowContext): Promise<boolean> {
  return (await ctx.db.read.selectFrom("project").select("id").limit(1).executeTakeFirst()) !== undefined;
}

function siteOf(plan: TownPlan): SiteArchive {
  const areas = new Map<string, MeterArchive[]>();
  for (const meter of plan.meters) {
    const area = meter.room.split("-")[0] ?? meter.room;
    areas.set(area, [...(areas.get(area) ?? []), archiveOf(meter)]);
  }
  return {
    project: "集抄演示小镇",
    areas: [...areas].map(([name, meters]) => ({ name, meters })),
    concentrators: plan.concentrators.map((each, i) => ({
      code: each.id,
      name: `${i + 1} 号集中器`,
      key: bytesOf(each.key),
    })),
    meterMasterKey: bytesOf(plan.masterKey),
  };
}

function archiveOf(meter: MeterPlan): MeterArchive {
  return {
    number: meter.number,
    address: meter.address,
    label: meter.room,
    concentrator: meter.concentrator,
    bus: meter.port,
    kind: meter.kind,
    profile: "jc1",
    mode: "prepaid",
    switchKind: "relay",
    closesBy: meter.closesBy,
    creditAt: meter.creditAt,
    priceE4: meter.priceE4,
    ratio: 1,
    powerMaxW: meter.ratedPowerW * SPEED_MAX,
    lowCreditWh: LOW_CREDIT_WH,
    customer: {
      name: meter.customerName,
      phone: `1380000${meter.customerNumber.slice(-4)}`,
      number: meter.customerNumber,
    },
    openingIndexWh: meter.initialIndexWh,
    purchaseCount: 0,
    openingCreditWh: meter.initialCreditWh,
  };
}

function bytesOf(hex: string): Uint8Array {
  const bytes = fromHex(hex);
  assert(bytes !== null, "the plan's keys are hexadecimal");
  return bytes;
}
