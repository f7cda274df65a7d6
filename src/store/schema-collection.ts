/** Tables of how meters are read and who may say so: cycles, items, channels, keys of the collector's door. Conventions as in `schema.ts`. */
import type { ChannelKind } from "#domain/collection.ts";
import type { Flag } from "./flag.ts";

/**
 * When the archive of a concentrator last changed, as a number that only grows; row 0 holds the newest of all. A collector that looks at
 * row 0 every second knows whether anything changed, and then which concentrators.
 */
export type ArchiveRevisionTable = { concentrator_id: number; revision: number };

/** How meters of a project are read unless a concentrator, channel or meter says otherwise. Null cycle: as the program was started. */
export type CollectionDefaultTable = {
  project_id: number;
  read_interval_s: number | null;
  item_set_id: number | null;
  version: number;
  updated_by: string;
  updated_at: number;
};

/** A channel (通道): one bus of a concentrator. A bus without a row is an ordinary wire that is read. */
export type ChannelTable = {
  concentrator_id: number;
  bus: number;
  name: string;
  kind: ChannelKind;
  /** Null: what each meter's profile says. */
  baud: number | null;
  enabled: Flag;
  read_interval_s: number | null;
  item_set_id: number | null;
  version: number;
  updated_by: string;
  updated_at: number;
};

/** An item set (抄表方案): what rounds ask besides what is always asked. `items` is JSON of `ItemPlan`. */
export type ItemSetTable = {
  id: number;
  project_id: number;
  name: string;
  items: string;
  version: number;
  updated_by: string;
  updated_at: number;
};

/** Makes adding and replacing happen once: the key of the happening, and what came of it. */
export type ArchiveChangeTable = {
  idem_key: string;
  request_hash: string;
  object_id: number;
  at: number;
};

/** How questions to the meters of a concentrator ended in one hour (epoch ms of its beginning). */
export type LinkHourTable = { concentrator_id: number; hour_at: number; asked: number; answered: number };

/** A collector at work, as it last said of itself. */
export type CollectorStatusTable = {
  name: string;
  started_at: number;
  seen_at: number;
  sessions: number;
  readings_waiting: number;
  lag_ms: number;
  /** Where concentrators dial in: the address that it listens on, and the ports; null where it has not said so, or has no such door. */
  link_host: string | null;
  link_port: number | null;
  link_tls_port: number | null;
};

/** A key of the collector's door (管理口密钥). Only its SHA-256 is kept. `permissions` is JSON. */
export type CollectorKeyTable = {
  name: string;
  key_hash: string;
  permissions: string;
  created_at: number;
  revoked_at: number | null;
  used_at: number;
};

export type CollectionSchema = {
  archive_revision: ArchiveRevisionTable;
  collection_default: CollectionDefaultTable;
  channel: ChannelTable;
  item_set: ItemSetTable;
  archive_change: ArchiveChangeTable;
  link_hour: LinkHourTable;
  collector_status: CollectorStatusTable;
  collector_key: CollectorKeyTable;
};
