import { type Bytes, concat, sumOf } from "../bytes.ts";
import {
  CURRENT,
  ENERGY,
  FACTOR,
  type Form,
  FREQUENCY,
  MINUTE,
  POWER,
  REACTIVE_ENERGY,
  REACTIVE_ENERGY_SIGNED,
  REACTIVE_POWER,
  VOLTAGE,
} from "./forms.ts";
import { bytesOf, type Field, record } from "./item.ts";
import { itemData, itemValues, type PlacedValue } from "./items.ts";

/**
 * One block of a load record (负荷记录, DI3 06, appendix B). A group that the mode word of the meter leaves out is empty;
 * `marked` says that the meter calls the block bad (E0 E0). `fault` tells what makes it unreadable; then it has no values.
 */
export type LoadRecordBlock = {
  at: number;
  bytes: number;
  time: string | null;
  marked: boolean;
  values: PlacedValue[];
  fault: "length" | "checksum" | "end" | "separator" | "digits" | null;
};

const START = 0xa0;
const BAD = 0xe0;
const SEPARATOR = 0xaa;
const END = 0xe5;
/** A0 A0, length, five bytes of time before the groups; checksum and E5 behind them. */
const HEAD = 8;
const TAIL = 2;
const PHASES = ["A", "B", "C"] as const;

/** The groups in their order; each is followed by AA, full or empty. */
const GROUPS: readonly (readonly Field[])[] = [
  [
    ...perPhase("voltage", "电压", VOLTAGE),
    ...perPhase("current", "电流", CURRENT),
    { name: "frequency", zh: "电网频率", form: FREQUENCY },
  ],
  [...withTotal("power", "有功功率", POWER), ...withTotal("reactive power", "无功功率", REACTIVE_POWER)],
  withTotal("power factor", "功率因数", FACTOR),
  [
    { name: "forward active energy", zh: "正向有功总电能", form: ENERGY },
    { name: "reverse active energy", zh: "反向有功总电能", form: ENERGY },
    { name: "combined reactive energy 1", zh: "组合无功1总电能", form: REACTIVE_ENERGY_SIGNED },
    { name: "combined reactive energy 2", zh: "组合无功2总电能", form: REACTIVE_ENERGY_SIGNED },
  ],
  ["一", "二", "三", "四"].map((zh, i) => ({
    name: `quadrant ${i + 1} reactive energy`,
    zh: `第${zh}象限无功总电能`,
    form: REACTIVE_ENERGY,
  })),
  [
    { name: "active demand", zh: "当前有功需量", form: POWER },
    { name: "reactive demand", zh: "当前无功需量", form: REACTIVE_POWER },
  ],
];
const GROUP_ITEMS = GROUPS.map((fields) => ({
  di: "",
  code: 0,
  name: "load record group",
  zh: "负荷记录",
  clause: "B.2",
  reads: null,
  layouts: [record(fields)] as const,
}));
const GROUP_BYTES = GROUPS.map(bytesOf);

/** Every value that a block can hold, with its names. */
export const loadRecordFields: readonly Field[] = GROUPS.flat();

/** What a load record identifier asks for; undefined when it is none. `kind` is 0 for all, 1 to 6 for one class. */
export function loadRecordOf(
  di: string,
): { kind: number; from: "earliest" | "time" | "latest"; zh: string } | undefined {
  const [, kind = "", place = ""] = /^060([0-6])000([0-2])$/.exec(di) ?? [];
  if (kind === "") return undefined;
  const whose = kind === "0" ? "" : `第${kind}类负荷`;
  if (place === "0") return { kind: Number(kind), from: "earliest", zh: `${whose}最早记录块` };
  return place === "1"
    ? { kind: Number(kind), from: "time", zh: `${whose}给定时间记录块` }
    : { kind: Number(kind), from: "latest", zh: `${whose}最近一个记录块` };
}

/** The blocks in the data behind the identifier; a stretch that is no block ends the list with a fault. Never throws. */
export function loadRecordBlocks(data: Bytes): LoadRecordBlock[] {
  const blocks: LoadRecordBlock[] = [];
  let at = 0;
  while (at < data.length) {
    const block = blockAt(data, at);
    blocks.push(block);
    at += block.bytes;
  }
  return blocks;
}

/**
 * One block from the values of each group as people write them, empty groups as empty lists; the other direction of
 * {@link loadRecordBlocks}. Null when a value does not fit.
 */
export function loadRecordBlock(time: string, groups: readonly (readonly (string | null)[])[]): Bytes | null {
  const when = MINUTE.write(time);
  if (when === null || groups.length !== GROUPS.length) return null;
  const parts: Bytes[] = [when];
  for (const [i, item] of GROUP_ITEMS.entries()) {
    const values = groups[i] ?? [];
    const bytes = values.length === 0 ? new Uint8Array(0) : itemData(item, values);
    if (bytes === null) return null;
    parts.push(bytes, Uint8Array.of(SEPARATOR));
  }
  const body = concat(...parts);
  const head = concat(Uint8Array.of(START, START, body.length), body);
  return concat(head, Uint8Array.of(sumOf(head, 0, head.length), END));
}

function blockAt(data: Bytes, at: number): LoadRecordBlock {
  const rest = data.length - at;
  const length = data[at + 2] ?? 0;
  const bytes = 3 + length + TAIL;
  const broken = (fault: LoadRecordBlock["fault"], used = rest): LoadRecordBlock => {
    return { at, bytes: used, time: null, marked: data[at] === BAD, values: [], fault };
  };
  const starts = (data[at] === START || data[at] === BAD) && data[at + 1] === data[at];
  if (!starts || bytes > rest || bytes < HEAD + TAIL) return broken("length");
  const end = at + bytes;
  if (data[end - 1] !== END) return broken("end");
  // The checksum covers the bytes from the first A0 on.
  if (sumOf(data, at, end - TAIL) !== data[end - 2]) return broken("checksum", bytes);
  const time = MINUTE.read(data, at + 3);
  const values: PlacedValue[] = [];
  let place = at + HEAD;
  for (const [i, item] of GROUP_ITEMS.entries()) {
    const size = groupSize(data, place, GROUP_BYTES[i] ?? 0, end - TAIL);
    if (size === null) return broken("separator", bytes);
    const read = size === 0 ? [] : itemValues(item, data.subarray(0, place + size), place);
    if (read === null) return broken("digits", bytes);
    values.push(...read);
    place += size + 1;
  }
  if (place !== end - TAIL) return broken("separator", bytes);
  return { at, bytes, time, marked: data[at] === BAD, values, fault: null };
}

/**
 * Bytes of the group at `place`: all of it or none. Values are decimal digits or FF, so AA in the first place can only be
 * the separator of an empty group.
 */
function groupSize(data: Bytes, place: number, full: number, end: number): number | null {
  if (data[place] === SEPARATOR && place < end) return 0;
  return place + full < end && data[place + full] === SEPARATOR ? full : null;
}

function perPhase(name: string, zh: string, form: Form): Field[] {
  return PHASES.map((phase) => ({ name: `${name} ${phase}`, zh: `${phase}相${zh}`, form }));
}

function withTotal(name: string, zh: string, form: Form): Field[] {
  return [{ name: `${name} total`, zh: `总${zh}`, form }, ...perPhase(name, zh, form)];
}
