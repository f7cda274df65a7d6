import { assert } from "#base/errors.ts";
import { instant } from "#base/time.ts";
import { collectorConfig } from "#collector/config.ts";
import { type RunningCollector, runCollector } from "#collector/main.ts";
import type { FlowContext } from "#flows/context.ts";
import { enrollSite } from "#flows/enroll.ts";
import { type Bytes, fromHex } from "#protocol/bytes.ts";
import type { BusTiming, Sound } from "#simulator/bus.ts";
import { createConcentrator } from "#simulator/concentrator.ts";
import type { FaultSettings } from "#simulator/faults.ts";
import { quiet } from "#simulator/log.ts";
import { type TownPlan, townPlan } from "#simulator/plan.ts";
import { createTown } from "#simulator/town.ts";
import { openDatabase } from "#store/db.ts";
import { newId } from "#system/ids.ts";
import { silentLog } from "#system/log.ts";
import { createSealer } from "#system/seal.ts";

/** One concentrator with one bus of simulated meters in real time, read by a real collector into a real database. */
export type OneBus = {
  ctx: FlowContext;
  plan: TownPlan;
  collector: RunningCollector;
  /** Begins to dial; resolves when it has been welcomed. */
  dial(): Promise<void>;
  close(): Promise<void>;
};

/** Opens the database in `file` and enrols the meters; `heard` is told of every question when it has been sent, with its answers. */
export async function openOneBus(options: {
  file: string;
  timing: BusTiming;
  meters: number;
  intervalSeconds: number;
  faults?: FaultSettings;
  heard(request: Bytes, sounds: readonly Sound[]): void;
}): Promise<OneBus> {
  const { file, timing, meters, faults } = options;
  const clock = () => instant(Date.now());
  const db = await openDatabase(`sqlite:${file}`);
  await db.migrate();
  const sealer = createSealer("42".repeat(32));
  const ctx = { db, clock, newId, log: silentLog };
  const drawn = townPlan({ seed: 1, concentrators: 1, metersPer: meters, waterPer: 0 });
  const plan = { ...drawn, meters: drawn.meters.map((meter) => ({ ...meter, profile: "jc1" })) };
  const [own] = plan.concentrators;
  assert(own, "the town has a concentrator");
  await enrollSite(ctx, sealer, archiveOf(plan));
  const config = collectorConfig({
    JICHAO_LINK_HOST: "127.0.0.1",
    JICHAO_LINK_PORT: "0",
    JICHAO_COLLECTOR_HTTP_PORT: "0",
    JICHAO_COLLECTOR_ID: "bench",
    JICHAO_READ_INTERVAL_SECONDS: String(options.intervalSeconds),
  });
  const town = createTown({ plan, speed: 1, bus: timing, faults, seed: 5 });
  const concentrator = createConcentrator({
    plan: own,
    ports: [1],
    timing,
    hear(port, request) {
      const sounds = town.hear(own.id, port, request);
      options.heard(request, sounds);
      return sounds;
    },
    strike: () => ({ split: false, merge: false, interrupt: false, flap: false }),
    random: () => 0.5,
    clockMs: clock,
    log: quiet,
  });
  const collector = await runCollector(config, { ...ctx, sealer }, new AbortController().signal);
  return {
    ctx,
    plan,
    collector,
    async dial() {
      concentrator.dial({ host: "127.0.0.1", port: collector.linkPort });
      await concentrator.whenOnline();
    },
    async close() {
      await collector.close();
      await concentrator.close();
      await town.close();
      await db.close();
    },
  };
}

function archiveOf(plan: TownPlan): Parameters<typeof enrollSite>[2] {
  return {
    project: "bench",
    areas: [
      {
        name: "A",
        meters: plan.meters.map((meter) => ({
          number: meter.number,
          address: meter.address,
          label: meter.room,
          concentrator: meter.concentrator,
          bus: meter.port,
          kind: meter.kind,
          profile: "jc1",
          mode: "prepaid" as const,
          switchKind: "relay" as const,
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
        })),
      },
    ],
    concentrators: plan.concentrators.map(({ id, key }) => ({ code: id, name: id, key: hexBytes(key) })),
    meterMasterKey: hexBytes(plan.masterKey),
  };
}

function hexBytes(text: string): Bytes {
  const bytes = fromHex(text);
  assert(bytes, `not hex: ${text}`);
  return bytes;
}
