import { type Bytes, concat, equalBytes } from "#protocol/bytes.ts";
import { encodeRead } from "#protocol/dlt645/commands.ts";
import { encodeFrame645, type Frame645 } from "#protocol/dlt645/frame.ts";
import { diToWire } from "#protocol/dlt645/items.ts";
import {
  decodeGuardSettings,
  decodeGuardState,
  encodeGuardSettings,
  type GuardSettings,
  LOAD_GUARD_DI,
  RELEASE_CODE,
} from "#protocol/dlt645/load-guard.ts";
import { encodeRequest } from "#protocol/dlt645/requests.ts";
import type { Bench, Case } from "./case.ts";
import { Failed, must, NotThere } from "./failed.ts";
import { OPERATOR, standing } from "./steps.ts";

const WRITTEN = 0x94;
const NOT_WRITTEN = 0xd4;
const ERR_OTHER = 0x01;
const ERR_NO_DATA = 0x02;
const ERR_PASSWORD = 0x04;
const READ_TRIES = 3;

/** The load guard: what is written is what is read, and nothing is taken that must not be. Whether it trips takes a load and is not tried. */
export const loadGuardCases: readonly Case[] = [
  {
    id: "G-01",
    section: "2.4",
    zh: "安全用电参数与状态可读;没有此功能的表对三个数据项应答 D1H,ERR 02",
    en: "settings and state of the load guard are read; a meter without one refuses all three items, D1H, ERR 02",
    needs: "read",
    async run(bench) {
      const settings = await item(bench, LOAD_GUARD_DI.settings);
      const state = await item(bench, LOAD_GUARD_DI.state);
      must((await item(bench, LOAD_GUARD_DI.release)) === null, "the release can be read");
      if (settings === null && state === null) return;
      must(settings !== null && decodeGuardSettings(settings) !== null, "the settings are none");
      must(state !== null && decodeGuardState(state) !== null, "the state is none");
    },
  },
  {
    id: "G-02",
    section: "2.4",
    zh: "密码错的参数与解锁:D4H,ERR 04,参数不变",
    en: "settings and a release with a wrong password: D4H, ERR 04, and the settings stay",
    needs: "switch",
    async run(bench) {
      const before = await settingsNow(bench);
      for (const [place, data] of [
        [LOAD_GUARD_DI.settings, encodeGuardSettings(other(before))],
        [LOAD_GUARD_DI.release, Uint8Array.of(RELEASE_CODE)],
      ] as const)
        await refused(bench, writes(bench, place, data, "02123456"), ERR_PASSWORD);
      await mustBeSet(bench, before);
    },
  },
  {
    id: "G-03",
    section: "2.4",
    zh: "不成立的参数、错误的解锁码、错误的长度:D4H,ERR 01,参数不变",
    en: "settings that are none, another release code, a wrong length: D4H, ERR 01, and the settings stay",
    needs: "switch",
    async run(bench) {
      const before = await settingsNow(bench);
      const good = encodeGuardSettings(other(before));
      const spoiled = (at: number, byte: number) => good.map((each, i) => (i === at ? byte : each));
      const none = {
        digits: spoiled(0, 0xaa),
        minutes: spoiled(9, 0),
        trips: spoiled(10, 0),
        from: spoiled(11, 0x02),
        hour: spoiled(13, 0x25),
      };
      for (const data of [...Object.values(none), good.slice(0, -1), concat(good, Uint8Array.of(0))])
        await refused(bench, writes(bench, LOAD_GUARD_DI.settings, data), ERR_OTHER);
      for (const data of [Uint8Array.of(0x55), new Uint8Array(0)])
        await refused(bench, writes(bench, LOAD_GUARD_DI.release, data), ERR_OTHER);
      await mustBeSet(bench, before);
    },
  },
  {
    id: "G-04",
    section: "2.4",
    zh: "写入的参数原样读回;最后恢复原参数",
    en: "settings are read as they were written; at the end they are those of before",
    needs: "switch",
    async run(bench) {
      const before = await settingsNow(bench);
      const wanted = other(before);
      try {
        await written(bench, LOAD_GUARD_DI.settings, encodeGuardSettings(wanted));
        await mustBeSet(bench, wanted);
      } finally {
        await written(bench, LOAD_GUARD_DI.settings, encodeGuardSettings(before));
      }
      await mustBeSet(bench, before);
    },
  },
  {
    id: "G-05",
    section: "2.4",
    zh: "解锁:94H,计数归零,状态为正常;次数、余量不变",
    en: "a release: 94H, the trips are counted anew and the state is free; purchases and credit stay",
    needs: "switch",
    async run(bench) {
      await settingsNow(bench);
      const before = await standing(bench);
      const { total } = await stateNow(bench);
      await written(bench, LOAD_GUARD_DI.release, Uint8Array.of(RELEASE_CODE));
      const after = await stateNow(bench);
      must(after.state === "free" && after.trips === 0, `the state is ${after.state} with ${after.trips} trips`);
      must(after.total === total, `the trips ever went from ${total} to ${after.total}`);
      const { count, creditWh } = await standing(bench);
      must(count === before.count && creditWh <= before.creditWh, "a release changed the credit");
    },
  },
];

