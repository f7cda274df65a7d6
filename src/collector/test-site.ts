import { instant } from "#base/time.ts";
import type { ConcentratorLink } from "#domain/link.ts";
import type { FlowContext } from "#flows/context.ts";
import { enrollSite, type MeterArchive } from "#flows/enroll.ts";
import { fromHex } from "#protocol/bytes.ts";
import { type TownPlan, townPlan } from "#simulator/plan.ts";
import { freshDatabase } from "#store/test-databases.ts";
import { newId } from "#system/ids.ts";
import { type Log, silentLog } from "#system/log.ts";
import { createSealer } from "#system/seal.ts";
import { collectorConfig } from "./config.ts";
import { type CollectorDeps, type RunningCollector, runCollector } from "./main.ts";

/** A database with a small town in it, and a collector to be started on it. */
export type Site = Awaited<ReturnType<typeof openSite>>;

/** Makes an own SQLite database and takes the planned town into use in it. */
export async function openSite(
  options: {
    concentrators?: number;
    metersPer?: number;
    log?: Log;
    /** What the concentrators are in this archive, in order; JCP/1 when left out. */
    links?: readonly { code: string; link: ConcentratorLink }[];
  } = {},
) {
  const db = await freshDatabase("sqlite");
  const clock = () => instant(Date.now());
  const ctx: FlowContext = { db, clock, newId, log: options.log ?? silentLog };
  const sealer = createSealer("11".repeat(32));
  const links = options.links ?? [];
  const concentrators = options.concentrators ?? Math.max(1, links.length);
  const plan = townPlan({ seed: 7, concentrators, metersPer: options.metersPer ?? 3, waterPer: 0 });
  await enrollSite(ctx, sealer, archiveOf(plan, links));
  const running: { close(): Promise<void> }[] = [];
  const meters = await db.read.selectFrom("meter").select(["id", "address"]).orderBy("id").execute();

  return {
    db,
    ctx,
    plan,
    meterIds: new Map(meters.map((meter) => [meter.address, meter.id])),
    /** Starts a collector on loopback; `change` overrides parts of what it is given. */
    async collector(env: Record<string, string> = {}, change: Partial<CollectorDeps> = {}): Promise<RunningCollector> {
      const config = collectorConfig({
        JICHAO_LINK_HOST: "127.0.0.1",
        JICHAO_LINK_PORT: "0",
        JICHAO_COLLECTOR_HTTP_PORT: "0",
        JICHAO_COLLECTOR_ID: "test",
        JICHAO_EXCHANGE_TIMEOUT_MS: "100",
        ...env,
      });
      const collector = await runCollector(config, { ...ctx, sealer, ...change }, new AbortController().signal);
      running.unshift(collector);
      return collector;
    },
    linkKey: (code: string) =>
      fromHex(plan.concentrators.find((each) => each.id === code)?.key ?? "") ?? new Uint8Array(),
    async close() {
      for (const each of running) await each.close();
      await db.drop();
    },
  };
}

function archiveOf(plan: TownPlan, links: readonly { code: string; link: ConcentratorLink }[]) {
  const codes = new Map(plan.concentrators.map(({ id }, i) => [id, links[i]?.code ?? id]));
  const meters = plan.meters.map((meter) => meterArchive({ ...meter, concentrator: codes.get(meter.concentrator)! }));
  return {
    project: "test",
    areas: [{ name: "A", meters }],
    concentrators: plan.concentrators.map(({ id, key }, i) => ({
      code: codes.get(id)!,
      name: id,
      key: fromHex(key) ?? new Uint8Array(),
      ...(links[i] && { link: links[i].link }),
    })),
    meterMasterKey: fromHex(plan.masterKey) ?? new Uint8Array(),
  };
}

function meterArchive(meter: TownPlan["meters"][number]): MeterArchive {
  return {
    number: meter.number,
    address: meter.address,
    label: meter.room,
    concentrator: meter.concentrator,
    bus: meter.port,
    kind: meter.kind,
    profile: meter.profile,
    mode: "prepaid",
    switchKind: "relay",
    closesBy: meter.closesBy,
    creditAt: meter.creditAt,
    priceE4: meter.priceE4,
    ratio: 1,
    powerMaxW: 60_000,
    lowCreditWh: 10_000,
    customer: { name: meter.customerName, phone: "", number: meter.customerNumber },
    openingIndexWh: meter.initialIndexWh,
    purchaseCount: 0,
    openingCreditWh: meter.initialCreditWh,
  };
}
