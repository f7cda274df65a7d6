import { DAY_MS, type Instant, SECOND_MS } from "#base/time.ts";
import type {
  BusFrame,
  Channel,
  ConcentratorLine,
  ConcentratorList,
  ConcentratorQuery,
  ConcentratorView,
  MeterOnChannel,
} from "#contract/collection.ts";
import { cycleOf } from "#domain/collection.ts";
import { GONE_HEARTBEATS } from "#domain/link.ts";
import type { Scope } from "#domain/permission.ts";
import { SILENT_ROUNDS_MAX } from "#domain/tile.ts";
import { heartbeatInUse } from "./collectors.ts";
import { OPEN_STATES } from "./commands.ts";
import { parseSources } from "./concentrators.ts";
import type { Tx } from "./db.ts";
import type { ConcentratorTable } from "./schema-archive.ts";
import { inScope } from "./scope.ts";

const PAGE_SIZE = 50;
/** Collectors write down what they have heard this often. */
const STATUS_MS = 5 * SECOND_MS;
/** Frames of one answer of the monitor: what a person can follow, and a burst of many buses. */
export const FRAMES_SHOWN = 200;

/** One page of the concentrators that somebody may see: those in his area, and those with meters of his. */
export async function concentratorPage(
  tx: Tx,
  scope: Scope,
  query: ConcentratorQuery,
  now: Instant,
): Promise<ConcentratorList> {
  const all = await concentratorLines(tx, scope, query, now);
  const pages = Math.max(1, Math.ceil(all.length / PAGE_SIZE));
  const page = Math.min(query.page ?? 1, pages);
  return {
    asOf: now,
    total: all.length,
    online: all.filter((each) => each.online).length,
    page,
    pages,
    items: all.slice((page - 1) * PAGE_SIZE, page * PAGE_SIZE),
  };
}

/** All of them, for a file. */
export async function concentratorLines(
  tx: Tx,
  scope: Scope,
  query: ConcentratorQuery,
  now: Instant,
): Promise<ConcentratorLine[]> {
  const search = (query.search ?? "").toLowerCase();
  const lines = await linesOf(tx, scope, now, null);
  const found = lines.filter((line) => {
    if (query.state === "retired" ? line.retiredAt === null : line.retiredAt !== null) return false;
    if (query.state === "online" && !line.online) return false;
    if (query.state === "offline" && line.online) return false;
    return search === "" || `${line.name} ${line.code} ${line.collector ?? ""}`.toLowerCase().includes(search);
  });
  return found.sort(order(query.sort ?? "online"));
}

function order(sort: NonNullable<ConcentratorQuery["sort"]>): (a: ConcentratorLine, b: ConcentratorLine) => number {
  const rate = (line: ConcentratorLine) => (line.asked === 0 ? 2 : line.answered / line.asked);
  // What needs a person comes first.
  const ranks: Record<typeof sort, (line: ConcentratorLine) => number> = {
    name: () => 0,
    online: (line) => (line.online ? 1 : 0),
    success: rate,
    queue: (line) => -line.queue,
    signal: (line) => line.rssiDbm ?? 0,
    meters: (line) => -line.meters,
  };
  const rank = ranks[sort];
  return (a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name, "zh-CN") || a.id - b.id;
}

