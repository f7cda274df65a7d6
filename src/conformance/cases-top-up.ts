import { toHex } from "#protocol/bytes.ts";
import { ANY_METER, BROADCAST } from "#protocol/dlt645/control.ts";
import { encodeFrame645, type Frame645 } from "#protocol/dlt645/frame.ts";
import { encodeOpenAccount } from "#protocol/dlt645/prepay.ts";
import { SERR } from "#protocol/dlt645/status.ts";
import { nodeCiphers } from "#system/crypto.ts";
import type { Case } from "./case.ts";
import { must } from "./failed.ts";
import {
  buyNext,
  mustBeRefused,
  mustBeSilent,
  mustBeTaken,
  mustNotBeTaken,
  mustStand,
  OPERATOR,
  standing,
  topUpFrame,
} from "./steps.ts";

/** 1.00 kWh: enough to be told from truncation. */
const AMOUNT = 100;
const AMOUNT_WH = 1_000;
const SMALL_WH = 10;
const REPEATS = 10;
const AMOUNT_MAX = 0xffff_ffff;
/** After the fifth wrong MAC in a row a meter locks: the right top-up comes before. */
const BAD_MACS_SAFE = 4;
const BAD_MACS_LOCK = 5;
/** DI, operator, amount, count, MAC, customer, MAC. */
const TOP_UP_BITS = 30 * 8;

