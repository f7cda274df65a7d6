import { afterEach, describe, expect, test } from "vitest";
import { instant, later, MINUTE_MS } from "#base/time.ts";
import { type Actor, type Permission, permissions, SCOPE_ALL } from "#domain/permission.ts";
import { freshDatabase, type TestDatabase, testDatabases } from "#store/test-databases.ts";
import { actorOf } from "#store/users.ts";
import { newId } from "#system/ids.ts";
import { silentLog } from "#system/log.ts";
import { createSealer } from "#system/seal.ts";
import { TOTP_STEP_MS, totpCode, totpStep } from "#system/totp.ts";
import type { FlowContext } from "./context.ts";
import { ensureFirstAdministrator, loadActor, logIn } from "./log-in.ts";
import { FAILURES_PER_LOGIN_MAX, LOCK_MS, unlock } from "./login-lock.ts";
import { demandSafety, prove } from "./prove.ts";
import { saveSafetySettings } from "./safety-settings.ts";
import { beginTotp, confirmSecondFactor, removeOwnFactor, resetSecondFactor, totpPurpose } from "./second-factor.ts";
import { refusal } from "./test-refusal.ts";

const PASSWORD = "correct horse 电池";
const sealer = createSealer("5e".repeat(32));
const IP = "10.0.0.1";
let db: TestDatabase | undefined;
afterEach(() => db?.drop());

async function site(name: "sqlite" | "mariadb") {
  const fresh = await freshDatabase(name);
  db = fresh;
  const clock = { now: instant(1_800_000_000_000) };
  const ctx: FlowContext = { db: fresh, clock: () => clock.now, newId, log: silentLog };
  await ensureFirstAdministrator(ctx, PASSWORD);
  const enter = (code?: string, ip = IP) => logIn(ctx, { login: "admin", password: PASSWORD, code, ip }, sealer);
  const pass = (ms: number) => {
    clock.now = later(clock.now, ms);
  };
  return { ctx, db: fresh, enter, pass, refused: (attempt: Promise<unknown>) => refusal(attempt) };
}

/** The administrator with an authenticator; `code(0)` is what it shows now, `code(-1)` what it showed before. */
async function enrolled(name: "sqlite" | "mariadb") {
  const made = await site(name);
  const { token, actor } = await made.enter();
  await beginTotp(made.ctx, sealer, actor);
  const row = await made.db.read.selectFrom("user_totp").selectAll().executeTakeFirstOrThrow();
  const secret = sealer.unseal(row.secret_sealed, totpPurpose(1));
  const code = (off = 0) => totpCode(secret, totpStep(made.ctx.clock()) + off);
  const codes = await confirmSecondFactor(made.ctx, sealer, actor, { code: code(), token, ip: IP });
  made.pass(2 * TOTP_STEP_MS);
  return { ...made, token, actor, code, codes, secret };
}

/** Another user with these permissions, as he is let in. */
async function colleague(
  { db, clock }: FlowContext,
  { id, allMeters, permissions: held }: { id: number; allMeters: boolean; permissions: readonly Permission[] },
): Promise<Actor> {
  await db.transact(async (tx) => {
    const role = { id: 100 + id, code: `role${id}`, name: `role${id}`, permissions: JSON.stringify(held), version: 0 };
    await tx.insertInto("role").values(role).execute();
    const row = { id, login: `user${id}`, name: `user${id}`, password_hash: "none", created_at: clock() };
    const state = { disabled: 0, all_meters: allMeters ? 1 : 0, must_change: 0, seen_at: 0, version: 0 } as const;
    await tx
      .insertInto("user")
      .values({ ...row, ...state })
      .execute();
    await tx.insertInto("user_role").values({ user_id: id, role_id: role.id }).execute();
  });
  const actor = await actorOf(db.read, id);
  if (actor === null) throw new Error("he was just entered");
  return actor;
}

