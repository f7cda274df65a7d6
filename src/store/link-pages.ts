import type { LinkKind } from "#domain/link.ts";
import type { Scope } from "#domain/permission.ts";
import { parseSources } from "./concentrators.ts";
import type { Tx } from "./db.ts";
import { inScope } from "./scope.ts";

/** The concentrators behind which meters of a scope hang, as the door sees them. */
export async function linkRows(tx: Tx, scope: Scope) {
  const rows = await tx
    .selectFrom("concentrator")
    .selectAll()
    .$if(!scope.all, (query) => query.where("id", "in", concentratorsOf(tx, scope)))
    .orderBy("code")
    .execute();
  return rows.map((row) => ({
    id: row.id,
    projectId: row.project_id,
    code: row.code,
    name: row.name,
    kind: row.link_kind satisfies LinkKind,
    trust: row.trust,
    channel: row.channel,
    sources: row.sources === null ? null : parseSources(row.sources),
    lockSource: row.lock_source === 1,
    firstSource: row.first_source,
    fingerprint: row.tls_fingerprint,
    online: row.online === 1,
  }));
}

/** The newest alarms of the door since a time, of concentrators of a scope. */
export async function linkAlarms(tx: Tx, scope: Scope, { since, limit }: { since: number; limit: number }) {
  const rows = await tx
    .selectFrom("concentrator_alarm")
    .innerJoin("concentrator", "concentrator.id", "concentrator_alarm.concentrator_id")
    .where("concentrator_alarm.last_at", ">=", since)
    .$if(!scope.all, (query) => query.where("concentrator.id", "in", concentratorsOf(tx, scope)))
    .select([
      "concentrator_alarm.id",
      "concentrator.code",
      "concentrator.name",
      "concentrator_alarm.kind",
      "concentrator_alarm.first_at",
      "concentrator_alarm.last_at",
      "concentrator_alarm.times",
      "concentrator_alarm.detail",
    ])
    .orderBy("concentrator_alarm.last_at", "desc")
    .limit(limit)
    .execute();
  return rows.map(({ first_at: firstAt, last_at: lastAt, detail, ...row }) => ({
    ...row,
    firstAt,
    lastAt,
    source: String((JSON.parse(detail) as { source?: string }).source ?? ""),
  }));
}

/** A query of its own for a condition: what it stands in does not matter. */
function concentratorsOf(tx: Tx, scope: Scope) {
  return tx
    .selectFrom("meter")
    .select("meter.concentrator_id")
    .where((eb) => inScope(eb, scope));
}