/** Top-ups: exactly once, in order, only ours. Takes some sixty purchase numbers and less than 10 kWh. */
export const topUpCases: readonly Case[] = [
  {
    id: "P-01",
    section: "3.4",
    zh: "下一购电次数 n+1:接受,次数加一,余额恰好增加",
    en: "the next number n+1 is taken: count + 1, and the credit grows by exactly the amount",
    needs: "top_up",
    async run(bench) {
      const before = await standing(bench);
      const frame = topUpFrame(bench, { count: before.count + 1, amount: AMOUNT });
      mustBeTaken(await bench.master.answer(frame), "n+1");
      await mustStand(bench, before, { count: 1, wh: AMOUNT_WH });
    },
  },
  {
    id: "P-02",
    section: "3.4 (2)",
    zh: "应答丢失后原样重发十次:每次应答成功,只加一次",
    en: "the very same frame ten times, as after a lost answer: taken each time, credited once",
    needs: "top_up",
    async run(bench) {
      const before = await standing(bench);
      const frame = topUpFrame(bench, { count: before.count + 1, amount: AMOUNT });
      for (let i = 1; i <= REPEATS; i++) mustBeTaken(await bench.master.answer(frame), `time ${i}`);
      const told = await bench.master.ask(frame, 1);
      must(told?.control === 0x83, "with one wake-up byte: it is the same top-up");
      await mustStand(bench, before, { count: 1, wh: AMOUNT_WH });
    },
  },
  {
    id: "P-03",
    section: "3.4 (4)",
    zh: "同一次数、不同金额:重复充值 02,不变",
    en: "the same number with another amount: repeated 02, nothing changes",
    needs: "top_up",
    async run(bench) {
      const { count } = await standing(bench);
      await buyNext(bench, count + 1);
      const before = await standing(bench);
      const frame = topUpFrame(bench, { count: count + 1, amount: AMOUNT });
      mustBeRefused(await bench.master.answer(frame), SERR.repeated, "another amount");
      await mustStand(bench, before);
    },
  },
  {
    id: "P-04",
    section: "3.4 (5)",
    zh: "重放早先截获的充值帧 n:拒绝 20,不变",
    en: "the replay of an older frame n: refused 20, nothing changes",
    needs: "top_up",
    async run(bench) {
      const { count } = await standing(bench);
      const captured = topUpFrame(bench, { count: count + 1, amount: AMOUNT });
      mustBeTaken(await bench.master.answer(captured), "n");
      await buyNext(bench, count + 2);
      const before = await standing(bench);
      for (let i = 0; i < 3; i++) mustBeRefused(await bench.master.answer(captured), SERR.purchaseCount, "the replay");
      await mustStand(bench, before);
    },
  },
  {
    id: "P-05",
    section: "3.4 (5)",
    zh: "n+2 先于 n+1:拒绝 20,不变;随后 n+1 照常接受",
    en: "n+2 before n+1: refused 20, nothing changes; n+1 is taken after it",
    needs: "top_up",
    async run(bench) {
      const before = await standing(bench);
      const early = topUpFrame(bench, { count: before.count + 2, amount: AMOUNT });
      mustBeRefused(await bench.master.answer(early), SERR.purchaseCount, "n+2");
      await mustStand(bench, before);
      await buyNext(bench, before.count + 1);
      mustBeTaken(await bench.master.answer(early), "n+2 after n+1");
      await mustStand(bench, before, { count: 2, wh: AMOUNT_WH + SMALL_WH });
    },
  },
  {
    id: "P-06",
    section: "3.4 (5)",
    zh: "次数 0、倒退一次、远超下一次:都拒绝,不变",
    en: "number 0, one before, one far ahead: each refused, nothing changes",
    needs: "top_up",
    async run(bench) {
      const { count } = await standing(bench);
      await buyNext(bench, count + 1);
      await buyNext(bench, count + 2);
      const before = await standing(bench);
      for (const wrong of [0, count + 1, count + 9, count + 2 + 65_536]) {
        mustNotBeTaken(
          await bench.master.answer(topUpFrame(bench, { count: wrong, amount: AMOUNT })),
          `number ${wrong}`,
        );
      }
      await mustStand(bench, before);
    },
  },
  {
    id: "P-07",
    section: "3.4 (6)",
    zh: "别的客户编号:拒绝 10,不变",
    en: "another customer number: refused 10, nothing changes",
    needs: "top_up",
    async run(bench) {
      const before = await standing(bench);
      const customer = otherCustomer(bench.meter.customer ?? "");
      const frame = topUpFrame(bench, { count: before.count + 1, amount: AMOUNT, customer });
      mustBeRefused(await bench.master.answer(frame), SERR.customer, "another customer");
      await mustStand(bench, before);
    },
  },
  {
    id: "P-08",
    section: "3.4 (7)",
    zh: "别的密钥、别的表的 MAC:拒绝 08,不变",
    en: "a MAC under another key, or made for another meter: refused 08, nothing changes",
    needs: "top_up",
    async run(bench) {
      const before = await standing(bench);
      const next = { count: before.count + 1, amount: AMOUNT };
      const another = topUpFrame(bench, next, bench.meter.otherKey);
      mustBeRefused(await bench.master.answer(another), SERR.authentication, "another key");
      const elsewhere = topUpFrame(bench, next, undefined, "999999999998");
      mustBeRefused(await bench.master.answer(elsewhere), SERR.authentication, "another meter's");
      await mustStand(bench, before);
      await buyNext(bench, next.count);
    },
  },
  {
    id: "P-09",
    section: "3.2",
    zh: "充值数据任改一位(共 240 位,校验和重算):一律不入账",
    en: "every single bit of DATA turned (240 of them, the checksum made good): never credited",
    needs: "top_up",
    async run(bench) {
      const before = await standing(bench);
      let count = before.count;
      let bad = 0;
      for (let bit = 0; bit < TOP_UP_BITS; bit++) {
        const good = topUpFrame(bench, { count: count + 1, amount: AMOUNT });
        const told = await bench.master.answer(turned(good, bit));
        must(told?.kind !== "done" || told.function !== "top_up", `bit ${bit} (byte ${bit >> 3}) was credited`);
        const isMac = told?.kind === "refused" && (told.code & SERR.authentication) !== 0;
        if (isMac) bad++;
        if (bad < BAD_MACS_SAFE && bit < TOP_UP_BITS - 1) continue;
        await buyNext(bench, ++count); // also shows that none of them has moved the count
        bad = 0;
      }
      const bought = count - before.count;
      await mustStand(bench, before, { count: bought, wh: bought * SMALL_WH });
    },
  },
  {
    id: "P-10",
    section: "3.4 (8)",
    zh: "超过囤积限额:整笔拒绝 40,不变",
    en: "more than the hoard limit: refused whole 40, nothing changes",
    needs: "top_up",
    async run(bench) {
      const before = await standing(bench);
      const frame = topUpFrame(bench, { count: before.count + 1, amount: AMOUNT_MAX });
      mustBeRefused(await bench.master.answer(frame), SERR.overLimit, "FFFFFFFFH");
      await mustStand(bench, before);
      await buyNext(bench, before.count + 1);
    },
  },
  {
    id: "P-11",
    section: "2",
    zh: "通配与广播地址的充值:沉默,不变",
    en: "a top-up at the wildcard or broadcast address: silence, nothing changes",
    needs: "top_up",
    async run(bench) {
      const before = await standing(bench);
      const frame = topUpFrame(bench, { count: before.count + 1, amount: AMOUNT });
      for (const address of [ANY_METER, BROADCAST]) {
        await mustBeSilent(bench, encodeFrame645({ ...frame, address }, 4), `a top-up at ${address}`);
      }
      await mustStand(bench, before);
    },
  },
  {
    id: "P-12",
    section: "3.4 (1)",
    zh: "长度不对、户号不是数字、开户命令:拒绝,不变",
    en: "a wrong length, a customer that is no digits, an opening of an account: refused, nothing changes",
    needs: "top_up",
    async run(bench) {
      const before = await standing(bench);
      const good = topUpFrame(bench, { count: before.count + 1, amount: AMOUNT });
      const long = new Uint8Array(31);
      long.set(good.data);
      const letters = good.data.slice();
      letters[22] = 0xab;
      const { meter } = bench;
      must(meter.key !== null && meter.customer !== null, "the run knows the key");
      const topUp = { amount: AMOUNT, count: before.count + 1, customer: meter.customer, operator: OPERATOR };
      const opening = encodeOpenAccount(nodeCiphers, meter.key, meter.address, topUp);
      for (const data of [good.data.slice(0, 29), long, letters, opening.data]) {
        mustNotBeTaken(await bench.master.answer({ ...good, data }), toHex(data));
      }
      await mustStand(bench, before);
    },
  },
  {
    id: "P-13",
    section: "3.4",
    zh: "次数错与户号错不计入认证失败:各六次后仍可充值",
    en: "wrong numbers and customers do not count as wrong MACs: six of each, and the right one is taken",
    needs: "top_up",
    async run(bench) {
      const before = await standing(bench);
      const next = before.count + 1;
      const customer = otherCustomer(bench.meter.customer ?? "");
      for (let i = 0; i <= BAD_MACS_LOCK; i++) {
        mustNotBeTaken(await bench.master.answer(topUpFrame(bench, { count: next + 1 })), "n+2");
        mustNotBeTaken(await bench.master.answer(topUpFrame(bench, { count: next, customer })), "another customer");
      }
      await buyNext(bench, next);
      await mustStand(bench, before, { count: 1, wh: SMALL_WH });
    },
  },
];