describe.each(testDatabases)("the second factor on $name", ({ name, available }) => {
  const run = test.skipIf(!available);

  run("asks for a code after the right password only, and tells nothing of it after a wrong one", async () => {
    const { ctx, enter, code, refused } = await enrolled(name);
    expect(await refused(enter())).toBe("second_factor_required");
    const wrong = logIn(ctx, { login: "admin", password: "wrong", code: code(), ip: IP }, sealer);
    expect(await refused(wrong)).toBe("login_failed");
    expect(await loadActor(ctx, (await enter(code())).token)).not.toBeNull();
  });

  run("a code is good once, an older one after it never, the next one again", async () => {
    const { enter, code, pass, refused } = await enrolled(name);
    await enter(code());
    expect(await refused(enter(code()))).toBe("code_wrong"); // replayed
    expect(await refused(enter(code(-1)))).toBe("code_wrong"); // of the step before
    pass(TOTP_STEP_MS);
    expect(await refused(enter(code(-1)))).toBe("code_wrong"); // still the used one
    await enter(code());
    expect(await refused(enter(code(2)))).toBe("code_wrong"); // two steps ahead
  });

  run("of many who bring one code at once, one gets in", async () => {
    const { db: seen, enter, code } = await enrolled(name);
    const before = await seen.read.selectFrom("session").select("token_hash").execute();
    const results = await Promise.allSettled(Array.from({ length: 4 }, () => enter(code())));
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const after = await seen.read.selectFrom("session").select("token_hash").execute();
    expect(after.length - before.length).toBe(1);
  });

  run("wrong codes lock like wrong passwords, even the right one waits, and the host can let in", async () => {
    const { ctx, enter, code, pass, refused } = await enrolled(name);
    for (let i = 0; i < FAILURES_PER_LOGIN_MAX; i++)
      expect(await refused(enter("000000", `10.0.1.${i}`))).toBe("code_wrong");
    expect(await refused(enter(code()))).toBe("too_many_logins");
    pass(LOCK_MS);
    await enter(code());
    for (let i = 0; i < FAILURES_PER_LOGIN_MAX; i++) await refused(enter("000000", `10.0.2.${i}`));
    pass(TOTP_STEP_MS);
    expect(await refused(enter(code()))).toBe("too_many_logins");
    expect(await unlock(ctx, { login: "ADMIN" }, "host")).toBe(true);
    await enter(code());
  });

  run("a recovery code gets in once, however it is typed; only hashes of them are kept", async () => {
    const { db: seen, enter, codes, refused } = await enrolled(name);
    expect(new Set(codes).size).toBe(10);
    const [first = "", second = ""] = codes;
    await enter(first);
    expect(await refused(enter(first))).toBe("code_wrong");
    await enter(` ${second.replaceAll("-", "").toLowerCase()} `);
    expect(await refused(enter("AAAA-AAAA-AAAA-AAAA"))).toBe("code_wrong");
    const rows = JSON.stringify(await seen.read.selectFrom("user_recovery_code").selectAll().execute());
    expect(codes.some((each) => rows.includes(each) || rows.includes(each.replaceAll("-", "")))).toBe(false);
  });

  run("the secret rests sealed, and stands neither in the audit nor anywhere in plain", async () => {
    const { db: seen, secret, codes } = await enrolled(name);
    const rows = JSON.stringify([
      await seen.read.selectFrom("user_totp").selectAll().execute(),
      await seen.read.selectFrom("audit").selectAll().execute(),
    ]);
    for (const encoding of ["hex", "base64", "latin1"] as const)
      expect(rows).not.toContain(Buffer.from(secret).toString(encoding));
    expect(codes.some((each) => rows.includes(each))).toBe(false);
  });

  run("setting it up ends the other sessions, and cannot be done twice or with a wrong code", async () => {
    const { ctx, enter, refused } = await site(name);
    const other = await enter();
    const { token, actor } = await enter();
    const confirm = (code: string) => confirmSecondFactor(ctx, sealer, actor, { code, token, ip: IP });
    expect(await refused(confirm("123456"))).toBe("totp_not_begun");
    await beginTotp(ctx, sealer, actor);
    expect(await refused(confirm("abc"))).toBe("code_wrong");
    await enter(); // asks for nothing before it is confirmed
    const row = await ctx.db.read.selectFrom("user_totp").selectAll().executeTakeFirstOrThrow();
    const secret = sealer.unseal(row.secret_sealed, totpPurpose(1));
    await confirm(totpCode(secret, totpStep(ctx.clock())));
    expect(await loadActor(ctx, other.token)).toBeNull();
    expect(await loadActor(ctx, token)).not.toBeNull();
    expect(await refused(beginTotp(ctx, sealer, actor))).toBe("totp_enrolled");
  });

  run(
    "somebody else who may do as much takes it away with a reason, which ends his sessions; nobody his own",
    async () => {
      const { ctx, actor, token, enter, refused } = await enrolled(name);
      const reset = (by: Actor) => resetSecondFactor(ctx, by, { userId: 1, reason: "手机丢失", ip: IP });
      expect(await refused(reset(actor))).toBe("totp_reset_self");
      const limited = await colleague(ctx, { id: 2, allMeters: false, permissions });
      expect(await refused(reset(limited))).toBe("user_not_found");
      const lesser = await colleague(ctx, { id: 3, allMeters: true, permissions: ["user.manage"] });
      expect(await refused(reset(lesser))).toBe("user_beyond_you");
      expect(await loadActor(ctx, token)).not.toBeNull();
      const boss = await colleague(ctx, { id: 4, allMeters: true, permissions });
      await ctx.db.transact((tx) => tx.updateTable("user").set({ disabled: 1 }).where("id", "=", 4).execute());
      expect(await refused(reset(boss))).toBe("unauthenticated"); // let in, and disabled meanwhile
      await ctx.db.transact((tx) => tx.updateTable("user").set({ disabled: 0 }).where("id", "=", 4).execute());
      await reset(boss);
      expect(await loadActor(ctx, token)).toBeNull();
      await enter();
      const audit = await ctx.db.read.selectFrom("audit").selectAll().where("action", "=", "totp.reset").execute();
      expect(audit).toMatchObject([{ actor: "user4", object: "user:1", reason: "手机丢失" }]);
    },
  );
});

