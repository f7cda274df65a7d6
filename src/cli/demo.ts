import { existsSync, renameSync } from "node:fs";
import { assert } from "#base/errors.ts";
import type { ConcentratorLink, DtuPackets } from "#domain/link.ts";
import type { FlowContext } from "#flows/context.ts";
import { enrollSite, type MeterArchive, type SiteArchive } from "#flows/enroll.ts";
import { type DemoAsked, enrollDemo } from "#flows/try-town.ts";
import { fromHex } from "#protocol/bytes.ts";
import { DTU_HEARTBEAT, DTU_REGISTRATION } from "#simulator/mixed-town.ts";
import type { ConcentratorPlan, MeterPlan, TownPlan } from "#simulator/plan.ts";
import type { Tx } from "#store/db.ts";
import { takeLinkRisk } from "#store/link-risk.ts";
import type { Sealer } from "#system/seal.ts";

const PROJECT = "集抄演示小镇";
const LOW_CREDIT_WH = { electricity: 10_000, water: 5_000 } as const;
/** A simulated hour may pass in a second: what counts as a jump must allow for it. */
const SPEED_MAX = 3_600;

/**
 * Takes the simulated town into use as a site of its own. False when it is there already. A state file that an earlier
 * town left behind is put aside: its meters would contradict the fresh books.
 */
export async function enrollTown(
  ctx: FlowContext,
  sealer: Sealer,
  { plan, stateFile }: { plan: TownPlan; stateFile: string | null },
): Promise<boolean> {
  const fresh = await enrollSite(ctx, sealer, siteOf(plan));
  if (fresh && plan.concentrators.some(({ link }) => link && link.kind !== "jichao")) await takeRisk(ctx);
  if (fresh) putAside(ctx, stateFile);
  return fresh;
}

function putAside(ctx: FlowContext, stateFile: string | null): void {
  if (stateFile !== null && existsSync(stateFile)) renameSync(stateFile, `${stateFile}.${ctx.clock()}.old`);
}

/** The same from the pages, on an empty installation; false when it was done so before. */
export async function tryTown(
  ctx: FlowContext,
  sealer: Sealer,
  { plan, stateFile, ...asked }: DemoAsked & { plan: TownPlan; stateFile: string | null },
): Promise<boolean> {
  const also = (tx: Tx, projectId: number) =>
    takeLinkRisk(tx, { projectId, by: asked.actor.login, reason: "演示小镇", at: ctx.clock() });
  const fresh = await enrollDemo(ctx, sealer, { ...asked, archive: siteOf(plan), also });
  if (fresh) putAside(ctx, stateFile);
  return fresh;
}

/** The other makes of the town cannot prove who they are; its visitors shall see that they can be switched nevertheless. */
async function takeRisk(ctx: FlowContext): Promise<void> {
  await ctx.db.transact(async (tx) => {
    const { id } = await tx.selectFrom("project").select("id").where("name", "=", PROJECT).executeTakeFirstOrThrow();
    await takeLinkRisk(tx, { projectId: id, by: "demo", reason: "演示小镇", at: ctx.clock() });
  });
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
    project: PROJECT,
    areas: [...areas].map(([name, meters]) => ({ name, meters })),
    concentrators: plan.concentrators.map((each, i) => ({
      code: each.id,
      name: `${i + 1} 号集中器`,
      key: each.key === "" ? null : bytesOf(each.key),
      ...((each.link || each.tls) && { link: linkOf(each) }),
    })),
    meterMasterKey: bytesOf(plan.masterKey),
  };
}

/** The other makes are trusted like our own: the town shows what they can do, and nobody else reaches its port. */
function linkOf({ link = { kind: "jichao", listenPort: null }, tls }: ConcentratorPlan): ConcentratorLink {
  const { kind, listenPort } = link;
  return {
    kind,
    direction: listenPort === null ? "dials_in" : "listens",
    address: listenPort === null ? null : { host: "127.0.0.1", port: listenPort },
    trust: "full",
    channel: tls ? "tls" : "plain",
    dtu: link.kind === "transparent" ? dtuPackets(link.registration !== null) : null,
  };
}

function dtuPackets(registers: boolean): DtuPackets {
  const escaped = (text: string) => text.replaceAll("\r", "\\r").replaceAll("\n", "\\n");
  const { before, after } = DTU_REGISTRATION;
  const registration = { text: `${escaped(before)}(\\w{4,32})${escaped(after)}` };
  return { registration: registers ? registration : null, heartbeats: [{ text: escaped(DTU_HEARTBEAT) }] };
}

function archiveOf(meter: MeterPlan): MeterArchive {
  return {
    number: meter.number,
    address: meter.address,
    label: meter.label,
    room: meter.room,
    concentrator: meter.concentrator,
    bus: meter.port,
    gateway: meter.gateway ?? null,
    kind: meter.kind,
    profile: meter.profile,
    mode: "prepaid",
    switchKind: meter.kind === "water" ? "valve" : "relay",
    closesBy: meter.closesBy,
    creditAt: meter.creditAt,
    priceE4: meter.priceE4,
    ratio: 1,
    powerMaxW: meter.ratedPowerW * SPEED_MAX,
    lowCreditWh: LOW_CREDIT_WH[meter.kind],
    customer: {
      name: meter.customerName,
      phone: `1380000${meter.customerNumber.slice(-4)}`,
      number: meter.customerNumber,
      code: meter.tenant,
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
