import { Kysely, MysqlDialect, sql } from "kysely";
import { AppError } from "#base/errors.ts";
import { SOFTWARE_VERSION } from "#base/version.ts";
import { pause } from "#system/clock.ts";
import { type Log, silentLog } from "#system/log.ts";
import { migrationMarks, newerDatabase, unknownMigrations } from "./migration-marks.ts";
import * as firstLight from "./migrations/0001_first_light.ts";
import * as links from "./migrations/0002_links.ts";
import * as switchFault from "./migrations/0003_switch_fault.ts";
import * as keys from "./migrations/0004_keys.ts";
import * as desk from "./migrations/0005_desk.ts";
import * as refunds from "./migrations/0006_refunds.ts";
import * as tariffs from "./migrations/0007_tariffs.ts";
import * as daysAndShares from "./migrations/0008_days_and_shares.ts";
import * as groups from "./migrations/0009_groups.ts";
import * as seals from "./migrations/0010_seals.ts";
import * as reconcile from "./migrations/0011_reconcile.ts";
import * as moveOuts from "./migrations/0012_move_outs.ts";
import * as devices from "./migrations/0013_devices.ts";
import * as past from "./migrations/0014_past.ts";
import * as collection from "./migrations/0015_collection.ts";
import * as linksDoor from "./migrations/0016_links_door.ts";
import * as safekeeping from "./migrations/0017_safekeeping.ts";
import * as monthDays from "./migrations/0018_month_days.ts";
import * as packedReadings from "./migrations/0019_packed_readings.ts";
import * as exports from "./migrations/0020_exports.ts";
import * as imports from "./migrations/0021_imports.ts";
import * as importPermission from "./migrations/0022_import_permission.ts";
import * as daySums from "./migrations/0023_day_sums.ts";
import * as people from "./migrations/0024_people.ts";
import * as auditChain from "./migrations/0025_audit_chain.ts";
import * as secondFactor from "./migrations/0026_second_factor.ts";
import * as masterMeters from "./migrations/0027_master_meters.ts";
import * as alarms from "./migrations/0028_alarms.ts";
import * as loadGuard from "./migrations/0029_load_guard.ts";
import * as trials from "./migrations/0030_trials.ts";
import * as switchBatches from "./migrations/0031_switch_batches.ts";
import * as setup from "./migrations/0032_setup.ts";
import * as marks from "./migrations/0033_marks.ts";
import * as limits from "./migrations/0034_limits.ts";
import * as fieldMasks from "./migrations/0035_field_masks.ts";
import type { MysqlAddress } from "./mysql-address.ts";
import { mysqlPool } from "./mysql-pool.ts";
import { mysqlWriter } from "./mysql-writer.ts";
import type { Schema } from "./schema.ts";
import type { SqliteWriter } from "./sqlite-writer.ts";

/**
 * One step forward. Steps are never edited once released and never undone. On the MySQL family every statement commits
 * by itself, so a step must get through when an earlier try of it stopped anywhere: `if not exists`, keys, conditions.
 *
 * `olderCanRun`: programs that do not know the step may go on with the database, and the way back to them costs nothing. Only for steps that add tables,
 * indexes, and columns that may be left out of an insert, when nothing that newer programs write means something else to older ones. A release that writes
 * what older programs would misread brings an unmarked step, if need be one that does nothing. What older programs write meanwhile leaves the new columns
 * empty: the newer program must get along with that, as the step is not applied again.
 */
export type Migration = {
  name: string;
  olderCanRun?: true;
  up(db: Kysely<Schema>, kind: "sqlite" | "mysql"): Promise<void>;
};