/** Wrong MACs lock; these leave the meter locked, so they come last. */
export const lockCases: readonly Case[] = [
  {
    id: "P-20",
    section: "3.4 (7)",
    zh: "连续五次 MAC 错:08 四次后 08 01 锁定;锁定中好帧被拒、原样重发仍成功",
    en: "five wrong MACs in a row: 08 four times, then 08 01; locked, a right one is refused and an identical repeat succeeds",
    needs: "top_up",
    async run(bench) {
      const start = await standing(bench);
      const last = topUpFrame(bench, { count: start.count + 1 });
      mustBeTaken(await bench.master.answer(last), "n+1");
      const before = await standing(bench);
      const next = { count: before.count + 1, amount: AMOUNT };
      const locked = SERR.authentication | SERR.locked;
      for (let i = 1; i <= BAD_MACS_LOCK; i++) {
        const told = await bench.master.answer(topUpFrame(bench, next, bench.meter.otherKey));
        mustBeRefused(told, i < BAD_MACS_LOCK ? SERR.authentication : locked, `wrong MAC ${i}`);
      }
      mustBeRefused(await bench.master.answer(topUpFrame(bench, next)), locked, "a right one while locked");
      mustBeTaken(await bench.master.answer(last), "the identical repeat while locked");
      await mustStand(bench, before);
    },
  },
  {
    id: "P-21",
    section: "3.4",
    zh: "锁定期满:好帧被接受",
    en: "after the lock the right one is taken",
    needs: "lock_wait",
    async run(bench) {
      const before = await standing(bench);
      await bench.pause(bench.meter.lockMs);
      const frame = topUpFrame(bench, { count: before.count + 1, amount: AMOUNT });
      mustBeTaken(await bench.master.answer(frame), "n+1 after the lock");
      await mustStand(bench, before, { count: 1, wh: AMOUNT_WH });
    },
  },
];

function turned(frame: Frame645, bit: number): Frame645 {
  const data = frame.data.slice();
  data[bit >> 3] = (data[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return { ...frame, data };
}

function otherCustomer(customer: string): string {
  return `${customer.slice(0, -1)}${(Number(customer.slice(-1)) + 1) % 10}`;
}
