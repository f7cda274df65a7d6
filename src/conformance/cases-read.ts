import { type Bytes, concat, equalBytes, fromHex, toHex, toHexReversed } from "#protocol/bytes.ts";
import { encodeRead } from "#protocol/dlt645/commands.ts";
import { ANY_METER, BROADCAST } from "#protocol/dlt645/control.ts";
import { encodeFrame645, framesIn645 } from "#protocol/dlt645/frame.ts";
import { di } from "#protocol/dlt645/items.ts";
import type { Bench, Case } from "./case.ts";
import { must } from "./failed.ts";
import { describe } from "./master.ts";
import { keyInfo, mustBeSilent, standing } from "./steps.ts";

const READ = 0x11;
const READ_ADDRESS = 0x13;
const WRITE = 0x14;
const ERR_NO_DATA = 0x02;
/** An identifier that no table has. */
const NOBODYS_DI = "0FEE0F0F";

const ITEMS = [
  [di.energyTotal, "energyTotal"],
  [di.energyRemaining, "energyRemaining"],
  [di.energyOverdraft, "energyOverdraft"],
  [di.purchaseCount, "purchaseCount"],
  [di.statusWord3, "status3"],
  [di.voltageBlock, "voltage"],
  [di.currentBlock, "current"],
  [di.powerBlock, "power"],
] as const;

