import type { Kysely } from "kysely";
import type { Schema } from "../schema.ts";
import { addColumns, int, type Kind, maybe } from "./make-tables.ts";

/**
 * Users and roles become things that people change: versions, who has to change a password, when somebody was last seen, through whose
 * eyes a session looks. An installation that has roles already gets the auditor's (审计员) beside them; a new one makes its own.
 */
export async function up(db: Kysely<Schema>, kind: Kind): Promise<void> {
  await addColumns(db, kind, "user", {
    must_change: { column: int, fill: 0 },
    seen_at: { column: int, fill: 0 },
    version: { column: int, fill: 0 },
  });
  await addColumns(db, kind, "role", { version: { column: int, fill: 0 } });
  await addColumns(db, kind, "session", { preview_of: { column: maybe(int) } });
  await lowerCaseLogins(db);
  await addAuditor(db);
}

/** Of names that differ in case alone one stays; the others get the number of their user, as the page shows. */
async function lowerCaseLogins(db: Kysely<Schema>): Promise<void> {
  const users = await db.selectFrom("user").select(["id", "login"]).orderBy("id").execute();
  const taken = new Set(users.map((user) => user.login));
  for (const user of users) {
    const kept = user.login.normalize("NFKC").trim().toLowerCase();
    if (kept === user.login) continue;
    const login = taken.has(kept) ? `${kept}.${user.id}` : kept;
    taken.add(login);
    await db.updateTable("user").set({ login }).where("id", "=", user.id).execute();
  }
}

async function addAuditor(db: Kysely<Schema>): Promise<void> {
  const roles = await db.selectFrom("role").select(["id", "code"]).execute();
  if (roles.length === 0 || roles.some((role) => role.code === "auditor")) return;
  const id = Math.max(...roles.map((role) => role.id)) + 1;
  const views = ["board", "meter", "recharge", "shift", "customer", "price", "report", "share", "reconcile", "audit"];
  const permissions = JSON.stringify(views.map((each) => `${each}.view`));
  await db.insertInto("role").values({ id, code: "auditor", name: "审计员", permissions, version: 0 }).execute();
}