async function linesOf(tx: Tx, scope: Scope, now: Instant, only: number | null): Promise<ConcentratorLine[]> {
  const rows = await tx
    .selectFrom("concentrator")
    .innerJoin("project", "project.id", "concentrator.project_id")
    .select(["project.name as project"])
    .selectAll("concentrator")
    .$if(only !== null, (query) => query.where("concentrator.id", "=", only ?? 0))
    .execute();
  const meters = await tx
    .selectFrom("meter")
    .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
    .where((eb) => inScope(eb as never, scope))
    .where("meter.retired_at", "is", null)
    .$if(only !== null, (query) => query.where("meter.concentrator_id", "=", only ?? 0))
    .select("meter.concentrator_id as id")
    .select((eb) => [
      eb.fn.countAll<number>().as("meters"),
      eb.fn
        .sum<number>(eb.case().when("meter_state.silent_rounds", ">=", SILENT_ROUNDS_MAX).then(1).else(0).end())
        .as("silent"),
    ])
    .groupBy("meter.concentrator_id")
    .execute();
  const queued = await tx
    .selectFrom("command")
    .innerJoin("meter", "meter.id", "command.meter_id")
    .where("command.state", "in", [...OPEN_STATES])
    .where((eb) => inScope(eb as never, scope))
    .$if(only !== null, (query) => query.where("command.concentrator_id", "=", only ?? 0))
    .select("command.concentrator_id as id")
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .groupBy("command.concentrator_id")
    .execute();
  const hours = await tx
    .selectFrom("link_hour")
    .where("hour_at", ">", now - DAY_MS)
    .$if(only !== null, (query) => query.where("concentrator_id", "=", only ?? 0))
    .select("concentrator_id as id")
    .select((eb) => [eb.fn.sum<number>("asked").as("asked"), eb.fn.sum<number>("answered").as("answered")])
    .groupBy("concentrator_id")
    .execute();
  const areas = scope.all ? null : await areasBelow(tx, scope.areaIds);
  const heartbeatMs = await heartbeatInUse(tx);
  const metersOf = new Map(meters.map((each) => [each.id, each]));
  const queueOf = new Map(queued.map((each) => [each.id, Number(each.count)]));
  const hoursOf = new Map(hours.map((each) => [each.id, each]));
  return rows
    .filter((row) => areas === null || areas.has(row.area_id) || metersOf.has(row.id))
    .map((row) => ({
      id: row.id,
      code: row.code,
      name: row.name,
      projectId: row.project_id,
      project: row.project,
      linkKind: row.link_kind,
      trust: row.trust,
      online: isOnline(row, now, heartbeatMs),
      onlineChangedAt: row.online_changed_at,
      lastSeenAt: row.last_seen_at,
      collector: row.lease_until >= now ? row.owner : null,
      rssiDbm: row.rssi_dbm,
      meters: Number(metersOf.get(row.id)?.meters ?? 0),
      metersSilent: Number(metersOf.get(row.id)?.silent ?? 0),
      metersMax: row.meters_max,
      queue: queueOf.get(row.id) ?? 0,
      asked: Number(hoursOf.get(row.id)?.asked ?? 0),
      answered: Number(hoursOf.get(row.id)?.answered ?? 0),
      retiredAt: row.retired_at,
    }));
}

/**
 * A collector that died cannot say that a concentrator is gone: its lease tells. One that hangs cannot either: the last heartbeat
 * tells. Devices of other kinds have heartbeats of their own.
 */
function isOnline(row: ConcentratorTable, now: Instant, heartbeatMs: number): boolean {
  if (row.online !== 1 || row.lease_until < now) return false;
  return row.link_kind !== "jichao" || now - row.last_seen_at <= GONE_HEARTBEATS * heartbeatMs + STATUS_MS;
}

/** Whether somebody may see a concentrator: it lies in his area, or a meter of his hangs at it. */
export async function concentratorVisible(tx: Tx, scope: Scope, id: number): Promise<boolean> {
  const row = await tx.selectFrom("concentrator").select("area_id").where("id", "=", id).executeTakeFirst();
  if (!row || scope.all) return row !== undefined;
  if ((await areasBelow(tx, scope.areaIds)).has(row.area_id)) return true;
  const meter = await tx
    .selectFrom("meter")
    .select("meter.id")
    .where("meter.concentrator_id", "=", id)
    .where("meter.retired_at", "is", null)
    .where((eb) => inScope(eb, scope))
    .executeTakeFirst();
  return meter !== undefined;
}

async function areasBelow(tx: Tx, areaIds: readonly number[]): Promise<Set<number>> {
  if (areaIds.length === 0) return new Set();
  const rows = await tx
    .selectFrom("area_ancestor")
    .select("area_id")
    .where("ancestor_id", "in", [...areaIds])
    .execute();
  return new Set(rows.map((row) => row.area_id));
}

/** One concentrator with its channels and meters; null outside the scope. */
export async function concentratorDetail(
  tx: Tx,
  scope: Scope,
  id: number,
  now: Instant,
): Promise<ConcentratorView | null> {
  const [line] = await linesOf(tx, scope, now, id);
  if (line === undefined) return null;
  const row = await tx
    .selectFrom("concentrator")
    .innerJoin("area", "area.id", "concentrator.area_id")
    .leftJoin("collection_default", "collection_default.project_id", "concentrator.project_id")
    .where("concentrator.id", "=", id)
    .select(["area.name as area", "concentrator.read_interval_s", "concentrator.version"])
    .select(["direction", "host", "port", "channel", "sources", "lock_source", "first_source", "tls_fingerprint"])
    .select("collection_default.read_interval_s as project_s")
    .executeTakeFirstOrThrow();
  const meterList = await metersOnChannels(tx, scope, id);
  const channels = await channelsOf(tx, id, { concentrator: row.read_interval_s, project: row.project_s }, meterList);
  return {
    ...line,
    asOf: now,
    area: row.area,
    direction: row.direction,
    host: row.host,
    port: row.port,
    channel: row.channel,
    sources: row.sources === null ? null : parseSources(row.sources),
    lockSource: row.lock_source === 1,
    firstSource: row.first_source,
    fingerprint: row.tls_fingerprint,
    readIntervalS: row.read_interval_s,
    version: row.version,
    channels,
    meterList,
  };
}

