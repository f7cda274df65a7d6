import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Day, startOfDay } from "#base/time.ts";
import type { ConcentratorLinkRequest } from "#contract/collection.ts";
import { isGuardedLess } from "#domain/link.ts";
import { CLOCK_SETTING } from "#store/collection.ts";
import { setting, settingSeen } from "#store/settings.ts";
import { testDatabases } from "#store/test-databases.ts";
import { createSealer } from "#system/seal.ts";
import { setClockMode } from "./edit-collection.ts";
import { editLink } from "./edit-link.ts";
import { setLinkPolicy } from "./link-policy.ts";
import { linkKeyPurpose } from "./meter-keys.ts";
import { requestCommand } from "./request-command.ts";
import { type Building, boss, building } from "./test-building.ts";
import { refusal } from "./test-refusal.ts";

const OPENED = startOfDay("2026-08-03" as Day);
const sealer = createSealer("5e".repeat(32));
test("what guards a link less: proof, TLS, certificate, networks, lock, trust without proof", () => {
  const link = { kind: "transparent", channel: "tls", trust: "limited" } as const;
  const guard = { ...link, sources: ["10.0.0.0/8"], lockSource: true, fingerprint: "a" };
  expect(isGuardedLess(guard, guard)).toBe(false);
  expect(isGuardedLess(guard, { ...guard, sources: [] })).toBe(false);
  expect(isGuardedLess({ ...guard, sources: null }, guard)).toBe(false);
  expect(isGuardedLess(guard, { ...guard, trust: "full" })).toBe(false);
  const plain = { ...guard, channel: "plain", fingerprint: null } as const;
  expect(isGuardedLess({ ...plain, kind: "jichao" }, plain)).toBe(true);
  expect(isGuardedLess(guard, plain)).toBe(true);
  expect(isGuardedLess(guard, { ...guard, fingerprint: null })).toBe(true);
  expect(isGuardedLess(guard, { ...guard, sources: null })).toBe(true);
  expect(isGuardedLess(guard, { ...guard, sources: ["10.0.0.0/8", "0.0.0.0/0"] })).toBe(true);
  expect(isGuardedLess(guard, { ...guard, lockSource: false })).toBe(true);
  expect(isGuardedLess(plain, { ...plain, trust: "full" })).toBe(true);
});

