import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type LiveEvent, liveEvent } from "#contract/live.ts";
import type { Permission } from "#domain/permission.ts";
import { freshDatabase } from "#store/test-databases.ts";
import { systemClock } from "#system/clock.ts";
import { asked, buildTown, enrol, meterState, type TestUser, testApp } from "./test-town.ts";

let db: Awaited<ReturnType<typeof freshDatabase>>;
let app: FastifyInstance;
let address: string;

beforeAll(async () => {
  db = await freshDatabase("sqlite");
  await buildTown(db);
  app = await testApp(db);
  address = await app.listen({ host: "127.0.0.1", port: 0 });
});
afterAll(async () => {
  await app.close();
  await db.drop();
});

/** A page that listens; every event that comes is checked against the contract. */
async function listen(user: TestUser) {
  const stop = new AbortController();
  const answer = await fetch(`${address}/api/live`, { headers: { cookie: user.cookie }, signal: stop.signal });
  const events: LiveEvent[] = [];
  let told = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  void (async () => {
    const decoder = new TextDecoder();
    let text = "";
    try {
      for await (const chunk of answer.body ?? []) {
        text += decoder.decode(chunk, { stream: true });
        const parts = text.split("\n\n");
        text = parts.pop() ?? "";
        for (const part of parts)
          if (part.startsWith("data: ")) events.push(liveEvent.parse(JSON.parse(part.slice(6))));
        told.resolve();
        told = Promise.withResolvers();
      }
    } catch {}
    ended.resolve();
    told.resolve();
  })();
  async function until<T>(find: (events: LiveEvent[]) => T | undefined): Promise<T> {
    for (;;) {
      const found = find(events);
      if (found !== undefined) return found;
      await told.promise;
    }
  }
  const beat = () => until((all) => all.find((event) => event.type === "beat"));
  return { answer, events, until, beat, ended: ended.promise, close: () => stop.abort() };
}

function tileOf(meterId: number, state: string) {
  return (events: LiveEvent[]) =>
    events.findLast(
      (event) => event.type === "tiles" && event.tiles.some((tile) => tile.meterId === meterId && tile.state === state),
    );
}

async function setLowCredit(meterId: number, low: 0 | 1): Promise<void> {
  const change = { low_credit: low, changed_at: systemClock() };
  await db.transact((tx) => tx.updateTable("meter_state").set(change).where("meter_id", "=", meterId).execute());
}

