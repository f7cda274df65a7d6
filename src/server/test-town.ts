import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FastifyInstance, InjectOptions } from "fastify";
import { type Permission, permissions } from "#domain/permission.ts";
import type { FlowContext } from "#flows/context.ts";
import { loadActor } from "#flows/log-in.ts";
import type { Db } from "#store/db.ts";
import type { MeterTable } from "#store/schema-archive.ts";
import type { MeterStateTable } from "#store/schema-readings.ts";
import { concentratorRow } from "#store/test-concentrator.ts";
import { systemClock } from "#system/clock.ts";
import { randomToken, sha256Hex } from "#system/crypto.ts";
import { newId } from "#system/ids.ts";
import { silentLog } from "#system/log.ts";
import { createSealer } from "#system/seal.ts";
import { type AppDeps, buildApp } from "./app.ts";
import { createShelf } from "./exports/shelf.ts";
import { createLiveHub } from "./live/hub.ts";
import { serverMetrics } from "./metrics.ts";

/**
 * Two streets (areas 1 and 2) with one concentrator and two meters each: 11 and 12, 21 and 22. Meters 11 and 21 hold their
 * own credit, 12 and 22 have it on the server. Nobody but {@link enrol}ed users can log in.
 */
export async function buildTown(db: Db): Promise<void> {
  await db.transact(async (tx) => {
    await tx.insertInto("project").values({ id: 1, name: "测试项目" }).execute();
    for (const area of [1, 2]) {
      await tx
        .insertInto("area")
        .values({ id: area, project_id: 1, parent_id: null, name: `${area} 号街`, sort: area })
        .execute();
      await tx.insertInto("area_ancestor").values({ area_id: area, ancestor_id: area }).execute();
      await tx.insertInto("concentrator").values(concentrator(area)).execute();
      for (const nth of [1, 2]) {
        const id = area * 10 + nth;
        const number = String(id).padStart(12, "0");
        const customer = { id, project_id: 1, number, name: `客户${id}`, phone: `138000000${id}`, created_at: 1 };
        await tx.insertInto("customer").values(customer).execute();
        await tx
          .insertInto("room")
          .values({ id, area_id: area, name: `${area}-${id}` })
          .execute();
        await tx
          .insertInto("account")
          .values(account(id, nth === 1 ? "meter" : "server"))
          .execute();
        await tx.insertInto("meter").values(meter(id, area)).execute();
        await tx.insertInto("meter_state").values(meterState(id)).execute();
      }
    }
  });
}

function concentrator(area: number) {
  return concentratorRow({
    id: area,
    area_id: area,
    code: `C${area}`,
    name: `${area} 号集中器`,
    owner: "test",
    epoch: 1,
    lease_until: systemClock() + 3_600_000,
    online: 1,
    online_changed_at: 1,
    last_seen_at: systemClock(),
  });
}

/** An account that is even, of the customer of its own number. */
export function account(id: number, creditAt: "meter" | "server") {
  return {
    id,
    customer_id: id,
    number: String(id).padStart(12, "0"),
    credit_at: creditAt,
    overdraft_e4: 0,
    arrears_evaluations: 0,
    arrears_reading_at: 0,
    version: 0,
  };
}

/** An ordinary meter of an area, with the account of its own number. */
export function meter(id: number, area: number): MeterTable {
  return {
    id,
    project_id: 1,
    area_id: area,
    room_id: id,
    box_id: null,
    account_id: id,
    number: `E${id}`,
    label: `${area}-${id}`,
    kind: "electricity",
    profile: "jc1",
    address: String(id).padStart(12, "0"),
    concentrator_id: area,
    bus: 1,
    mode: "prepaid",
    switch_kind: "relay",
    closes_by: "direct",
    price_e4: 8000,
    ratio: 1,
    power_max_w: 10_000,
    low_credit_wh: 20_000,
    supply_guard: 0,
    created_at: 1,
    gateway_id: null,
    installation: 1,
    item_set_id: null,
    master_of: null,
    version: 0,
    retired_at: null,
  };
}

