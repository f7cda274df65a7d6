import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Day, later, startOfDay } from "#base/time.ts";
import { type Actor, permissions } from "#domain/permission.ts";
import { changedSince, newestRevision } from "#store/archive-revisions.ts";
import { saveHeartbeat } from "#store/collectors.ts";
import { concentratorPage } from "#store/concentrator-pages.ts";
import { metersToRead } from "#store/meters.ts";
import { testDatabases } from "#store/test-databases.ts";
import { createSealer } from "#system/seal.ts";
import { addMeter } from "./add-meter.ts";
import { saveChannel } from "./edit-channel.ts";
import { removeItemSet, saveDefaults, saveItemSet } from "./edit-collection.ts";
import { addConcentrator, editConcentrator, replaceConcentrator, retireConcentrator } from "./edit-concentrator.ts";
import { changeProtocol, editMeter, moveMeter } from "./edit-meter.ts";
import { linkKeyPurpose } from "./meter-keys.ts";
import { requestCommand } from "./request-command.ts";
import { retireMeter } from "./retire-meter.ts";
import { type Building, boss, building } from "./test-building.ts";
import { refusal } from "./test-refusal.ts";

const OPENED = startOfDay("2026-08-03" as Day);
const ip = "";
const sealer = createSealer("5e".repeat(32));
for (const { name, available, why } of testDatabases) {
  describe.skipIf(!available)(`archives and how they are read on ${name}${why ? ` (${why})` : ""}`, () => {
    let b: Building;
    let first = 0;
    let second = 0;
    let concentrator = 0;
    let key = 0;
    const nextKey = () => `request-${++key}`;
    const row = (id: number) =>
      b.db.read.selectFrom("meter").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
    const concentratorRow = (id: number) =>
      b.db.read.selectFrom("concentrator").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
    const planned = async (id: number) =>
      (await metersToRead(b.db.read, concentrator)).find((each) => each.meterId === id);
    const channel = {
      ...{ bus: 1, name: "一层", kind: "rs485" as const, baud: 2400 as const, enabled: true },
      ...{ readIntervalS: null, itemSetId: null, version: 0, ip },
    };

    beforeAll(async () => {
      b = await building(name, OPENED, [{ creditAt: "server" }, { creditAt: "meter" }]);
      [first = 0, second = 0] = b.meters;
      concentrator = (await row(first)).concentrator_id;
    });
    afterAll(() => b?.db.drop());

    test("the nearest cycle holds, and collectors are told which concentrator it is about", async () => {
      const seen = await newestRevision(b.db.read);
      expect((await planned(first))?.intervalMs).toBeNull();
      const { project_id: projectId } = await row(first);
      await saveDefaults(b.ctx, boss, { projectId, readIntervalS: 900, itemSetId: null, version: 0, ip });
      expect((await planned(first))?.intervalMs).toBe(900_000);
      await editConcentrator(b.ctx, boss, { id: concentrator, name: "一号", readIntervalS: 600, version: 0, ip });
      expect((await planned(first))?.intervalMs).toBe(600_000);
      await saveChannel(b.ctx, boss, { ...channel, concentratorId: concentrator, readIntervalS: 300 });
      expect((await planned(first))?.intervalMs).toBe(300_000);
      expect((await planned(first))?.baud).toBe(2400);
      expect(await newestRevision(b.db.read)).toBe(seen + 3);
      expect(await changedSince(b.db.read, seen)).toEqual([concentrator]);
    });

    test("a concentrator that was not heard for two heartbeats is gone, whatever its row says", async () => {
      const seenAt = b.ctx.clock();
      const at = (ms: number) => later(seenAt, ms);
      await b.db.transact(async (tx) => {
        const row = { online: 1 as const, owner: "a", lease_until: at(600_000), last_seen_at: seenAt };
        await tx.updateTable("concentrator").set(row).where("id", "=", concentrator).execute();
        await saveHeartbeat(tx, 10, seenAt);
      });
      const online = async (ms: number) =>
        (await concentratorPage(b.db.read, boss.scope, {}, at(ms))).items.find(({ id }) => id === concentrator)?.online;
      expect([await online(0), await online(24_000), await online(26_000)]).toEqual([true, true, false]);
    });

    test("two people who edit one thing: the second is told, and nothing of his is saved", async () => {
      const seen = { ...channel, concentratorId: concentrator, version: 1 };
      await saveChannel(b.ctx, boss, { ...seen, name: "东侧" });
      expect(await refusal(saveChannel(b.ctx, boss, { ...seen, name: "西侧" }))).toBe("archive_changed");
      const { version } = await row(first);
      await editMeter(b.ctx, boss, { meterId: first, label: "A座-一", itemSetId: null, version, ip });
      const late = editMeter(b.ctx, boss, { meterId: first, label: "A座-壹", itemSetId: null, version, ip });
      expect(await refusal(late)).toBe("archive_changed");
      expect((await row(first)).label).toBe("A座-一");
    });

    test("an item set decides what is asked, and cannot be removed while it does", async () => {
      const { project_id: projectId } = await row(first);
      const set = { id: null, projectId, name: "只读示数", items: [], version: 0, ip };
      const id = await saveItemSet(b.ctx, boss, set);
      expect(await refusal(saveItemSet(b.ctx, boss, set))).toBe("item_set_name_taken");
      const { version } = await row(first);
      await editMeter(b.ctx, boss, { meterId: first, label: "A座-一", itemSetId: id, version, ip });
      expect((await planned(first))?.items).toEqual([]);
      expect((await planned(second))?.items).toHaveLength(4);
      await saveItemSet(b.ctx, boss, { ...set, id, items: [{ item: "power", every: 1 }] });
      expect((await planned(first))?.items).toEqual([{ item: "power", every: 1 }]);
      expect(await refusal(removeItemSet(b.ctx, boss, { id, version: 1, ip }))).toBe("item_set_in_use");
      await editMeter(b.ctx, boss, { meterId: first, label: "A座-一", itemSetId: null, version: version + 1, ip });
      await removeItemSet(b.ctx, boss, { id, version: 1, ip });
      expect(await refusal(removeItemSet(b.ctx, boss, { id, version: 1, ip }))).toBe("item_set_not_found");
    });

    test("a channel that is switched off is not read by itself", async () => {
      await saveChannel(b.ctx, boss, { ...channel, concentratorId: concentrator, enabled: false, version: 2 });
      expect((await planned(first))?.onSchedule).toBe(false);
      await saveChannel(b.ctx, boss, { ...channel, concentratorId: concentrator, version: 3 });
      expect(await refusal(saveChannel(b.ctx, boss, { ...channel, concentratorId: concentrator, version: null }))).toBe(
        "channel_exists",
      );
    });

    test("another protocol is refused while a command is under way, and forgets what the switch showed", async () => {
      await b.db.transact((tx) =>
        tx.updateTable("meter_state").set({ relay: "closed", relay_at: 1 }).where("meter_id", "=", first).execute(),
      );
      const { version, installation } = await row(first);
      const change = {
        ...{ meterId: first, profile: "sf97", address: "000000000097", switchKind: "relay" as const },
        ...{ closesBy: "direct" as const, version, reason: "表型登记错误", confirmed: true as const, ip },
      };
      const asked = { meterId: first, key: nextKey(), kind: "read" as const, reason: "", ip };
      const { commandId } = await requestCommand(b.ctx, boss, asked);
      expect(await refusal(changeProtocol(b.ctx, boss, change))).toBe("meter_busy");
      await b.db.transact((tx) =>
        tx.updateTable("command").set({ state: "cancelled" }).where("id", "=", commandId).execute(),
      );
      expect(await refusal(changeProtocol(b.ctx, boss, { ...change, profile: "nobody" }))).toBe("profile_unknown");
      const twin = (await row(second)).address;
      expect(await refusal(changeProtocol(b.ctx, boss, { ...change, address: twin }))).toBe("meter_address_taken");
      const { account_id: accountId } = await row(first);
      await b.db.transact((tx) =>
        tx.updateTable("account").set({ arrears_evaluations: 2 }).where("id", "=", accountId).execute(),
      );
      await changeProtocol(b.ctx, boss, change);
      expect(await row(first)).toMatchObject({ profile: "sf97", installation: installation + 1 });
      const account = b.db.read.selectFrom("account").select("arrears_evaluations").where("id", "=", accountId);
      expect(await account.executeTakeFirstOrThrow()).toEqual({ arrears_evaluations: 0 });
      const state = b.db.read.selectFrom("meter_state").select("relay").where("meter_id", "=", first);
      expect((await state.executeTakeFirstOrThrow()).relay).toBeNull();
    });

    test("another address of a meter that holds credit forgets what was read of the one before", async () => {
      await b.db.transact((tx) =>
        tx
          .updateTable("meter_state")
          .set({ remaining_wh: 90_000, remaining_at: 1, purchase_count_read: 3, purchase_count_read_at: 1 })
          .where("meter_id", "=", second)
          .execute(),
      );
      const { version, profile } = await row(second);
      await changeProtocol(b.ctx, boss, {
        ...{ meterId: second, profile, address: "000000000098", switchKind: "relay", closesBy: "direct" },
        ...{ version, reason: "地址登记错误", confirmed: true, ip },
      });
      const state = b.db.read
        .selectFrom("meter_state")
        .select(["remaining_wh", "remaining_at", "purchase_count_read", "purchase_count"])
        .where("meter_id", "=", second);
      const forgotten = { remaining_wh: null, remaining_at: 0, purchase_count_read: null, purchase_count: 0 };
      expect(await state.executeTakeFirstOrThrow()).toEqual(forgotten);
    });

    test("a new concentrator shows its key once, and the same request makes it once", async () => {
      const { area_id: areaId } = await concentratorRow(concentrator);
      const asked = {
        ...{ key: nextKey(), areaId, code: "JC-NEW-1", name: "二号", linkKind: "jichao" as const },
        ...{ linkKey: null, ip },
      };
      const ctx = { ...b.ctx, sealer };
      const made = await addConcentrator(ctx, boss, asked);
      expect(made.linkKey).toMatch(/^[0-9a-f]{32}$/);
      expect(await addConcentrator(ctx, boss, asked)).toEqual({ ...made, linkKey: null });
      expect(await refusal(addConcentrator(ctx, boss, { ...asked, name: "三号" }))).toBe("archive_key_conflict");
      expect(await refusal(addConcentrator(ctx, boss, { ...asked, key: nextKey() }))).toBe("concentrator_code_taken");
      const saved = await concentratorRow(made.id);
      const sealed = sealer.unseal(saved.key_sealed, linkKeyPurpose("JC-NEW-1"));
      expect(Buffer.from(sealed).toString("hex")).toBe(made.linkKey);
      expect(JSON.stringify(await b.db.read.selectFrom("audit").selectAll().execute())).not.toContain(made.linkKey);
    });

    test("a meter moves with what nobody has sent, not with what may be on its way", async () => {
      const target = await b.db.read
        .selectFrom("concentrator")
        .select("id")
        .where("code", "=", "JC-NEW-1")
        .executeTakeFirstOrThrow();
      const asked = { meterId: second, key: nextKey(), kind: "read" as const, reason: "", ip };
      const { commandId } = await requestCommand(b.ctx, boss, asked);
      const move = async () => ({
        ...{ meterId: second, concentratorId: target.id, bus: 3, gatewayId: null, reason: "改接", ip },
        version: (await row(second)).version,
      });
      const become = (state: "sent" | "waiting") =>
        b.db.transact((tx) => tx.updateTable("command").set({ state }).where("id", "=", commandId).execute());
      await become("sent");
      expect(await refusal(moveMeter(b.ctx, boss, await move()))).toBe("meter_busy");
      await become("waiting");
      await moveMeter(b.ctx, boss, await move());
      const command = b.db.read.selectFrom("command").select("concentrator_id").where("id", "=", commandId);
      expect((await command.executeTakeFirstOrThrow()).concentrator_id).toBe(target.id);
      expect(await planned(second)).toBeUndefined();
    });

    test("another device takes a concentrator's place: its epoch is over, its old key is gone, its meters stay", async () => {
      const before = await concentratorRow(concentrator);
      const ctx = { ...b.ctx, sealer };
      const asked = {
        ...{ id: concentrator, key: nextKey(), code: "JC-NEW-2", linkKey: null, version: before.version },
        ...{ reason: "雷击损坏", confirmed: true as const, ip },
      };
      const made = await replaceConcentrator(ctx, boss, asked);
      expect(made.linkKey).toMatch(/^[0-9a-f]{32}$/);
      expect(await replaceConcentrator(ctx, boss, asked)).toEqual({ ...made, linkKey: null });
      const after = await concentratorRow(concentrator);
      expect(after).toMatchObject({ code: "JC-NEW-2", epoch: before.epoch + 1, owner: null });
      expect(await planned(first)).toBeDefined();
    });

    test("a concentrator is retired when nothing hangs at it, a meter when nobody lives there and it holds nothing", async () => {
      const seen = await concentratorRow(concentrator);
      const retire = { id: concentrator, version: seen.version, reason: "拆除", confirmed: true as const, ip };
      expect(await refusal(retireConcentrator(b.ctx, boss, retire))).toBe("concentrator_in_use");
      const meter = async () => ({
        ...{ meterId: first, reason: "拆除", confirmed: true as const, ip },
        version: (await row(first)).version,
      });
      expect(await refusal(retireMeter(b.ctx, boss, await meter()))).toBe("meter_holds_money");
      await b.db.transact((tx) => tx.updateTable("meter").set({ account_id: null }).where("id", "=", first).execute());
      await retireMeter(b.ctx, boss, await meter());
      expect(await planned(first)).toBeUndefined();
      const again = { meterId: first, key: nextKey(), kind: "read" as const, reason: "", ip };
      expect(await refusal(requestCommand(b.ctx, boss, again))).toBe("meter_not_found");
      await retireConcentrator(b.ctx, boss, retire);
      expect((await concentratorRow(concentrator)).trust).toBe("none");
      expect(await refusal(editConcentrator(b.ctx, boss, { ...retire, name: "x", readIntervalS: null }))).toBe(
        "concentrator_retired",
      );
    });

    test("a new meter is read from now on, once, and never beside another of its address", async () => {
      const at = await b.db.read
        .selectFrom("concentrator")
        .selectAll()
        .where("code", "=", "JC-NEW-1")
        .executeTakeFirstOrThrow();
      const asked = {
        ...{ key: nextKey(), concentratorId: at.id, bus: 3, gatewayId: null, areaId: at.area_id, label: "A座-新" },
        ...{ number: "NEW-1", address: "000000000055", kind: "electricity" as const, profile: "jc1" },
        ...{ mode: "prepaid" as const, switchKind: "relay" as const, closesBy: "direct" as const },
        ...{ price: "0.75", ratio: 1, openIndex: "12.5", ip },
      };
      const id = await addMeter(b.ctx, boss, asked);
      expect(await addMeter(b.ctx, boss, asked)).toBe(id);
      const twin = { ...asked, key: nextKey(), number: "NEW-2" };
      expect(await refusal(addMeter(b.ctx, boss, twin))).toBe("meter_address_taken");
      const same = { ...asked, key: nextKey(), address: "000000000056" };
      expect(await refusal(addMeter(b.ctx, boss, same))).toBe("meter_number_taken");
      const state = b.db.read
        .selectFrom("meter_state")
        .select(["index_wh", "settled_index_wh"])
        .where("meter_id", "=", id);
      expect(await state.executeTakeFirstOrThrow()).toEqual({ index_wh: 12_500, settled_index_wh: 12_500 });
      const meters = await metersToRead(b.db.read, at.id);
      expect(meters.map((each) => each.meterId)).toContain(id);
    });

    test("a full concentrator takes no other meter, also when two come at once", async () => {
      const at = await b.db.read
        .selectFrom("concentrator")
        .selectAll()
        .where("code", "=", "JC-NEW-1")
        .executeTakeFirstOrThrow();
      const { meters } = await b.db.read
        .selectFrom("meter")
        .where("concentrator_id", "=", at.id)
        .select((eb) => eb.fn.countAll<number>().as("meters"))
        .executeTakeFirstOrThrow();
      await b.db.transact((tx) =>
        tx
          .updateTable("concentrator")
          .set({ meters_max: Number(meters) + 1 })
          .where("id", "=", at.id)
          .execute(),
      );
      const asked = (n: number) => ({
        ...{ key: nextKey(), concentratorId: at.id, bus: 3, gatewayId: null, areaId: at.area_id, label: `A座-${n}` },
        ...{ number: `RACE-${n}`, address: `00000000010${n}`, kind: "electricity" as const, profile: "jc1" },
        ...{ mode: "prepaid" as const, switchKind: "relay" as const, closesBy: "direct" as const },
        ...{ price: "0.75", ratio: 1, openIndex: "0", ip },
      });
      const outcomes = await Promise.all([1, 2].map((n) => refusal(addMeter(b.ctx, boss, asked(n)))));
      expect(outcomes.sort()).toEqual(["concentrator_full", "nothing"]);
    });

    test("what lies outside somebody's area does not exist for him", async () => {
      const at = await b.db.read
        .selectFrom("concentrator")
        .selectAll()
        .where("code", "=", "JC-NEW-1")
        .executeTakeFirstOrThrow();
      const scope = { all: false as const, areaIds: [], meterIds: [second] };
      const local: Actor = { userId: 9, login: "local", name: "本片", permissions: new Set(permissions), scope };
      const edit = { id: at.id, name: "x", readIntervalS: null, version: at.version, ip };
      expect(await refusal(editConcentrator(b.ctx, local, edit))).toBe("concentrator_not_found");
      const rename = { meterId: first, label: "x", itemSetId: null, version: 0, ip };
      expect(await refusal(editMeter(b.ctx, local, rename))).toBe("meter_not_found");
    });
  });
}
