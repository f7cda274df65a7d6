import { assert } from "#base/errors.ts";
import { fromHex, toHex } from "#protocol/bytes.ts";
import { meterKey } from "#protocol/dlt645/prepay.ts";
import { nodeCiphers } from "#system/crypto.ts";
import { between, pick, randomStream } from "./random.ts";

/** Master key of the demo town, 16 bytes in hex. Public on purpose: it opens nothing but simulated meters. */
export const DEMO_MASTER_KEY = "4a696368616f2d64656d6f2d746f776e";

/** What a relay command must carry: level 02, password 000000 (factory value). */
export const RELAY_PASSWORD = "02000000";

/** Address digits hold three for the concentrator and three for the meter. */
const CONCENTRATORS_MAX = 999;
const METERS_PER_MAX = 999;
const ROOMS_PER_FLOOR = 8;
/** Every so many rooms one has water on the account of its tenant. */
const ROOMS_PER_WATER_METER = 5;
const ELECTRICITY_BUS = 1;
const WATER_BUS = 3;

/** How a room uses electricity over the day. */
export type LoadClass = "shop" | "office" | "flat";

/** One meter as its archive sheet would describe it, with the secret it shares with the system. */
export type MeterPlan = {
  /** 12 digits, 14 of a water meter. Meters of different protocols may share one on a bus. */
  address: string;
  /** What stands on the door: unique in the town, and as a rule the address. */
  number: string;
  /** The model, by its profile: what it speaks and what it can. */
  profile: string;
  concentrator: string;
  /** Bus of the concentrator that it hangs on. */
  port: number;
  /** Address of the gateway meter behind which it hangs. */
  gateway?: string;
  room: string;
  /** How the meter is called: after its room, and after what it measures when that is not electricity. */
  label: string;
  kind: "electricity" | "water";
  creditAt: "meter" | "server";
  /** 1/10000 yuan per kWh or m³. */
  priceE4: number;
  /** 12 digits. */
  customerNumber: string;
  /** Names the customer: meters of one tenant have the same. */
  tenant: string;
  customerName: string;
  /** 16 bytes in hex, derived from the master key for recharging. */
  rechargeKey: string;
  initialIndexWh: number;
  /** Credit at the start; for `creditAt: "server"` what the account's balance is worth (the meter itself shows 0). */
  initialCreditWh: number;
  load: LoadClass;
  /** Litres an hour for water. */
  ratedPowerW: number;
  /** "button": refuses to be closed from afar (1C), closes by its button after permission (1B). */
  closesBy: "direct" | "button";
};

/** One concentrator: its number and the key it proves itself with, 16 bytes in hex. */
export type ConcentratorPlan = {
  id: string;
  key: string;
  /** How it speaks to the collector; JCP/1, dialling, when left out. */
  link?: LinkPlan;
  /** Dials the collector's door in TLS, under a key derived from its own. */
  tls?: true;
};

/** What a concentrator speaks, and where it listens; null for one that dials. */
export type LinkPlan = { listenPort: number | null } & (
  | { kind: "jichao" }
  /** `registration` and `heartbeat` are what it sends, in text; null for what it does not send. */
  | { kind: "transparent"; registration: string | null; heartbeat: string | null; heartbeatMs: number }
  | { kind: "gw1376"; heartbeatMs: number }
);

/** A whole town on paper: what the archive imports and what the simulator plays. */
export type TownPlan = {
  seed: number;
  masterKey: string;
  concentrators: readonly ConcentratorPlan[];
  /** The first one is the story's hero: room A座-0101, 0.75 yuan a unit, no credit left, therefore tripped. */
  meters: readonly MeterPlan[];
  /** Meters that hang there and are in no archive. */
  spares?: readonly MeterPlan[];
};

/** What a town is drawn from. `metersPer` counts the electricity meters of a concentrator, `waterPer` its water meters. */
export type TownSize = {
  seed: number;
  concentrators?: number | undefined;
  metersPer?: number | undefined;
  waterPer?: number | undefined;
};

/**
 * Draws a town from a seed; the same arguments give the same town for ever. A larger town begins with the smaller one.
 * About one meter in ten keeps its credit on the server, one in twenty wants its button pressed, one in eight is low; one
 * in ten speaks the edition of 1997. Water is metered in every fifth room, behind a bus of its own, mostly with the credit
 * on the server; its meters are of both editions of CJ/T 188.
 */
export function townPlan(options: TownSize & { mk?: string }): TownPlan {
  const { seed, concentrators = 2, metersPer = 40, mk = DEMO_MASTER_KEY } = options;
  const { waterPer = Math.floor(metersPer / ROOMS_PER_WATER_METER) } = options;
  assert(Number.isSafeInteger(seed), `a seed is a whole number: ${seed}`);
  assert(concentrators >= 1 && concentrators <= CONCENTRATORS_MAX, `1 … ${CONCENTRATORS_MAX} concentrators`);
  assert(metersPer >= 1 && metersPer <= METERS_PER_MAX, `1 … ${METERS_PER_MAX} meters per concentrator`);
  assert(waterPer >= 0 && waterPer * ROOMS_PER_WATER_METER <= metersPer, "a water meter to five rooms at most");
  const masterKey = fromHex(mk);
  assert(masterKey?.length === 16, "a master key has 16 bytes");
  const plan = { seed, masterKey: mk, concentrators: [] as ConcentratorPlan[], meters: [] as MeterPlan[] };
  for (let c = 1; c <= concentrators; c++) {
    const random = randomStream(seed, c);
    const key = toHex(Uint8Array.from({ length: 16 }, () => between(random, 0, 255)));
    const id = `JC${String(c).padStart(6, "0")}`;
    plan.concentrators.push({ id, key });
    for (let n = 1; n <= metersPer; n++) plan.meters.push(meterPlan({ seed, masterKey, concentrator: id, c, n }));
    for (let n = 1; n <= waterPer; n++) plan.meters.push(waterPlan({ seed, masterKey, concentrator: id, c, n }));
  }
  return plan;
}