/** The state of a meter that was just read and settled at 1000 units. */
export function meterState(id: number): MeterStateTable {
  const now = systemClock();
  return {
    meter_id: id,
    index_wh: 1_000_000,
    index_at: now,
    remaining_wh: 50_000,
    remaining_at: now,
    purchase_count: 0,
    purchase_count_read: 0,
    purchase_count_read_at: now,
    relay: "closed",
    relay_at: now,
    relay_commanded: null,
    relay_commanded_at: 0,
    relay_commanded_for: null,
    off_cause: null,
    status_word3: 0,
    voltage_mv: 220_000,
    current_ma: 0,
    power_w: 0,
    instant_at: now,
    last_answer_at: now,
    silent_rounds: 0,
    silent_at: 0,
    suspect_wh: null,
    suspect_at: 0,
    switch_fault: 0,
    rejected_wh: null,
    rejected_at: 0,
    settled_index_wh: 1_000_000,
    settled_at: now,
    settled_residue: 0,
    low_credit: 0,
    top_ups_stopped: 0,
    top_up_open: null,
    frame_count: 0,
    changed_at: now,
    version: 0,
  };
}

export type TestUser = { id: number; login: string; token: string; cookie: string };

let users = 1000;

/** A user with these permissions (all of them when not said) over these areas (all meters when not said), logged in. */
export async function enrol(
  db: Db,
  input: { permissions?: readonly Permission[]; areas?: readonly number[]; passwordHash?: string },
): Promise<TestUser> {
  const id = ++users;
  const login = `user${id}`;
  const token = randomToken();
  const now = systemClock();
  await db.transact(async (tx) => {
    const granted = JSON.stringify(input.permissions ?? permissions);
    await tx
      .insertInto("role")
      .values({ id, code: `role${id}`, name: `角色${id}`, permissions: granted, version: 0 })
      .execute();
    await tx
      .insertInto("user")
      .values({
        id,
        login,
        name: `用户${id}`,
        password_hash: input.passwordHash ?? "none",
        disabled: 0,
        all_meters: input.areas === undefined ? 1 : 0,
        created_at: now,
        must_change: 0,
        seen_at: 0,
        version: 0,
      })
      .execute();
    await tx.insertInto("user_role").values({ user_id: id, role_id: id }).execute();
    for (const area of input.areas ?? []) {
      await tx.insertInto("user_scope").values({ user_id: id, kind: "area", ref_id: area }).execute();
    }
    const times = { created_at: now, seen_at: now, expires_at: now + 3_600_000, proved_at: now, agent: "" };
    await tx
      .insertInto("session")
      .values({ token_hash: sha256Hex(token), user_id: id, ...times, ip: "127.0.0.1" })
      .execute();
  });
  return { id, login, token, cookie: `jc_s=${token}` };
}

/** What flows are given in these tests: the real clock, the real ids, and the database of the test. */
export function contextOf(db: Db): FlowContext {
  return { db, clock: systemClock, newId, log: silentLog };
}

/** The app on that database, every answer checked against its schema; a live hub that looks ten times a second. */
export async function testApp(db: Db, over: Partial<AppDeps> = {}): Promise<FastifyInstance> {
  const ctx: FlowContext = { ...contextOf(db), clock: over.clock ?? systemClock };
  const hub = createLiveHub({ ctx, pollMs: 100 });
  return buildApp({
    ...ctx,
    hub,
    loadCaller: (token) => loadActor(ctx, token),
    webDir: "/nonexistent",
    nudge: () => hub.nudge(),
    shelf: createShelf({ folder: join(tmpdir(), `jichao-exports-${randomToken(6)}`), bytesMax: 100_000_000 }),
    nudgeExports: () => {},
    metrics: serverMetrics(ctx, hub),
    metricsToken: null,
    validateAnswers: true,
    sealer: createSealer("5e".repeat(32)),
    ...over,
  });
}

/** A request of our own page by this user. */
export function asked(
  user: TestUser | null,
  method: "GET" | "POST" | "DELETE",
  url: string,
  payload?: object,
): InjectOptions {
  const isFile = Buffer.isBuffer(payload);
  const headers = {
    "sec-fetch-site": "same-origin",
    ...(user === null ? {} : { cookie: user.cookie }),
    ...(isFile ? { "content-type": "application/octet-stream" } : {}),
  };
  return { method, url, headers, ...(payload === undefined ? {} : { payload }) };
}
