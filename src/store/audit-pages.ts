import { type Expression, type ExpressionBuilder, type SqlBool, sql } from "kysely";
import { endOfDay, parseDay, startOfDay } from "#base/time.ts";
import type { AuditFilter, AuditRow, AuditSummary } from "#contract/audit.ts";
import type { Tx } from "./db.ts";
import { everyPage } from "./every-page.ts";
import { mentions } from "./mentions.ts";
import type { Schema } from "./schema.ts";
import type { AuditTable } from "./schema-users.ts";

/** Choices offered in a filter. */
const CHOICES_MAX = 300;

/** The newest rows of the audit that the filter holds; `before` is the place of the last row of the page before, `<at>.<id>`. */
export async function auditPage(
  read: Tx,
  input: AuditFilter & { before?: string | undefined; limit: number },
): Promise<{ items: AuditRow[]; more: boolean }> {
  const rows = await read
    .selectFrom("audit")
    .selectAll()
    .where((eb) => holds(eb, input))
    .$if(input.before !== undefined, (query) => query.where((eb) => isBefore(eb, input.before ?? "")))
    .orderBy("at", "desc")
    .orderBy("id", "desc")
    .limit(input.limit + 1)
    .execute();
  const shown = rows.slice(0, input.limit);
  const names = await objectNames(
    read,
    shown.map((row) => row.object),
  );
  return {
    items: shown.map((row) => toAuditRow(row, names.get(row.object) ?? null)),
    more: rows.length > input.limit,
  };
}

/** Every row that the filter holds, newest first, page by page. */
export function everyAuditRow(read: Tx, filter: AuditFilter): AsyncGenerator<AuditRow> {
  return everyPage(
    (at) => auditPage(read, { ...filter, ...at }),
    (row) => `${row.at}.${row.id}`,
  );
}

/** How many rows the filter holds. */
export async function countAudit(read: Tx, filter: AuditFilter): Promise<number> {
  const { count } = await read
    .selectFrom("audit")
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .where((eb) => holds(eb, filter))
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** Who and what stands in the audit at all, for the filter. */
export async function auditChoices(read: Tx): Promise<Pick<AuditSummary, "actors" | "actions" | "kinds">> {
  const distinct = async (column: "actor" | "action") => {
    const rows = await read.selectFrom("audit").select(column).distinct().orderBy(column).limit(CHOICES_MAX).execute();
    return rows.map((row) => String((row as Record<string, unknown>)[column]));
  };
  return { actors: await distinct("actor"), actions: await distinct("action"), kinds: await objectKinds(read) };
}

/** The kinds of things that rows are about, each found by one step in the index: there are dozens, and millions of rows. */
async function objectKinds(read: Tx): Promise<string[]> {
  const kinds: string[] = [];
  let after = "";
  while (kinds.length < CHOICES_MAX) {
    const row = await read
      .selectFrom("audit")
      .select("object")
      .where("object", ">=", after)
      .orderBy("object")
      .limit(1)
      .executeTakeFirst();
    if (row === undefined) break;
    const kind = row.object.split(":")[0] ?? "";
    if (kinds.at(-1) !== kind) kinds.push(kind);
    // ";" is the sign after ":": behind everything of this kind, and behind the kind alone.
    after = row.object.includes(":") ? `${kind};` : `${kind}\u0000`;
    if (after <= row.object) break;
  }
  return kinds;
}

type Audited = Pick<Schema, "audit">;

function isBefore(eb: ExpressionBuilder<Audited, "audit">, place: string): Expression<SqlBool> {
  const [at = "", id = ""] = place.split(".");
  return eb.or([eb("at", "<", Number(at)), eb.and([eb("at", "=", Number(at)), eb("id", "<", id)])]);
}

function holds(eb: ExpressionBuilder<Audited, "audit">, filter: AuditFilter): Expression<SqlBool> {
  const { who, action, object, from, to, search } = filter;
  const [first, last] = [parseDay(from ?? ""), parseDay(to ?? "")];
  const all: Expression<SqlBool>[] = [];
  if (who !== undefined) all.push(eb("actor", "=", who));
  if (action !== undefined) all.push(isOrBelow(eb, "action", action, "."));
  if (object !== undefined) all.push(isOrBelow(eb, "object", object, ":"));
  if (first !== null) all.push(eb("at", ">=", startOfDay(first)));
  if (last !== null) all.push(eb("at", "<", endOfDay(last)));
  if (search !== undefined) all.push(mentions(eb, ["actor", "object", "reason", "ip", "before", "after"], search));
  return all.length === 0 ? sql<SqlBool>`1 = 1` : eb.and(all);
}

/** The text itself, or one that goes on behind the sign: a stretch of the index, which LIKE is not on every engine. */
function isOrBelow(
  eb: ExpressionBuilder<Audited, "audit">,
  column: "action" | "object",
  text: string,
  sign: "." | ":",
): Expression<SqlBool> {
  const next = String.fromCharCode(sign.charCodeAt(0) + 1);
  return eb.or([
    eb(column, "=", text),
    eb.and([eb(column, ">=", `${text}${sign}`), eb(column, "<", `${text}${next}`)]),
  ]);
}

function toAuditRow(row: AuditTable, objectName: string | null): AuditRow {
  return { ...row, objectName, before: figures(row.before), after: figures(row.after) };
}

/** What was written down as JSON; a text that is none any more is shown as it stands: somebody has been at it. */
function figures(text: string | null): Record<string, unknown> | null {
  if (text === null) return null;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : { value };
  } catch {
    return { unreadable: text };
  }
}

/** What people call the things that rows are about. */
async function objectNames(read: Tx, objects: readonly string[]): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  const ids = (kind: string) => [
    ...new Set(
      objects
        .filter((object) => object.startsWith(`${kind}:`))
        .map((object) => Number(object.slice(kind.length + 1)))
        .filter((id) => Number.isSafeInteger(id)),
    ),
  ];
  const meters = ids("meter");
  if (meters.length > 0) {
    const rows = await read.selectFrom("meter").select(["id", "label", "number"]).where("id", "in", meters).execute();
    for (const row of rows) names.set(`meter:${row.id}`, `${row.label} ${row.number}`);
  }
  const concentrators = ids("concentrator");
  if (concentrators.length > 0) {
    const rows = await read
      .selectFrom("concentrator")
      .select(["id", "name"])
      .where("id", "in", concentrators)
      .execute();
    for (const row of rows) names.set(`concentrator:${row.id}`, row.name);
  }
  const people = ids("user");
  if (people.length > 0) {
    const rows = await read.selectFrom("user").select(["id", "login", "name"]).where("id", "in", people).execute();
    for (const row of rows) names.set(`user:${row.id}`, `${row.name} (${row.login})`);
  }
  return names;
}