async function channelsOf(
  tx: Tx,
  concentratorId: number,
  above: { concentrator: number | null; project: number | null },
  meters: readonly MeterOnChannel[],
): Promise<Channel[]> {
  const rows = await tx
    .selectFrom("channel")
    .selectAll()
    .where("concentrator_id", "=", concentratorId)
    .orderBy("bus")
    .execute();
  return rows.map((row) => ({
    bus: row.bus,
    name: row.name,
    kind: row.kind,
    baud: row.baud,
    enabled: row.enabled === 1,
    readIntervalS: row.read_interval_s,
    itemSetId: row.item_set_id,
    version: row.version,
    meters: meters.filter((meter) => meter.bus === row.bus).length,
    cycleS: cycleOf({ channel: row.read_interval_s, ...above }),
  }));
}

async function metersOnChannels(tx: Tx, scope: Scope, concentratorId: number): Promise<MeterOnChannel[]> {
  const rows = await tx
    .selectFrom("meter")
    .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
    .where("meter.concentrator_id", "=", concentratorId)
    .where("meter.retired_at", "is", null)
    .where((eb) => inScope(eb as never, scope))
    .selectAll("meter")
    .leftJoin("box", "box.id", "meter.box_id")
    .select(["meter_state.last_answer_at", "meter_state.silent_rounds", "box.name as box_name"])
    .orderBy("meter.bus")
    .orderBy("meter.label")
    .execute();
  const frames = await tx
    .selectFrom("frame_log")
    .innerJoin("meter", "meter.id", "frame_log.meter_id")
    .where("meter.concentrator_id", "=", concentratorId)
    .where("frame_log.direction", "<>", "sent")
    .select("frame_log.meter_id")
    .select((eb) => [
      eb.fn.countAll<number>().as("questions"),
      eb.fn.sum<number>(eb.case().when("frame_log.direction", "=", "received").then(1).else(0).end()).as("answers"),
      eb.fn
        .sum<number>(eb.case().when("frame_log.direction", "=", "received").then(eb.ref("took_ms")).else(0).end())
        .as("took"),
    ])
    .groupBy("frame_log.meter_id")
    .execute();
  const quality = new Map(frames.map((each) => [each.meter_id, each]));
  return rows.map((row) => {
    const own = quality.get(row.id);
    const answers = Number(own?.answers ?? 0);
    return {
      meterId: row.id,
      number: row.number,
      label: row.label,
      kind: row.kind,
      profile: row.profile,
      address: row.address,
      bus: row.bus,
      gatewayId: row.gateway_id,
      switchKind: row.switch_kind,
      closesBy: row.closes_by,
      itemSetId: row.item_set_id,
      masterOf: row.master_of,
      boxName: row.box_name,
      version: row.version,
      lastAnswerAt: row.last_answer_at,
      silentRounds: row.silent_rounds,
      questions: Number(own?.questions ?? 0),
      answers,
      tookMs: answers === 0 ? null : Math.round(Number(own?.took ?? 0) / answers),
    };
  });
}

/** Frames on the buses of a concentrator, the newest {@link FRAMES_SHOWN} since an instant, oldest first, not yet explained. */
export async function busFramesOf(
  tx: Tx,
  scope: Scope,
  of: { concentratorId: number; since: number; meterId: number | null },
): Promise<Omit<BusFrame, "explained">[]> {
  const rows = await tx
    .selectFrom("frame_log")
    .innerJoin("meter", "meter.id", "frame_log.meter_id")
    .where("meter.concentrator_id", "=", of.concentratorId)
    .where((eb) => inScope(eb as never, scope))
    .where("frame_log.at", ">=", of.since)
    .$if(of.meterId !== null, (query) => query.where("meter.id", "=", of.meterId ?? 0))
    .select([
      "meter.id as meterId",
      "meter.label",
      "meter.bus",
      "frame_log.at",
      "frame_log.slot",
      "frame_log.direction",
      "frame_log.hex",
      "frame_log.took_ms as tookMs",
      "frame_log.command_id as commandId",
    ])
    .orderBy("frame_log.at", "desc")
    .orderBy("frame_log.slot", "desc")
    .limit(FRAMES_SHOWN)
    .execute();
  return rows.reverse();
}