for (const { name, available, why } of testDatabases) {
  describe.skipIf(!available)(`the link of a concentrator on ${name}${why ? ` (${why})` : ""}`, () => {
    let b: Building;
    let meterId = 0;
    let id = 0;
    const row = () => b.db.read.selectFrom("concentrator").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
    const asked = async (change: Partial<ConcentratorLinkRequest>) => {
      const now = await row();
      const same = {
        ...{ linkKind: now.link_kind, direction: now.direction, host: now.host, port: now.port, trust: now.trust },
        ...{ channel: now.channel, sources: null, lockSource: false, forgetSource: false, fingerprint: null },
        ...{ linkKey: null, version: now.version, reason: "改造", confirmed: false },
      };
      return editLink({ ...b.ctx, sealer }, boss, { id, ip: "", ...same, ...change });
    };

    beforeAll(async () => {
      b = await building(name, OPENED, [{ creditAt: "server" }]);
      [meterId = 0] = b.meters;
      const meter = await b.db.read.selectFrom("meter").selectAll().where("id", "=", meterId).executeTakeFirstOrThrow();
      id = meter.concentrator_id;
    });
    afterAll(() => b?.db.drop());

    test("giving proof up has to be confirmed; the session ends, and the audit tells it", async () => {
      const before = await row();
      expect(await refusal(asked({ linkKind: "transparent", trust: "limited" }))).toBe("link_guarded_less");
      expect(await row()).toEqual(before);
      await asked({ linkKind: "transparent", trust: "limited", confirmed: true });
      expect(await row()).toMatchObject({
        ...{ link_kind: "transparent", trust: "limited", epoch: before.epoch + 1, lease_until: 0, online: 0 },
      });
      const audit = await b.db.read
        .selectFrom("audit")
        .select(["before", "after"])
        .where("action", "=", "concentrator.link")
        .executeTakeFirstOrThrow();
      expect(audit.after).toContain("guardedLess");
      expect(audit.before).not.toContain("key_sealed");
    });

    test("to speak JCP/1 it needs its key, and is trusted in full", async () => {
      expect(await refusal(asked({ linkKind: "jichao" }))).toBe("link_key_missing");
      await asked({ linkKind: "jichao", linkKey: "2b".repeat(16), trust: "none" });
      const now = await row();
      expect(now.trust).toBe("full");
      expect(Buffer.from(sealer.unseal(now.key_sealed, linkKeyPurpose(now.code))).toString("hex")).toBe(
        "2b".repeat(16),
      );
    });

    test("one that listens needs an address, and is not asked for TLS", async () => {
      expect(await refusal(asked({ direction: "listens" }))).toBe("link_address_wrong");
      expect(await refusal(asked({ direction: "listens", host: "a b", port: 4001 }))).toBe("link_address_wrong");
      const tls = { direction: "listens", host: "10.8.0.9", port: 4001, channel: "tls" } as const;
      expect(await refusal(asked(tls))).toBe("link_channel_dialled");
      await asked({ ...tls, channel: "plain" });
      expect(await row()).toMatchObject({ direction: "listens", host: "10.8.0.9", port: 4001 });
      await asked({ direction: "dials_in", host: null, port: null });
    });

    test("two people: the second is told, also when the first one came another way", async () => {
      const { version, code } = await row();
      const policy = {
        code,
        channel: "plain" as const,
        sources: ["10.8.0.0/16"],
        lockSource: false,
        forgetSource: false,
      };
      await setLinkPolicy(b.ctx, boss, { ...policy, fingerprint: null, reason: "专线", ip: "" });
      expect(await refusal(asked({ version, confirmed: true }))).toBe("archive_changed");
      expect((await row()).sources).toBe('["10.8.0.0/16"]');
    });

    test("nothing changes while commands are on their way", async () => {
      const { id: command } = await requestCommand(b.ctx, boss, {
        ...{ meterId, key: "read-on-its-way", kind: "read", reason: "", ip: "" },
      }).then((made) => ({ id: made.commandId }));
      for (const state of ["sent", "unknown"] as const) {
        await b.db.transact((tx) => tx.updateTable("command").set({ state }).where("id", "=", command).execute());
        expect(await refusal(asked({ confirmed: true, lockSource: true }))).toBe("concentrator_busy");
      }
      await b.db.transact((tx) =>
        tx.updateTable("command").set({ state: "confirmed" }).where("id", "=", command).execute(),
      );
      await asked({ confirmed: true, lockSource: true });
      expect((await row()).lock_source).toBe(1);
    });

    test("clocks are set only after somebody switched that on, with a reason; two people are kept apart", async () => {
      const ask = (mode: "off" | "auto", version: number) =>
        setClockMode(b.ctx, boss, { mode, version, reason: "已接 NTP", confirmed: true, ip: "" });
      await ask("auto", 0);
      expect(await setting(b.db.read, CLOCK_SETTING)).toBe("auto");
      expect(await refusal(ask("off", 0))).toBe("archive_changed");
      const seen = await settingSeen(b.db.read, CLOCK_SETTING);
      await ask("off", seen?.updatedAt ?? 0);
      expect(await refusal(ask("auto", seen?.updatedAt ?? 0))).toBe("archive_changed");
      expect(await setting(b.db.read, CLOCK_SETTING)).toBe("off");
      const told = await b.db.read
        .selectFrom("audit")
        .select("reason")
        .where("action", "=", "collection.clock")
        .execute();
      expect(told.map((each) => each.reason)).toEqual(["已接 NTP", "已接 NTP"]);
    });
  });
}
