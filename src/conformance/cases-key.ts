import type { Bytes } from "#protocol/bytes.ts";
import type { Answer645 } from "#protocol/dlt645/commands.ts";
import type { Frame645 } from "#protocol/dlt645/frame.ts";
import { encodeKeyUpdate, KEY_UPDATE_DI, keyCheck, protectKey } from "#protocol/dlt645/meter-key.ts";
import { SERR } from "#protocol/dlt645/status.ts";
import { nodeCiphers } from "#system/crypto.ts";
import type { Bench, Case } from "./case.ts";
import { must } from "./failed.ts";
import { describe } from "./master.ts";
import { buyNext, keyInfo, mustBeRefused, mustBeTaken, mustStand, OPERATOR, standing, topUpFrame } from "./steps.ts";

const WRONG_VERSION = SERR.other | SERR.keyVersion;

/** Keys. K-01 only asks; the others change the key, and give the same key back in a later version. */
export const keyCases: readonly Case[] = [
  {
    id: "K-01",
    section: "3.7",
    zh: "密钥信息的校验值与充值密钥一致",
    en: "the check value in the key information is that of the recharge key",
    needs: "top_up",
    async run(bench) {
      const { check } = await keyInfo(bench);
      const ours = keyCheck(nodeCiphers, keyOf(bench));
      must(check === ours, `it tells ${check}, the key given to this run has ${ours}`);
    },
  },
  {
    id: "K-02",
    section: "3.7",
    zh: "密钥更新:版本起点不符、倒退:拒绝 01 02,密钥不变",
    en: "a key update from another version, or to one that is not later: refused 01 02, the key stays",
    needs: "key_change",
    async run(bench) {
      const before = await keyInfo(bench);
      const { version } = before;
      for (const [from, to] of [
        [version === 1 ? 2 : version - 1, version + 1],
        [version, version],
      ] as const) {
        const told = await bench.master.answer(update(bench, keyOf(bench), bench.meter.otherKey, from, to));
        mustBeRefused(told, WRONG_VERSION, `${from} → ${to}`);
      }
      must((await keyInfo(bench)).check === before.check, "the key has changed");
    },
  },
  {
    id: "K-03",
    section: "3.7",
    zh: "密钥更新的 MAC 错、密文任改一字节:拒绝 08,密钥不变",
    en: "a key update with a wrong MAC, or with a byte of the cipher changed: refused 08, the key stays",
    needs: "key_change",
    async run(bench) {
      const before = await keyInfo(bench);
      const { version, check } = before;
      const good = update(bench, keyOf(bench), bench.meter.otherKey, version, version + 1);
      const stranger = update(bench, bench.meter.otherKey, bench.meter.otherKey, version, version + 1);
      mustBeRefused(await bench.master.answer(stranger), SERR.authentication, "under another key");
      for (const at of [12, 28, 44]) {
        const data = good.data.slice();
        data[at] = (data[at] ?? 0) ^ 0x80;
        mustBeRefused(await bench.master.answer({ ...good, data }), SERR.authentication, `byte ${at} changed`);
      }
      must((await keyInfo(bench)).check === check, "the key has changed");
      await buyNext(bench, (await standing(bench)).count + 1);
    },
  },
  {
    id: "K-04",
    section: "3.7",
    zh: "密钥更新:接受,版本与校验值随之改变;原样重发成功;余额与次数不变",
    en: "a key update is taken, version and check value follow; the identical repeat succeeds; credit and count stay",
    needs: "key_change",
    async run(bench) {
      const before = await standing(bench);
      const { version } = await keyInfo(bench);
      const there = update(bench, keyOf(bench), bench.meter.otherKey, version, version + 1);
      for (let i = 0; i < 3; i++) mustBeUpdated(await bench.master.answer(there), "the update");
      const after = await keyInfo(bench);
      must(after.version === version + 1, `the version is ${after.version}`);
      must(after.check === keyCheck(nodeCiphers, bench.meter.otherKey), `the check value is ${after.check}`);
      await mustStand(bench, before);
      await goBack(bench, version + 1);
    },
  },
  {
    id: "K-05",
    section: "3.7",
    zh: "更新后旧密钥的充值被拒、新密钥的被接受;旧的更新帧不能把旧密钥带回来",
    en: "after an update a top-up under the old key is refused and one under the new key taken; an old update brings no old key back",
    needs: "key_change",
    async run(bench) {
      const before = await standing(bench);
      const { version } = await keyInfo(bench);
      const { otherKey } = bench.meter;
      const there = update(bench, keyOf(bench), otherKey, version, version + 1);
      mustBeUpdated(await bench.master.answer(there), "the update");
      const next = { count: before.count + 1 };
      mustBeRefused(await bench.master.answer(topUpFrame(bench, next)), SERR.authentication, "under the old key");
      mustBeTaken(await bench.master.answer(topUpFrame(bench, next, otherKey)), "under the new key");
      await goBack(bench, version + 1);
      mustBeRefused(await bench.master.answer(there), WRONG_VERSION, "the update of before");
      must((await keyInfo(bench)).check === keyCheck(nodeCiphers, keyOf(bench)), "an old update changed the key");
      await mustStand(bench, before, { count: 1, wh: 10 });
    },
  },
];

/** The meter gets its own key again, in the next version. */
async function goBack(bench: Bench, version: number): Promise<void> {
  const back = update(bench, bench.meter.otherKey, keyOf(bench), version, version + 1);
  mustBeUpdated(await bench.master.answer(back), "the update back");
}

function update(bench: Bench, present: Bytes, next: Bytes, from: number, to: number): Frame645 {
  const { address } = bench.meter;
  const asked = { operator: OPERATOR, from, to };
  return encodeKeyUpdate(address, asked, protectKey(nodeCiphers, { present, next }, address, asked));
}

function mustBeUpdated(told: Answer645 | null, what: string): void {
  const isIt = told?.kind === "security" && told.di === KEY_UPDATE_DI && told.reply.kind === "done";
  must(isIt, `${what}: should be taken, came ${describe(told)}`);
}

function keyOf({ meter }: Bench): Bytes {
  must(meter.key !== null, "the run does not know the key");
  return meter.key;
}