/** Reading, and what must not be answered: nothing here changes anything in a meter. */
export const readCases: readonly Case[] = [
  {
    id: "R-01",
    section: "2.1",
    zh: "八个数据项逐一应答,长度与格式正确",
    en: "each of the eight items is answered in its length and form",
    needs: "read",
    async run({ master }) {
      for (const [identifier, item] of ITEMS) await master.read(identifier, item);
    },
  },
  {
    id: "R-02",
    section: "2.1",
    zh: "连读两次不改变任何数据,示数不倒走",
    en: "reading twice changes nothing, and the index does not run backwards",
    needs: "read",
    async run(bench) {
      const [first, second] = [await standing(bench), await standing(bench)];
      must(second.count === first.count, `the purchase count moved from ${first.count} to ${second.count}`);
      must(second.indexWh >= first.indexWh, `the index ran back from ${first.indexWh} to ${second.indexWh} Wh`);
    },
  },
  {
    id: "R-03",
    section: "2",
    zh: "读通信地址(通配地址)报出自己的地址",
    en: "read address at the wildcard address tells the meter's own",
    needs: "read",
    async run({ master, meter }) {
      const told = await master.ask({ address: ANY_METER, control: READ_ADDRESS, data: new Uint8Array(0) });
      must(told !== null && told.control === 0x93, "no 93H came");
      must(toHexReversed(told.data) === meter.address, `it tells ${toHexReversed(told.data)}`);
      must(told.address === meter.address, `the frame is from ${told.address}`);
    },
  },
  {
    id: "R-04",
    section: "2",
    zh: "通配地址可读数据,应答用自己的地址",
    en: "a wildcard address may read, and is answered with the meter's own",
    needs: "read",
    async run({ master, meter }) {
      const told = await master.ask(encodeRead(ANY_METER, di.energyTotal));
      must(told !== null && told.control === 0x91, "no 91H came");
      must(told.address === meter.address, `the frame is from ${told.address}`);
    },
  },
  {
    id: "R-05",
    section: "2.3",
    zh: "未知数据标识:D1H,ERR 02",
    en: "an unknown identifier: D1H, ERR 02",
    needs: "read",
    async run({ master, meter }) {
      const told = await master.answer(encodeRead(meter.address, NOBODYS_DI));
      const isIt = told?.kind === "refused" && told.function === "read" && (told.code & ERR_NO_DATA) !== 0;
      must(isIt, `came ${describe(told)}`);
    },
  },
  {
    id: "R-06",
    section: "2.3",
    zh: "没有的功能(这里是 14H)有否定应答,不沉默也不照做",
    en: "a function that it does not have (here 14H) is refused, not passed over and not done",
    needs: "read",
    async run({ master, meter }) {
      const told = await master.ask({ address: meter.address, control: WRITE, data: new Uint8Array(12) });
      must(
        told !== null && told.control === 0xd4,
        `came ${told === null ? "silence" : toHex(encodeFrame645(told, 0))}`,
      );
    },
  },
  {
    id: "R-07",
    section: "2",
    zh: "别的表的地址:沉默",
    en: "another meter's address: silence",
    needs: "read",
    async run(bench) {
      await mustBeSilent(bench, encodeFrame645(encodeRead(neighbour(bench), di.energyTotal), 4), "another address");
    },
  },
  {
    id: "R-08",
    section: "2.3",
    zh: "校验和错、结束符错:沉默",
    en: "a wrong checksum, a wrong end: silence",
    needs: "read",
    async run(bench) {
      for (const back of [2, 1]) {
        const bytes = question(bench);
        bytes[bytes.length - back] = (bytes[bytes.length - back] ?? 0) ^ 0x01;
        await mustBeSilent(bench, bytes, back === 2 ? "a wrong checksum" : "a wrong end");
      }
    },
  },
  {
    id: "R-09",
    section: "2",
    zh: "方向位已置的帧(别的表的应答):沉默",
    en: "a frame with the direction bit set (an answer): silence",
    needs: "read",
    async run(bench) {
      const frame = { ...encodeRead(bench.meter.address, di.energyTotal), control: READ | 0x80 };
      await mustBeSilent(bench, encodeFrame645(frame, 4), "a frame with D7 set");
    },
  },
  {
    id: "R-10",
    section: "2",
    zh: "广播地址的读命令:沉默",
    en: "a read at the broadcast address: silence",
    needs: "read",
    async run(bench) {
      await mustBeSilent(bench, encodeFrame645(encodeRead(BROADCAST, di.energyTotal), 4), "a broadcast read");
    },
  },
  {
    id: "R-11",
    section: "4.3",
    zh: "半帧之后停顿,再来一帧好的:好的那帧有应答",
    en: "half a frame, silence, then a good one: the good one is answered",
    needs: "read",
    async run(bench) {
      const whole = question(bench);
      await mustBeSilent(bench, whole.slice(0, 14), "half a frame");
      await answered(bench, whole, "the good frame behind half a one");
    },
  },
  {
    id: "R-12",
    section: "2",
    zh: "乱码与假帧头之后紧跟好帧:重新同步并应答",
    en: "garbage and false starts right before a good frame: it is found and answered",
    needs: "read",
    async run(bench) {
      const garbage = fromHex("68 00 16 68 68 11 FF 68 AA BB CC DD EE FF 68 99") ?? new Uint8Array();
      // What follows the false start must be enough to see that it is none.
      const padding = new Uint8Array(270);
      await answered(bench, concat(garbage, padding, question(bench)), "the good frame behind garbage");
    },
  },
  {
    id: "R-13",
    section: "2.1",
    zh: "状态查询报出余额、次数、户号与密钥信息,与寄存器一致",
    en: "the status query tells credit, count, customer and key information, and they agree with the registers",
    needs: "read",
    async run(bench) {
      const before = await standing(bench);
      const told = await keyInfo(bench);
      must(told.count === before.count, `its count is ${told.count}, the register's ${before.count}`);
      const creditWh = Math.max(0, before.creditWh);
      must(
        Math.abs(told.amount * 10 - creditWh) <= 50,
        `its credit is ${told.amount * 10} Wh, the register's ${creditWh}`,
      );
      const { customer } = bench.meter;
      must(customer === null || told.customer === customer, `its customer is ${told.customer}`);
    },
  },
];

function question({ meter }: Bench): Bytes {
  return encodeFrame645(encodeRead(meter.address, di.energyTotal), 4);
}

async function answered(bench: Bench, bytes: Bytes, what: string): Promise<void> {
  const heard = await bench.master.raw(bytes);
  const own = heard.find((each) => each.address === bench.meter.address && each.control === 0x91);
  must(own !== undefined, `${what}: no answer`);
  const [asked] = framesIn645(question(bench));
  must(asked !== undefined && equalBytes(own.data.subarray(0, 4), asked.data), `${what}: another item was answered`);
}

/** An address that differs in its last digit. */
function neighbour({ meter }: Bench): string {
  const last = (Number(meter.address.slice(-1)) + 1) % 10;
  return `${meter.address.slice(0, -1)}${last}`;
}
