import { z } from "zod";
import { clockModes } from "#domain/clock-setting.ts";
import {
  BUS_MAX,
  bauds,
  CYCLE_SECONDS_MAX,
  CYCLE_SECONDS_MIN,
  channelKinds,
  EVERY_MAX,
  optionalItems,
} from "#domain/collection.ts";
import { linkChannels, linkDirections, linkKinds, linkTrusts } from "#domain/link.ts";
import { masterPlaces } from "#domain/loss.ts";
import { isSourceRange, SOURCE_RANGES_MAX } from "#domain/source-range.ts";

const whole = z.number().int();
const id = whole.positive();
/** A transformer station; and more credit than anybody buys at once. */
const POWER_MAX_W_MAX = 1_000_000_000;
const LOW_CREDIT_WH_MAX = 1_000_000_000;
const key = z.string().min(8).max(100);
const name = z.string().trim().min(1).max(50);
const reason = z.string().trim().min(1).max(200);
const version = whole.min(0);
/** Seconds; null: as the level above says. */
const cycle = whole.min(CYCLE_SECONDS_MIN).max(CYCLE_SECONDS_MAX).nullable();
const bus = whole.min(1).max(BUS_MAX);
const itemSetId = id.nullable();
const linkKey = z
  .string()
  .trim()
  .regex(/^[0-9a-fA-F]{32}$/);
const code = z
  .string()
  .trim()
  .regex(/^[\x21-\x7e]{1,32}$/);
const baud = z.union(bauds.map((each) => z.literal(each)));

/** What one round asks besides what it always asks. */
const plannedItem = z.object({ item: z.enum(optionalItems), every: whole.min(1).max(EVERY_MAX) });
const items = z
  .array(plannedItem)
  .max(optionalItems.length)
  .refine((list) => new Set(list.map((each) => each.item)).size === list.length);

/** POST /api/collection/defaults: how a project is read unless something nearer says otherwise. */
export const defaultsRequest = z.object({ projectId: id, readIntervalS: cycle, itemSetId, version });
export type DefaultsRequest = z.infer<typeof defaultsRequest>;

/** POST /api/collection/item-sets: adds one, or changes the one with this id. */
export const itemSetRequest = z.object({
  id: id.nullable(),
  projectId: id,
  name,
  items,
  version,
});
export type ItemSetRequest = z.infer<typeof itemSetRequest>;

/** POST …/remove. */
export const versionRequest = z.object({ version });

/** An item set (抄表方案). `uses` counts the projects, channels and meters that name it. */
export const itemSet = z.object({ id, projectId: id, name: z.string(), items, version, uses: whole });
export type ItemSet = z.infer<typeof itemSet>;

/** Whether clocks of meters are set by the system (校时); `version` names what was seen. */
export const clockSetting = z.object({ mode: z.enum(clockModes), updatedBy: z.string(), updatedAt: whole, version });

/** POST /api/collection/clock. */
export const clockRequest = z.object({ mode: z.enum(clockModes), version, reason, confirmed: z.literal(true) });
export type ClockRequest = z.infer<typeof clockRequest>;

/** GET /api/collection. */
export const collectionSettings = z.object({
  asOf: whole,
  clock: clockSetting,
  projects: z.array(
    z.object({
      projectId: id,
      name: z.string(),
      readIntervalS: whole.nullable(),
      itemSetId,
      version,
      updatedBy: z.string(),
      updatedAt: whole,
    }),
  ),
  itemSets: z.array(itemSet),
});
export type CollectionSettings = z.infer<typeof collectionSettings>;

/** GET /api/collectors: collectors at work (前置机), as they last said of themselves. */
export const collectors = z.object({
  asOf: whole,
  items: z.array(
    z.object({
      name: z.string(),
      startedAt: whole,
      seenAt: whole,
      isUp: z.boolean(),
      sessions: whole,
      /** Concentrators whose lease it holds now. */
      leases: whole,
      readingsWaiting: whole,
      lagMs: whole,
      /** Where concentrators dial in; null where it has not said so. */
      linkHost: z.string().nullable(),
      linkPort: whole.nullable(),
      linkTlsPort: whole.nullable(),
    }),
  ),
});
export type Collectors = z.infer<typeof collectors>;

const sorts = ["name", "online", "success", "queue", "signal", "meters"] as const;

/** GET /api/concentrators. */
export const concentratorQuery = z.object({
  search: z.string().trim().max(50).exactOptional(),
  state: z.enum(["online", "offline", "retired"]).exactOptional(),
  sort: z.enum(sorts).exactOptional(),
  page: z.coerce.number().int().min(1).max(10_000).exactOptional(),
});
export type ConcentratorQuery = z.infer<typeof concentratorQuery>;

