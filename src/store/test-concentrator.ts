import type { ConcentratorTable } from "./schema-archive.ts";

/** A concentrator of project 1 that dials in by its own link and has not come yet, with what a test says of it. */
export function concentratorRow(
  own: Pick<ConcentratorTable, "id" | "area_id" | "code" | "name"> & Partial<ConcentratorTable>,
): ConcentratorTable {
  return {
    project_id: 1,
    key_sealed: "",
    meters_max: 500,
    owner: null,
    epoch: 0,
    lease_until: 0,
    online: 0,
    online_changed_at: 0,
    last_seen_at: 0,
    rssi_dbm: null,
    link_kind: "jichao",
    direction: "dials_in",
    host: null,
    port: null,
    trust: "full",
    channel: "plain",
    tls_fingerprint: null,
    sources: null,
    lock_source: 0,
    first_source: null,
    dtu_packets: null,
    read_interval_s: null,
    version: 0,
    retired_at: null,
    ...own,
  };
}
