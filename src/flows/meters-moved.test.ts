import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Day, startOfDay } from "#base/time.ts";
import { claimMeterState } from "#store/meters.ts";
import { beginMemories, memoriesOf } from "#store/past.ts";
import { testDatabases } from "#store/test-databases.ts";
import { pause } from "#system/clock.ts";
import { createSealer } from "#system/seal.ts";
import { beginMeterMemories } from "./begin-memories.ts";
import { claimCommands } from "./claim-commands.ts";
import { addConcentrator } from "./edit-concentrator.ts";
import { changeProtocol, moveMeter } from "./edit-meter.ts";
import { moveIn } from "./move-in.ts";
import { startMoveOut } from "./move-out.ts";
import { requestCommand } from "./request-command.ts";
import { retireMeter } from "./retire-meter.ts";
import { type Building, boss, building } from "./test-building.ts";
import { refusal } from "./test-refusal.ts";

const OPENED = startOfDay("2026-08-03" as Day);
const ip = "";
for (const { name, available, why } of testDatabases) {
  describe.skipIf(!available)(`meters that are moved or retired meanwhile on ${name}${why ? ` (${why})` : ""}`, () => {
    let b: Building;
    let from = 0;
    let to = 0;
    const row = (id: number) =>
      b.db.read.selectFrom("meter").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
    const move = async (meterId: number, concentratorId: number) => {
      const { version } = await row(meterId);
      await moveMeter(b.ctx, boss, { meterId, concentratorId, bus: 2, gatewayId: null, reason: "改接", version, ip });
    };
    const vacate = (meterId: number) =>
      b.db.transact((tx) => tx.updateTable("meter").set({ account_id: null }).where("id", "=", meterId).execute());
    const lot = { creditAt: "server" as const, openingCreditWh: 0 };

    beforeAll(async () => {
      b = await building(name, OPENED, [lot, lot, lot, lot, lot]);
      from = (await row(b.meters[0] ?? 0)).concentrator_id;
      const { area_id: areaId } = await row(b.meters[0] ?? 0);
      const second = {
        key: "second",
        areaId,
        code: "JC-2",
        name: "二号",
        linkKind: "jichao" as const,
        linkKey: null,
        ip,
      };
      to = (await addConcentrator({ ...b.ctx, sealer: createSealer("5e".repeat(32)) }, boss, second)).id;
      await b.db.transact((tx) => tx.updateTable("concentrator").set({ owner: "here", epoch: 1 }).execute());
    });
    afterAll(() => b?.db.drop());

    const claim = (id: number) =>
      claimCommands(b.ctx, { collector: "here", concentrators: [{ id, epoch: 1 }], limit: 9 });

    test("a command that was asked for where the meter hung before is carried out where it hangs", async () => {
      const [meterId = 0] = b.meters;
      await move(meterId, to);
      const { commandId } = await requestCommand(b.ctx, boss, { key: "late", meterId, kind: "read", reason: "", ip });
      // As somebody leaves it who had looked at the meter before it was moved.
      await b.db.transact((tx) =>
        tx.updateTable("command").set({ concentrator_id: from }).where("id", "=", commandId).execute(),
      );
      expect(await claim(from)).toEqual([]);
      const [claimed] = await claim(to);
      expect(claimed).toMatchObject({ id: commandId, concentratorId: to, bus: 2 });
    });

    test("a move keeps what is known of the device's memory: it is the same one", async () => {
      const meterId = b.meters[1] ?? 0;
      const { installation, address, profile } = await row(meterId);
      const known = { meterId, installation, address, bus: 1, via: null, profile, createdAt: OPENED, swappedAt: 0 };
      const [memory] = await beginMeterMemories(b.ctx, [{ ...known, memory: null }]);
      if (!memory) throw new Error("no memory");
      await b.db.transact((tx) =>
        tx
          .updateTable("meter_memory")
          .set({ clock_doubt_from: 5, clock_doubt_to: 9 })
          .where("meter_id", "=", meterId)
          .execute(),
      );
      await move(meterId, to);
      await b.db.transact((tx) => beginMemories(tx, [{ ...memory, installation: installation + 1 }]));
      const kept = (await memoriesOf(b.db.read, [meterId])).get(meterId);
      expect(kept).toMatchObject({ installation: installation + 1, clock_doubt_from: 5, clock_doubt_to: 9 });
    });

    test("no other protocol is entered while somebody leaves: his final readings are of this one", async () => {
      const meterId = b.meters[4] ?? 0;
      const leaving = { method: "cash", afterwards: "leave", reason: "退租" } as const;
      const { moveOutNo } = await startMoveOut(b.ctx, boss, { ...leaving, key: "out", meterIds: [meterId], ip });
      await b.db.transact((tx) =>
        tx.updateTable("command").set({ state: "expired" }).where("meter_id", "=", meterId).execute(),
      );
      const { version, profile } = await row(meterId);
      const change = {
        ...{ meterId, profile, address: "000000000099", switchKind: "relay" as const },
        ...{ closesBy: "direct" as const, version, reason: "地址登记错误", confirmed: true as const, ip },
      };
      const refused = await changeProtocol(b.ctx, boss, change).catch((error) => error);
      expect(refused).toMatchObject({ code: "moving_out", details: { moveOutNo } });
    });

    test("a meter that somebody moves into while it is being retired is not retired", async () => {
      const meterId = b.meters[2] ?? 0;
      const { version, account_id } = await row(meterId);
      await vacate(meterId);
      const began = Promise.withResolvers<void>();
      const movingIn = b.db.transact(async (tx) => {
        await claimMeterState(tx, meterId);
        began.resolve();
        await pause(300);
        await tx.updateTable("meter").set({ account_id }).where("id", "=", meterId).execute();
      });
      await began.promise;
      const retiring = retireMeter(b.ctx, boss, { meterId, version, reason: "拆除", confirmed: true, ip });
      expect(await refusal(retiring)).toBe("meter_holds_money");
      await movingIn;
      expect((await row(meterId)).retired_at).toBeNull();
    });

    test("whoever moves in behind transformers has the credit on the server, whatever it was before", async () => {
      const meterId = b.meters[3] ?? 0;
      const { account_id } = await row(meterId);
      await b.db.transact(async (tx) => {
        await tx.updateTable("account").set({ credit_at: "meter" }).where("id", "=", account_id).execute();
        await tx.updateTable("tenancy").set({ until_at: OPENED }).where("meter_id", "=", meterId).execute();
        await tx.updateTable("meter").set({ account_id: null, ratio: 40 }).where("id", "=", meterId).execute();
      });
      const tenant = { name: "新住户", phone: "13800000009", number: "", from: "2026-08-03" };
      await moveIn(b.ctx, boss, { ...tenant, key: "in", meterIds: [meterId], ip });
      const account = b.db.read
        .selectFrom("meter")
        .innerJoin("account", "account.id", "meter.account_id")
        .where("meter.id", "=", meterId)
        .select("credit_at");
      expect(await account.executeTakeFirstOrThrow()).toEqual({ credit_at: "server" });
    });
  });
}