/** All steps, in the order in which they are made. */
export const migrations: readonly Migration[] = [
  { name: "0001_first_light", up: firstLight.up },
  { name: "0002_links", up: links.up },
  { name: "0003_switch_fault", up: switchFault.up },
  { name: "0004_keys", up: keys.up },
  { name: "0006_refunds", up: refunds.up },
  { name: "0005_desk", up: desk.up },
  { name: "0008_days_and_shares", up: daysAndShares.up },
  { name: "0007_tariffs", up: tariffs.up },
  { name: "0009_groups", up: groups.up },
  { name: "0010_seals", up: seals.up },
  { name: "0011_reconcile", up: reconcile.up },
  { name: "0012_move_outs", up: moveOuts.up },
  { name: "0013_devices", up: devices.up },
  { name: "0014_past", up: past.up },
  { name: "0015_collection", up: collection.up },
  { name: "0016_links_door", up: linksDoor.up },
  { name: "0017_safekeeping", up: safekeeping.up },
  { name: "0019_packed_readings", up: packedReadings.up },
  { name: "0018_month_days", up: monthDays.up },
  { name: "0020_exports", up: exports.up },
  { name: "0021_imports", up: imports.up },
  { name: "0022_import_permission", up: importPermission.up },
  { name: "0023_day_sums", up: daySums.up },
  { name: "0024_people", up: people.up },
  { name: "0025_audit_chain", up: auditChain.up },
  { name: "0027_master_meters", up: masterMeters.up },
  { name: "0026_second_factor", up: secondFactor.up },
  { name: "0028_alarms", up: alarms.up },
  { name: "0031_switch_batches", up: switchBatches.up },
  { name: "0032_setup", up: setup.up },
  { name: "0030_trials", up: trials.up },
  { name: "0029_load_guard", up: loadGuard.up },
  { name: "0033_marks", up: marks.up, olderCanRun: true },
  { name: "0035_field_masks", up: fieldMasks.up, olderCanRun: true },
  { name: "0034_limits", up: limits.up },
];

/** Statements that rebuild a big table take their time. */
const STATEMENT_TIMEOUT_MS = 60 * 60_000;
/** How long a second program waits for the first to finish. */
const LOCK_WAIT_S = 600;
/**
 * How often a running program looks whether the database has become too new for it, and how long an unmarked step is announced before its first statement:
 * older programs have ended by then.
 */
export const NEWER_LOOK_MS = 3_000;
export const ANNOUNCED_MS = 10_000;

/** The names of all migrations that this version knows, in the order in which they are made. */
export const migrationNames: readonly string[] = migrations.map(({ name }) => name);

/** A table of this name stands in a database into which a restore has begun and not ended. */
export const RESTORING = "restoring";

/** Which migrations to apply: all, but for a restore of an older version. */
type Wanted = (name: string) => boolean;
const all: Wanted = () => true;

/** `steps`: other ones than those of this version; only tests and rehearsals have such. */
export type Migrating = { log?: Log; steps?: readonly Migration[]; announcedMs?: number };

/** On SQLite all pending steps are one transaction: whoever comes second finds them done. */
export function migrateSqlite(
  writer: SqliteWriter,
  wanted: Wanted = all,
  migrating: Migrating = {},
): Promise<string[]> {
  return writer.transact((tx) => applyPending(tx, "sqlite", wanted, migrating));
}

/**
 * On the MySQL family a named lock keeps a second program out; it dies with its connection. On a cluster it holds on one
 * node only: there the steps' own `if not exists` carries, as tables are made in one order on all nodes.
 */
export async function migrateMysql(
  address: MysqlAddress,
  wanted: Wanted = all,
  migrating: Migrating = {},
): Promise<string[]> {
  const writer = mysqlWriter(address);
  const pool = mysqlPool(address, writer, {
    connections: 1,
    readOnly: false,
    queryTimeoutMs: STATEMENT_TIMEOUT_MS,
    onUse: () => {},
    translate: (error) => error,
  });
  const db = new Kysely<Schema>({ dialect: new MysqlDialect({ pool }) });
  try {
    return await db.connection().execute(async (connection) => {
      const lock = `jichao.migrate.${address.database}`.slice(-LOCK_NAME_CHARS_MAX);
      const { rows } = await sql<{ got: number | null }>`select get_lock(${lock}, ${LOCK_WAIT_S}) as got`.execute(
        connection,
      );
      if (rows[0]?.got !== 1)
        throw new AppError("database_unavailable", {}, { cause: new Error("migration lock is held") });
      return await applyPending(connection, "mysql", wanted, migrating);
    });
  } finally {
    await db.destroy(); // and with the connection goes the lock
    writer.close();
  }
}