/** Where a meter is drawn: the numbers of its concentrator and of itself make its address and its luck. */
export type MeterDraw = { seed: number; masterKey: Uint8Array; concentrator: string; c: number; n: number };

/** One meter of a town, drawn from the seed. */
export function meterPlan({ seed, masterKey, concentrator, c, n }: MeterDraw): MeterPlan {
  const random = randomStream(seed, c, n);
  const hero = c === 1 && n === 1;
  const address = `2026${digits(c, 3)}${digits(n, 3)}${digits(between(random, 0, 99), 2)}`;
  const floor = Math.floor((n - 1) / ROOMS_PER_FLOOR) + 1;
  const room = `${building(c)}座-${digits(floor, 2)}${digits(((n - 1) % ROOMS_PER_FLOOR) + 1, 2)}`;
  const load: LoadClass = floor <= 2 ? "shop" : floor % 3 === 0 ? "office" : "flat";
  const creditAt = n % 10 === 5 ? "server" : "meter";
  return {
    address,
    number: address,
    profile: n % 20 === 13 || n % 20 === 15 ? "jc97" : "jc1",
    concentrator,
    port: ELECTRICITY_BUS,
    room,
    label: room,
    kind: "electricity",
    creditAt,
    priceE4: hero ? 7500 : between(random, 68, 110) * 100,
    customerNumber: `1000${digits(c, 4)}${digits(n, 4)}`,
    tenant: `1000${digits(c, 4)}${digits(n, 4)}`,
    customerName: customerName(random, load),
    rechargeKey: toHex(meterKey(nodeCiphers, masterKey, 1, address)),
    initialIndexWh: between(random, 20, 4_500_000) * 10,
    initialCreditWh: hero ? 0 : n % 8 === 4 ? between(random, 100, 800) * 10 : between(random, 2_000, 30_000) * 10,
    load,
    ratedPowerW: between(random, ...RATED_POWER_W[load]),
    closesBy: n % 20 === 11 && creditAt === "meter" ? "button" : "direct",
    ...sharedTenant(c, n),
  };
}

/** Three rooms of building A, each with electricity and water, are rented by one firm: a customer with six meters. */
const FIRM_ROOMS = [23, 28, 33];

function sharedTenant(c: number, n: number): Partial<MeterPlan> {
  return c === 1 && FIRM_ROOMS.includes(n) ? { tenant: "300000010001", customerName: "海景物业公司" } : {};
}

/** The nth water meter of a concentrator hangs in the room of an electricity meter, and has the same tenant. */
export function waterPlan(place: MeterDraw): MeterPlan {
  const { seed, c, n } = place;
  const room = meterPlan({ ...place, n: (n - 1) * ROOMS_PER_WATER_METER + 3 });
  const random = randomStream(seed, c, n, 7);
  const address = `2026${digits(c, 3)}${digits(n, 3)}${digits(between(random, 0, 9999), 4)}`;
  const profile = WATER_MODELS[(n - 1) % WATER_MODELS.length] ?? "";
  return {
    ...room,
    address,
    number: address,
    profile,
    label: `${room.room.replace("-", "")}水`,
    port: WATER_BUS,
    kind: "water",
    creditAt: profile === "jc188" ? "meter" : "server",
    priceE4: between(random, 280, 550) * 100,
    customerNumber: `2000${room.customerNumber.slice(4)}`,
    rechargeKey: "",
    initialIndexWh: between(random, 20, 90_000) * 10,
    initialCreditWh: between(random, 500, 6_000) * 10,
    ratedPowerW: between(random, ...RATED_LITRES_PER_HOUR[room.load]),
    closesBy: "direct",
  };
}

const WATER_MODELS = ["cjt188-2004-water", "cjt188-2018-water", "jc188", "cjt188-2004-water"] as const;

const RATED_LITRES_PER_HOUR: Record<LoadClass, [number, number]> = {
  shop: [60, 300],
  office: [20, 80],
  flat: [20, 90],
};

const RATED_POWER_W: Record<LoadClass, [number, number]> = {
  shop: [2500, 7500],
  office: [1500, 5000],
  flat: [1200, 3500],
};

const SURNAMES =
  "王李张刘陈杨赵黄周吴徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蒋蔡余杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金贾夏韦";
const SHOPS: [string, ...string[]] = [
  "面馆",
  "便利店",
  "理发店",
  "药房",
  "水果店",
  "文具店",
  "奶茶铺",
  "五金店",
  "快餐",
  "洗衣店",
];
const TITLES: [string, ...string[]] = ["先生", "女士"];
const FIRMS: [string, ...string[]] = ["设计工作室", "会计事务所", "广告公司", "科技公司", "旅行社"];

function customerName(random: () => number, load: LoadClass): string {
  const surname = SURNAMES.charAt(between(random, 0, SURNAMES.length - 1));
  if (load === "shop") return `${surname}记${pick(random, SHOPS)}`;
  if (load === "office") return `${surname}氏${pick(random, FIRMS)}`;
  return surname + pick(random, TITLES);
}

/** A, B, … Z, AA, AB, …: one building for each concentrator. */
function building(c: number): string {
  const last = String.fromCharCode(65 + ((c - 1) % 26));
  return c <= 26 ? last : building(Math.floor((c - 1) / 26)) + last;
}

function digits(value: number, length: number): string {
  return String(value).padStart(length, "0");
}
