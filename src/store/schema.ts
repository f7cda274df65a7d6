/**
 * Every table, one schema for SQLite, MySQL and MariaDB. Names carry units: `_wh` watt-hours (litres for water: 1000 to
 * the unit), `_e4` 1/10000 yuan, `_at` epoch milliseconds. Booleans are 0/1. JSON is text. Ids of archive rows are
 * integers from the `sequence` table; ids of things that happen are 20 characters made by the application.
 * The migrations in `migrations/` make these tables; the files `schema-<topic>.ts` are what the code sees.
 */

import type { AlarmsSchema } from "./schema-alarms.ts";
import type { ArchiveSchema } from "./schema-archive.ts";
import type { BatchesSchema } from "./schema-batches.ts";
import type { CollectionSchema } from "./schema-collection.ts";
import type { CommandsSchema } from "./schema-commands.ts";
import type { DaysSchema } from "./schema-days.ts";
import type { DeskSchema } from "./schema-desk.ts";
import type { DevicesSchema } from "./schema-devices.ts";
import type { ExportsSchema } from "./schema-exports.ts";
import type { GroupsSchema } from "./schema-groups.ts";
import type { ImportsSchema } from "./schema-imports.ts";
import type { KeysSchema } from "./schema-keys.ts";
import type { LedgerSchema } from "./schema-ledger.ts";
import type { LimitsSchema } from "./schema-limits.ts";
import type { LinksSchema } from "./schema-links.ts";
import type { LoadGuardSchema } from "./schema-load-guard.ts";
import type { PastSchema } from "./schema-past.ts";
import type { ReadingsSchema } from "./schema-readings.ts";
import type { ReconcileSchema } from "./schema-reconcile.ts";
import type { RefundsSchema } from "./schema-refunds.ts";
import type { SafekeepingSchema } from "./schema-safekeeping.ts";
import type { SealSchema } from "./schema-seals.ts";
import type { SetupSchema } from "./schema-setup.ts";
import type { SharesSchema } from "./schema-shares.ts";
import type { TariffSchema } from "./schema-tariff.ts";
import type { TrialsSchema } from "./schema-trials.ts";
import type { UsersSchema } from "./schema-users.ts";

/** All tables: those of each `schema-<topic>.ts` beside this file. */
export type Schema = AlarmsSchema &
  LoadGuardSchema &
  ArchiveSchema &
  BatchesSchema &
  CollectionSchema &
  CommandsSchema &
  DaysSchema &
  DeskSchema &
  DevicesSchema &
  ExportsSchema &
  GroupsSchema &
  ImportsSchema &
  KeysSchema &
  LedgerSchema &
  LimitsSchema &
  LinksSchema &
  PastSchema &
  ReadingsSchema &
  ReconcileSchema &
  RefundsSchema &
  SafekeepingSchema &
  SealSchema &
  SetupSchema &
  SharesSchema &
  TariffSchema &
  TrialsSchema &
  UsersSchema;
