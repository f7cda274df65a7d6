import { METERS_PER_CONCENTRATOR_MAX } from "#domain/link.ts";
import type { ConcentratorTable } from "./schema-archive.ts";

/** What tells a new concentrator from every other; all else is as with one that has never come. */
type Own = Pick<
  ConcentratorTable,
  "id" | "project_id" | "area_id" | "code" | "name" | "key_sealed" | "link_kind" | "direction" | "trust"
>;

/** The row of a concentrator (集中器) that nobody has heard of yet: no session, no owner, plain unless it says otherwise. */
export function newConcentrator(own: Own & Partial<ConcentratorTable>): ConcentratorTable {
  return {
    meters_max: METERS_PER_CONCENTRATOR_MAX,
    owner: null,
    epoch: 0,
    lease_until: 0,
    online: 0,
    online_changed_at: 0,
    last_seen_at: 0,
    rssi_dbm: null,
    host: null,
    port: null,
    dtu_packets: null,
    channel: "plain",
    tls_fingerprint: null,
    sources: null,
    lock_source: 0,
    first_source: null,
    read_interval_s: null,
    version: 0,
    retired_at: null,
    ...own,
  };
}