/** The data of one item; null when the meter refuses it as one that it does not have. */
async function item({ master, meter }: Bench, place: string): Promise<Bytes | null> {
  for (let tries = 1; tries <= READ_TRIES; tries++) {
    const told = await master.ask(encodeRead(meter.address, place));
    if (told === null) continue;
    if (told.control === 0xd1 && ((told.data[0] ?? 0) & ERR_NO_DATA) !== 0) return null;
    const isIt = told.control === 0x91 && equalBytes(told.data.slice(0, 4), diToWire(place));
    if (!isIt) throw new Failed(`${place}: came control ${told.control.toString(16).toUpperCase()}H`);
    return told.data.slice(4);
  }
  throw new Failed(`${place}: no answer`);
}

async function settingsNow(bench: Bench): Promise<GuardSettings> {
  const data = await item(bench, LOAD_GUARD_DI.settings);
  if (data === null) throw new NotThere("该表没有安全用电功能 the meter has no load guard");
  const settings = decodeGuardSettings(data);
  must(settings !== null, "the settings are none");
  return settings;
}

async function stateNow(bench: Bench) {
  const data = await item(bench, LOAD_GUARD_DI.state);
  const state = data && decodeGuardState(data);
  must(state !== null, "the state is none");
  return state;
}

async function mustBeSet(bench: Bench, wanted: GuardSettings): Promise<void> {
  const shown = encodeGuardSettings(await settingsNow(bench));
  must(equalBytes(shown, encodeGuardSettings(wanted)), "the settings are not those that were written last");
}

/** Settings that differ in every value, and that no laboratory's load reaches. */
function other(of: GuardSettings): GuardSettings {
  return {
    ...{ maxW: of.maxW === 90_000 ? 91_000 : 90_000, stepW: of.stepW === 80_000 ? 81_000 : 80_000 },
    ...{ maliciousW: of.maliciousW === 70_000 ? 71_000 : 70_000, offMinutes: of.offMinutes === 7 ? 8 : 7 },
    ...{ tripsMax: of.tripsMax === 9 ? 8 : 9, countFrom: of.countFrom === "release" ? "midnight" : "release" },
    ...{ exemptFrom: of.exemptFrom === 690 ? 691 : 690, exemptTo: of.exemptTo === 810 ? 811 : 810 },
  };
}

function writes({ meter }: Bench, place: string, data: Bytes, password = meter.password): Frame645 {
  return encodeRequest(meter.address, { kind: "write", di: place, password, operator: OPERATOR, data });
}

async function written(bench: Bench, place: string, data: Bytes): Promise<void> {
  const told = await bench.master.ask(writes(bench, place, data));
  must(told?.control === WRITTEN, `${place}: should be written, came ${shown(told)}`);
}

async function refused(bench: Bench, frame: Frame645, err: number): Promise<void> {
  const told = await bench.master.ask(frame);
  const isIt = told?.control === NOT_WRITTEN && told.data[0] === err;
  must(isIt, `a write: should be refused with ERR 0${err}, came ${shown(told)}`);
}

function shown(told: Frame645 | null): string {
  if (told === null) return "silence";
  return `control ${told.control.toString(16).toUpperCase()}H, ${encodeFrame645(told, 0).length} bytes`;
}