/** A concentrator in the list. Meters are those in the caller's area. */
export const concentratorLine = z.object({
  id,
  code: z.string(),
  name: z.string(),
  projectId: id,
  project: z.string(),
  linkKind: z.enum(linkKinds),
  trust: z.enum(linkTrusts),
  online: z.boolean(),
  onlineChangedAt: whole,
  lastSeenAt: whole,
  collector: z.string().nullable(),
  rssiDbm: whole.nullable(),
  meters: whole,
  metersSilent: whole,
  metersMax: whole,
  /** Commands that have not ended. */
  queue: whole,
  /** Questions of the last 24 hours, and how many of them were answered. */
  asked: whole,
  answered: whole,
  retiredAt: whole.nullable(),
});
export type ConcentratorLine = z.infer<typeof concentratorLine>;
export const concentratorList = z.object({
  asOf: whole,
  total: whole,
  online: whole,
  page: whole,
  pages: whole,
  items: z.array(concentratorLine),
});
export type ConcentratorList = z.infer<typeof concentratorList>;

/** A channel (通道). `cycleS` is what holds, from whichever level; null: as the collector was started. */
export const channel = z.object({
  bus,
  name: z.string(),
  kind: z.enum(channelKinds),
  baud: whole.nullable(),
  enabled: z.boolean(),
  readIntervalS: whole.nullable(),
  itemSetId,
  version,
  meters: whole,
  cycleS: whole.nullable(),
});
export type Channel = z.infer<typeof channel>;

/** A meter behind a concentrator, with how well it answers: of its last frames. */
export const meterOnChannel = z.object({
  meterId: id,
  number: z.string(),
  label: z.string(),
  kind: z.enum(["electricity", "water"]),
  profile: z.string(),
  address: z.string(),
  bus: whole,
  gatewayId: id.nullable(),
  switchKind: z.enum(["relay", "breaker", "valve", "none"]),
  closesBy: z.enum(["direct", "button"]),
  itemSetId,
  /** What it is the master meter of, and the box that it hangs in. */
  masterOf: z.enum(masterPlaces).nullable(),
  boxName: z.string().nullable(),
  version,
  lastAnswerAt: whole,
  silentRounds: whole,
  questions: whole,
  answers: whole,
  /** Of the answered ones, in ms. */
  tookMs: whole.nullable(),
});
export type MeterOnChannel = z.infer<typeof meterOnChannel>;

/** GET /api/concentrators/:id. */
export const concentratorView = concentratorLine.extend({
  asOf: whole,
  area: z.string(),
  readIntervalS: whole.nullable(),
  version,
  direction: z.enum(linkDirections),
  /** Where one that listens is dialled. */
  host: z.string().nullable(),
  port: whole.nullable(),
  channel: z.enum(linkChannels),
  /** Networks that it may come from; null for any. */
  sources: z.array(z.string()).nullable(),
  lockSource: z.boolean(),
  firstSource: z.string().nullable(),
  /** SHA-256 of its certificate; null when it shows none. */
  fingerprint: z.string().nullable(),
  channels: z.array(channel),
  meterList: z.array(meterOnChannel),
});
export type ConcentratorView = z.infer<typeof concentratorView>;

/** POST /api/concentrators/:id/edit. */
export const concentratorEdit = z.object({ name, readIntervalS: cycle, version });
export type ConcentratorEdit = z.infer<typeof concentratorEdit>;

/**
 * POST /api/concentrators/:id/link: how it comes, from where, and what may be done over it. `linkKey` is needed when it is to speak JCP/1
 * from now on; `confirmed` when it is guarded less than before.
 */
export const concentratorLinkRequest = z.object({
  linkKind: z.enum(linkKinds),
  direction: z.enum(linkDirections),
  host: z.string().trim().max(100).nullable(),
  port: whole.min(1).max(65_535).nullable(),
  trust: z.enum(linkTrusts),
  channel: z.enum(linkChannels),
  sources: z.array(z.string().trim().refine(isSourceRange)).min(1).max(SOURCE_RANGES_MAX).nullable(),
  lockSource: z.boolean(),
  forgetSource: z.boolean(),
  fingerprint: z
    .string()
    .transform((text) => text.replace(/[:\s]/g, "").toLowerCase())
    .pipe(z.string().regex(/^[0-9a-f]{64}$/))
    .nullable(),
  linkKey: linkKey.nullable(),
  version,
  reason,
  confirmed: z.boolean(),
});
export type ConcentratorLinkRequest = z.infer<typeof concentratorLinkRequest>;

/** POST /api/concentrators: a new one of JCP/1, or a link without a key. `linkKey` null: one is made and shown once. */
export const concentratorAdd = z.object({
  key,
  areaId: id,
  code,
  name,
  linkKind: z.enum(linkKinds),
  linkKey: linkKey.nullable(),
});
export type ConcentratorAdd = z.infer<typeof concentratorAdd>;