test("the stream is one that no proxy holds back and nobody stores", async () => {
  const page = await listen(await enrol(db, {}));
  expect(page.answer.status).toBe(200);
  expect(page.answer.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
  expect(page.answer.headers.get("x-accel-buffering")).toBe("no");
  expect(page.answer.headers.get("cache-control")).toBe("no-store");
  page.close();
});

test("a page hears a beat at once, and then a change", async () => {
  const page = await listen(await enrol(db, {}));
  await page.beat();
  await setLowCredit(11, 1);
  await page.until(tileOf(11, "alarm"));
  page.close();
});

test("a page hears only of its own streets", async () => {
  const [first, second] = [
    await listen(await enrol(db, { areas: [1] })),
    await listen(await enrol(db, { areas: [2] })),
  ];
  await Promise.all([first.beat(), second.beat()]);
  await setLowCredit(21, 1);
  await second.until(tileOf(21, "alarm"));
  await setLowCredit(12, 1);
  await first.until(tileOf(12, "alarm"));
  const seen = ({ events }: typeof first) =>
    new Set(events.flatMap((event) => (event.type === "tiles" ? event.tiles.map((tile) => tile.areaId) : [])));
  expect(seen(first)).toEqual(new Set([1]));
  expect(seen(second)).toEqual(new Set([2]));
  first.close();
  second.close();
});

test("a repeat is not told twice, and a change that was committed late is not missed", async () => {
  const page = await listen(await enrol(db, {}));
  await page.beat();
  const late = { low_credit: 1, changed_at: systemClock() - 10_000 } as const;
  await db.transact((tx) => tx.updateTable("meter_state").set(late).where("meter_id", "=", 22).execute());
  await page.until(tileOf(22, "alarm"));
  await setLowCredit(11, 0);
  await page.until(tileOf(11, "normal"));
  const told = page.events.filter(
    (event) => event.type === "tiles" && event.tiles.some((tile) => tile.meterId === 22 && tile.state === "alarm"),
  );
  expect(told).toHaveLength(1);
  page.close();
});

test("a page that came after a change hears of it: it may have loaded the board just before", async () => {
  await setLowCredit(12, 0);
  const page = await listen(await enrol(db, {}));
  await page.until(tileOf(12, "normal"));
  page.close();
});

test("a tile goes from who sees its area no more, and comes to who does, when areas are moved; a retired one goes, too", async () => {
  const [admin, his, hers] = [await enrol(db, {}), await enrol(db, { areas: [1] }), await enrol(db, { areas: [2] })];
  const like = await db.read.selectFrom("meter").selectAll().where("id", "=", 11).executeTakeFirstOrThrow();
  await db.transact(async (tx) => {
    await tx.insertInto("area").values({ id: 50, project_id: 1, parent_id: 1, name: "五十号", sort: 50 }).execute();
    for (const ancestor_id of [50, 1])
      await tx.insertInto("area_ancestor").values({ area_id: 50, ancestor_id }).execute();
    const place = { area_id: 50, account_id: null, number: "E51", address: "000000000051", label: "50-51" };
    await tx
      .insertInto("meter")
      .values({ ...like, id: 51, ...place, master_of: null, box_id: null })
      .execute();
    await tx
      .insertInto("meter_state")
      .values({ ...meterState(51), changed_at: 1 })
      .execute();
  });
  const pages = { his: await listen(his), hers: await listen(hers), admin: await listen(admin) };
  const all = Object.values(pages);
  await Promise.all(all.map((page) => page.beat()));
  const move = async (from: number, to: number) => {
    const body = { parentId: to, seenParentId: from, reason: "改划" };
    expect((await app.inject(asked(admin, "POST", "/api/areas/50/move", body))).statusCode).toBeLessThan(300);
  };
  const gone = (events: LiveEvent[]) => events.find((event) => event.type === "gone" && event.meterIds.includes(51));
  const came = (events: LiveEvent[]) =>
    events.find((event) => event.type === "tiles" && event.tiles.some((tile) => tile.meterId === 51));
  await move(1, 2);
  await Promise.all([pages.his.until(gone), pages.hers.until(came)]);
  expect([gone(pages.hers.events), came(pages.his.events), gone(pages.admin.events)]).toEqual(Array(3).fill(undefined));
  const late = await listen(his); // it may have loaded its board just before
  await late.until(gone);
  for (const page of [...all, late]) page.events.length = 0;
  await move(2, 1);
  await Promise.all([pages.his.until(came), pages.hers.until(gone), late.until(came)]);
  expect([came(pages.hers.events), gone(pages.his.events), gone(late.events)]).toEqual(Array(3).fill(undefined));

  for (const page of [...all, late]) page.events.length = 0;
  const retired = await app.inject(
    asked(admin, "POST", "/api/meters/51/retire", { version: like.version, confirmed: true, reason: "拆除" }),
  );
  expect(retired.statusCode, retired.body).toBeLessThan(300);
  await Promise.all([pages.his.until(gone), pages.admin.until(gone), late.until(gone)]);
  expect(gone(pages.hers.events)).toBeUndefined();
  for (const page of [...all, late]) page.close();
});

test("orders and commands are told to those who may see them, each to his own", async () => {
  const cashier = await enrol(db, { permissions: ["recharge.create", "recharge.view"] });
  const keeper = await enrol(db, { permissions: ["meter.view", "meter.read"] });
  const other = await enrol(db, { permissions: ["recharge.view", "meter.view"], areas: [2] });
  const pages = [await listen(cashier), await listen(keeper), await listen(other)] as const;
  for (const page of pages) await page.beat();
  const order = (
    await app.inject(
      asked(cashier, "POST", "/api/recharges", { key: "live-order", meterId: 11, amount: "80", channel: "cash" }),
    )
  ).json();
  const command = (
    await app.inject(asked(keeper, "POST", "/api/meters/11/commands", { key: "live-command", kind: "read" }))
  ).json();
  await pages[0].until((all) => all.find((event) => event.type === "order" && event.order.orderNo === order.orderNo));
  await pages[1].until((all) => all.find((event) => event.type === "command" && event.command.id === command.id));
  await setLowCredit(21, 0);
  const later = (
    await app.inject(
      asked(await enrol(db, {}), "POST", "/api/recharges", {
        key: "live-other",
        meterId: 21,
        amount: "80",
        channel: "cash",
      }),
    )
  ).json();
  await pages[2].until((all) => all.find((event) => event.type === "order" && event.order.orderNo === later.orderNo));
  const kinds = pages.map(({ events }) => [...new Set(events.map(({ type }) => type))].sort());
  expect(kinds[0]).toEqual(["beat", "order"]);
  expect(kinds[1]).toEqual(["beat", "command"]);
  const heard = pages[2].events.flatMap((event) =>
    event.type === "order" ? [event.order.meterId] : event.type === "command" ? [event.command.meterId] : [],
  );
  expect(new Set(heard)).toEqual(new Set([21]));
  for (const page of pages) page.close();
});

async function permit(user: TestUser, granted: readonly Permission[]): Promise<void> {
  await db.transact((tx) =>
    tx
      .updateTable("role")
      .set({ permissions: JSON.stringify(granted) })
      .where("id", "=", user.id)
      .execute(),
  );
}

test.each<[string, (user: TestUser) => Promise<unknown>]>([
  [
    "whose user is disabled",
    (user) => db.transact((tx) => tx.updateTable("user").set({ disabled: 1 }).where("id", "=", user.id).execute()),
  ],
  ["whose user logs out", (user) => app.inject(asked(user, "DELETE", "/api/session"))],
  ["whose rights change", (user) => permit(user, ["board.view"])],
  [
    "whose streets change",
    (user) =>
      db.transact((tx) => tx.updateTable("user_scope").set({ ref_id: 2 }).where("user_id", "=", user.id).execute()),
  ],
])("a page %s is cut within five seconds", async (_, change) => {
  const user = await enrol(db, { areas: [1] });
  const page = await listen(user);
  await page.beat();
  const began = performance.now();
  await change(user);
  await page.ended;
  expect(performance.now() - began).toBeLessThan(30_000); // five seconds, and a machine that is busy
});

test("closing the server ends the streams instead of waiting for them", async () => {
  const own = await testApp(db);
  const at = await own.listen({ host: "127.0.0.1", port: 0 });
  const user = await enrol(db, {});
  const answer = await fetch(`${at}/api/live`, { headers: { cookie: user.cookie } });
  const text = answer.text();
  await own.close();
  expect(await text).toContain("retry:");
});

test("one user cannot open streams without end", async () => {
  const user = await enrol(db, {});
  const pages = await Promise.all(Array.from({ length: 22 }, () => listen(user)));
  expect(pages.filter((page) => page.answer.status === 429)).toHaveLength(2);
  for (const page of pages) page.close();
});
