import { later, MINUTE_MS } from "#base/time.ts";
import { decodeAnswer, encodeRelay, type LocalTime } from "#protocol/dlt645/commands.ts";
import { ANY_METER, BROADCAST } from "#protocol/dlt645/control.ts";
import { encodeFrame645, type Frame645 } from "#protocol/dlt645/frame.ts";
import { di } from "#protocol/dlt645/items.ts";
import type { Bench, Case } from "./case.ts";
import { Failed, must } from "./failed.ts";
import { describe } from "./master.ts";
import { mustBeSilent, OPERATOR } from "./steps.ts";

type Action = "trip" | "close" | "permit_close";

const ERR_OTHER = 0x01;
const ERR_PASSWORD = 0x04;
const SHANGHAI_OFFSET_MS = 8 * 60 * MINUTE_MS;
const VALID_MINUTES = 10;
/** After these pauses a relay has moved, or it has not. */
const LOOK_AGAIN_MS = [0, 200, 500, 1_000, 2_000, 4_000] as const;
const UNKNOWN_N1 = 0x7f;

/** Switching: password, validity, and that status word 3 shows the relay as it is. The meter must have credit; it ends closed. */
export const switchCases: readonly Case[] = [
  {
    id: "S-01",
    section: "2.2",
    zh: "密码错的拉闸:DCH,ERR 04,开关不动",
    en: "a trip with a wrong password: DCH, ERR 04, and the relay stays",
    needs: "switch",
    run: (bench) => refusedTrip(bench, { password: "02123456" }, ERR_PASSWORD),
  },
  {
    id: "S-02",
    section: "2.2",
    zh: "已过有效期的拉闸:DCH,开关不动",
    en: "a trip whose time is past: DCH, and the relay stays",
    needs: "switch",
    run: (bench) => refusedTrip(bench, { minutes: -VALID_MINUTES }, ERR_OTHER),
  },
  {
    id: "S-03",
    section: "2.2",
    zh: "未知的控制命令 N1:DCH,开关不动",
    en: "an unknown N1: DCH, and the relay stays",
    needs: "switch",
    async run(bench) {
      const frame = order(bench, "trip");
      frame.data[8] = UNKNOWN_N1;
      await refused(bench, frame, ERR_OTHER, "N1 7FH");
    },
  },
  {
    id: "S-04",
    section: "2",
    zh: "通配与广播地址的拉闸:沉默,开关不动",
    en: "a trip at the wildcard or broadcast address: silence, and the relay stays",
    needs: "switch",
    async run(bench) {
      const before = await relay(bench);
      for (const address of [ANY_METER, BROADCAST]) {
        await mustBeSilent(bench, encodeFrame645({ ...order(bench, "trip"), address }, 4), `a trip at ${address}`);
      }
      must((await relay(bench)).relayOpen === before.relayOpen, "the relay moved");
    },
  },
  {
    id: "S-05",
    section: "2.2",
    zh: "拉闸:9CH,状态字 3 显示断开;重复拉闸照常应答",
    en: "a trip: 9CH, and status word 3 shows open; a second trip is taken as well",
    needs: "switch",
    async run(bench) {
      await taken(bench, "trip");
      await shows(bench, "open", (status) => status.relayOpen && status.relayCommandedOpen);
      await taken(bench, "trip");
      must((await relay(bench)).relayOpen, "the relay closed after a second trip");
    },
  },
  {
    id: "S-06",
    section: "2.2",
    zh: "合闸允许:9CH,命令位清零",
    en: "a permission to close: 9CH, and the commanded bit is cleared",
    needs: "switch",
    async run(bench) {
      await taken(bench, "trip");
      await taken(bench, "permit_close");
      await shows(bench, "permitted", (status) => !status.relayCommandedOpen);
    },
  },
  {
    id: "S-07",
    section: "2.2",
    zh: "直接合闸:9CH,状态字 3 显示闭合(按键合闸的表应拒绝)",
    en: "a close at once: 9CH, and status word 3 shows closed (a meter that closes by its button refuses)",
    needs: "switch",
    async run(bench) {
      if (bench.meter.closesBy === "button") return refused(bench, order(bench, "close"), ERR_OTHER, "a close at once");
      await taken(bench, "trip");
      await taken(bench, "close");
      await shows(bench, "closed", (status) => !status.relayOpen && !status.relayCommandedOpen);
    },
  },
];

async function refusedTrip(bench: Bench, change: { password?: string; minutes?: number }, err: number): Promise<void> {
  await refused(bench, order(bench, "trip", change), err, "the trip");
}

async function refused(bench: Bench, frame: Frame645, err: number, what: string): Promise<void> {
  const before = await relay(bench);
  const told = await bench.master.ask(frame);
  const said = told && decodeAnswer(told);
  const isIt = said?.kind === "refused" && said.function === "relay" && said.code === err;
  must(isIt, `${what}: should be refused with ERR 0${err}, came ${describe(said)}`);
  must((await relay(bench)).relayOpen === before.relayOpen, `${what}: the relay moved`);
}

async function taken(bench: Bench, action: Action): Promise<void> {
  const told = await bench.master.answer(order(bench, action));
  must(told?.kind === "done" && told.function === "relay", `${action}: should be taken, came ${describe(told)}`);
}

type Status = Awaited<ReturnType<typeof relay>>;

async function shows(bench: Bench, what: string, is: (status: Status) => boolean): Promise<void> {
  for (const ms of LOOK_AGAIN_MS) {
    await bench.pause(ms);
    if (is(await relay(bench))) return;
  }
  throw new Failed(`status word 3 never showed ${what}`);
}

function relay({ master }: Bench) {
  return master.read(di.statusWord3, "status3");
}

function order(bench: Bench, action: Action, change: { password?: string; minutes?: number } = {}): Frame645 {
  const { password = bench.meter.password, minutes = VALID_MINUTES } = change;
  return encodeRelay(bench.meter.address, {
    action,
    password,
    operator: OPERATOR,
    validUntil: inMinutes(bench, minutes),
  });
}

/** The meter's clock shows China's time. */
function inMinutes({ clock }: Bench, minutes: number): LocalTime {
  const at = new Date(later(clock(), minutes * MINUTE_MS + SHANGHAI_OFFSET_MS));
  return {
    year: at.getUTCFullYear(),
    month: at.getUTCMonth() + 1,
    day: at.getUTCDate(),
    hour: at.getUTCHours(),
    minute: at.getUTCMinutes(),
    second: at.getUTCSeconds(),
  };
}