/** Longer names are refused by MySQL. */
const LOCK_NAME_CHARS_MAX = 64;

async function applyPending(
  db: Kysely<Schema>,
  kind: "sqlite" | "mysql",
  wanted: Wanted,
  { log = silentLog, steps = migrations, announcedMs = ANNOUNCED_MS }: Migrating,
): Promise<string[]> {
  // Half a restore is no system: no program starts on it.
  if (wanted === all && (await hasTable(db, kind, RESTORING))) throw new AppError("restore_unfinished");
  const isThere = await hasTable(db, kind, "migration");
  const marked = isThere ? await migrationMarks(db) : [];
  const names = steps.map(({ name }) => name);
  const newer = newerDatabase(marked, names);
  if (newer !== null) throw newer;
  const borne = unknownMigrations(marked, names).borne.map(({ name }) => name);
  if (borne.length > 0)
    log.warn({ migrations: borne }, "the database is newer than this program, which gets along with it");
  const known = new Set(marked.flatMap(({ name, isDone }) => (isDone ? [name] : [])));
  const pending = steps.filter(({ name }) => !known.has(name) && wanted(name));
  // With nothing to do nothing is touched: the programs may run as a user who cannot make tables.
  if (isThere && pending.length === 0) return [];
  const name = kind === "sqlite" ? sql`text` : sql`varchar(100)`;
  const end = kind === "sqlite" ? sql`strict` : sql`engine=InnoDB default charset=utf8mb4 collate=utf8mb4_bin`;
  // Refused to a user who may not change tables, before anything is announced.
  await sql`create table if not exists migration (name ${name} not null primary key) ${end}`.execute(db);
  const begun = new Set(marked.flatMap(({ name, isDone }) => (isDone ? [] : [name])));
  if (
    wanted === all &&
    kind === "mysql" &&
    known.has(MARKS) &&
    pending.some(({ olderCanRun }) => olderCanRun !== true)
  ) {
    for (const step of pending) {
      if (!begun.has(step.name)) await note(db, step, 0);
      begun.add(step.name);
    }
    await pause(announcedMs);
  }
  for (const step of pending) {
    await step.up(db, kind);
    known.add(step.name);
    if (begun.has(step.name)) await sql`update migration set ended = 1 where name = ${step.name}`.execute(db);
    else if (known.has(MARKS)) await note(db, step, 1);
    else await sql`insert into migration (name) values (${step.name})`.execute(db);
  }
  return pending.map(({ name }) => name);
}

/** The step from which on the table `migration` has marks. */
const MARKS = "0033_marks";

function note(db: Kysely<Schema>, { name, olderCanRun }: Migration, ended: 0 | 1): Promise<unknown> {
  return sql`insert into migration (name, older_can_run, made_by, ended)
    values (${name}, ${olderCanRun === true ? 1 : 0}, ${SOFTWARE_VERSION}, ${ended})`.execute(db);
}

async function hasTable(db: Kysely<Schema>, kind: "sqlite" | "mysql", table: string): Promise<boolean> {
  const { rows } =
    kind === "sqlite"
      ? await sql`select 1 from sqlite_master where type = 'table' and name = ${table}`.execute(db)
      : await sql`select 1 from information_schema.tables
          where table_schema = database() and table_name = ${table}`.execute(db);
  return rows.length > 0;
}