describe.each(testDatabases)("a proof on $name", ({ name, available }) => {
  const run = test.skipIf(!available);
  const dangerous = { granting: ["meter.trip"] as const, stepUp: true };

  run("holds for as long as the setting says, counted from the log-in or the last proof", async () => {
    const { ctx, enter, pass, refused } = await site(name);
    const { token, actor } = await enter();
    const ask = () => demandSafety(ctx, { actor, token, ...dangerous });
    pass(10 * MINUTE_MS - 1);
    await ask();
    pass(1); // between opening the form and sending it
    expect(await refused(ask())).toBe("step_up_required");
    await demandSafety(ctx, { actor, token, ...dangerous, stepUp: false });
    const by = (password: string) => prove(ctx, sealer, actor, { token, password, code: "", ip: IP });
    expect(await refused(by("wrong"))).toBe("proof_password_wrong");
    expect(await refused(ask())).toBe("step_up_required");
    await by(PASSWORD);
    await ask();
    await saveSafetySettings(ctx, actor, {
      ...{ stepUpMinutes: 0, totpPermissions: [], reason: "试", ip: IP, hasFactor: false },
    });
    pass(60 * MINUTE_MS);
    await ask();
  });

  run("takes a code and no password where there is a second factor, each code once, and locks a guesser", async () => {
    const { ctx, actor, token, code, pass, refused } = await enrolled(name);
    pass(20 * MINUTE_MS);
    const by = (of: { password?: string; code?: string }) =>
      prove(ctx, sealer, actor, { token, password: "", code: "", ip: IP, ...of });
    expect(await refused(by({ password: PASSWORD }))).toBe("code_wrong");
    const now = code();
    await by({ code: now });
    expect(await refused(by({ code: now }))).toBe("code_wrong");
    for (let i = 1; i < FAILURES_PER_LOGIN_MAX; i++) expect(await refused(by({ code: "000000" }))).toBe("code_wrong");
    pass(TOTP_STEP_MS);
    expect(await refused(by({ code: code() }))).toBe("too_many_logins");
  });

  run("a permission that asks for a second factor sleeps until there is one; others go on", async () => {
    const { ctx, enter, refused } = await site(name);
    const { token, actor } = await enter();
    const demand = { stepUpMinutes: 10, totpPermissions: ["meter.trip"] as const, reason: "规定", ip: IP };
    const save = (hasFactor: boolean) =>
      saveSafetySettings(ctx, actor, { ...demand, totpPermissions: [...demand.totpPermissions], hasFactor });
    expect(await refused(save(false))).toBe("totp_enrol_required"); // he would shut himself out
    await save(true);
    const ask = (granting: Actor["permissions"]) =>
      demandSafety(ctx, { actor, token, granting: [...granting], stepUp: false });
    expect(await refused(ask(new Set(["meter.trip"])))).toBe("totp_enrol_required");
    await ask(new Set(["meter.read"]));
    await ask(new Set(["meter.trip", "meter.read"])); // the other one lets it happen
    expect(await refused(removeOwnFactor(ctx, actor, { ip: IP }))).toBe("totp_demanded");
    const nobody = { ...actor, permissions: new Set(permissions.slice(0, 2)), scope: SCOPE_ALL };
    expect(await refused(removeOwnFactor(ctx, nobody, { ip: IP }))).toBe("totp_not_begun");
  });
});