/** POST /api/concentrators/:id/replace: another device takes its place; meters, channels and cycles stay. */
export const concentratorReplace = z.object({
  key,
  code,
  linkKey: linkKey.nullable(),
  version,
  reason,
  confirmed: z.literal(true),
});
export type ConcentratorReplace = z.infer<typeof concentratorReplace>;

/** What adding or replacing came to. `linkKey`: only in this answer; null for links without one, and when the request is repeated. */
export const concentratorMade = z.object({ id, code: z.string(), linkKey: z.string().nullable() });
export type ConcentratorMade = z.infer<typeof concentratorMade>;

/** POST …/retire of a concentrator or a meter. */
export const retireRequest = z.object({ version, reason, confirmed: z.literal(true) });
export type RetireRequest = z.infer<typeof retireRequest>;

/** POST /api/concentrators/:id/channels: adds the bus, or changes it when `version` is that of the one that is there. */
export const channelRequest = z.object({
  bus,
  name,
  kind: z.enum(channelKinds),
  baud: baud.nullable(),
  enabled: z.boolean(),
  readIntervalS: cycle,
  itemSetId,
  /** Null: it is not there yet. */
  version: version.nullable(),
});
export type ChannelRequest = z.infer<typeof channelRequest>;

const switchKind = z.enum(["relay", "breaker", "valve", "none"]);
const closesBy = z.enum(["direct", "button"]);

/** POST /api/meters/:id/edit. */
export const meterEdit = z.object({
  label: name,
  itemSetId,
  /** What it is the master meter (总表) of; left out: as it is. */
  masterOf: z.enum(masterPlaces).nullable().optional(),
  version,
});
export type MeterEdit = z.infer<typeof meterEdit>;

/** POST /api/meters/:id/protocol: the meter is spoken to in another way from now on. */
export const meterProtocol = z.object({
  profile: z.string().min(1).max(40),
  address: z.string().trim().min(1).max(20),
  switchKind,
  closesBy,
  version,
  reason,
  confirmed: z.literal(true),
});
export type MeterProtocol = z.infer<typeof meterProtocol>;

/** POST /api/meters/:id/move: it hangs elsewhere. */
export const meterMove = z.object({
  concentratorId: id,
  bus,
  gatewayId: id.nullable(),
  version,
  reason,
});
export type MeterMove = z.infer<typeof meterMove>;

/** POST /api/meters: a new meter in an empty room; its tenant moves in later. Price in yuan for a unit; the index as it is read off. */
export const meterAdd = z.object({
  key,
  concentratorId: id,
  bus,
  gatewayId: id.nullable(),
  areaId: id,
  label: name,
  number: z.string().trim().min(1).max(32),
  address: z.string().trim().min(1).max(20),
  kind: z.enum(["electricity", "water"]),
  profile: z.string().min(1).max(40),
  mode: z.enum(["prepaid", "postpaid", "public"]),
  switchKind,
  closesBy,
  price: z.string().trim().max(20),
  ratio: whole.min(1).max(100_000),
  openIndex: z.string().trim().max(20),
  /** The most that it can draw, through its transformer, in W; the usual of its kind when left out. */
  powerMaxW: whole.min(1).max(POWER_MAX_W_MAX).exactOptional(),
  /** First reminder of low credit, in Wh or litres; the usual one when left out. */
  lowCreditWh: whole.min(0).max(LOW_CREDIT_WH_MAX).exactOptional(),
});
export type MeterAdd = z.infer<typeof meterAdd>;
export const meterMade = z.object({ meterId: id });

/** One frame on a bus, for the monitor. `slot` and `at` together name it. */
export const busFrame = z.object({
  meterId: id,
  label: z.string(),
  bus: whole,
  at: whole,
  slot: whole,
  direction: z.enum(["sent", "received", "silence"]),
  hex: z.string(),
  tookMs: whole,
  commandId: z.string().nullable(),
  explained: z.array(z.string()),
});
export type BusFrame = z.infer<typeof busFrame>;

/** GET /api/concentrators/:id/frames: those since an instant (inclusive), or the newest. Oldest first. */
export const busFrameQuery = z.object({
  since: z.coerce.number().int().min(0).exactOptional(),
  meterId: z.coerce.number().int().positive().exactOptional(),
});
export const busFrames = z.object({ asOf: whole, items: z.array(busFrame) });
export type BusFrames = z.infer<typeof busFrames>;

/** GET /api/collection/places: what forms choose from. */
export const collectionPlaces = z.object({
  areas: z.array(z.object({ id, name: z.string(), projectId: id })),
  profiles: z.array(
    z.object({
      name: z.string(),
      zh: z.string(),
      protocol: z.string(),
      kind: z.enum(["electricity", "water"]),
      inMeter: z.boolean(),
      switchKind,
      closesBy,
    }),
  ),
});
export type CollectionPlaces = z.infer<typeof collectionPlaces>;
