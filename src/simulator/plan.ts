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

/** How a room uses electricity over the day. */
export type LoadClass = "shop" | "office" | "flat";

/** One meter as its archive sheet would describe it, with the secret it shares with the system. */
export type MeterPlan = {
  /** 12 digits, also its number on the door. */
  address: string;
  number: string;
  concentrator: string;
  /** Bus of the concentrator that it hangs on. */
  port: number;
  /** Address of the gateway meter behind which it hangs. */
  gateway?: string;
  room: string;
  kind: "electricity";
  creditAt: "meter" | "server";
  /** 1/10000 yuan per kWh. */
  priceE4: number;
  /** 12 digits. */
  customerNumber: string;
  customerName: string;
  /** 16 bytes in hex, derived from the master key for recharging. */
  rechargeKey: string;
  initialIndexWh: number;
  /** Credit at the start; for `creditAt: "server"` what the account's balance is worth (the meter itself shows 0). */
  initialCreditWh: number;
  load: LoadClass;
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
};

/**
 * Draws a town from a seed; the same arguments give the same town for ever. A larger town begins with the smaller one.
 * About one meter in ten keeps its credit on the server, one in twenty wants its button pressed, one in eight is low.
 */
export function townPlan(options: { seed: number; concentrators?: number; metersPer?: number; mk?: string }): TownPlan {
  const { seed, concentrators = 2, metersPer = 40, mk = DEMO_MASTER_KEY } = options;
  assert(Number.isSafeInteger(seed), `a seed is a whole number: ${seed}`);
  assert(concentrators >= 1 && concentrators <= CONCENTRATORS_MAX, `1 … ${CONCENTRATORS_MAX} concentrators`);
  assert(metersPer >= 1 && metersPer <= METERS_PER_MAX, `1 … ${METERS_PER_MAX} meters per concentrator`);
  const masterKey = fromHex(mk);
  assert(masterKey?.length === 16, "a master key has 16 bytes");
  const plan = { seed, masterKey: mk, concentrators: [] as ConcentratorPlan[], meters: [] as MeterPlan[] };
  for (let c = 1; c <= concentrators; c++) {
    const random = randomStream(seed, c);
    const key = toHex(Uint8Array.from({ length: 16 }, () => between(random, 0, 255)));
    const id = `JC${String(c).padStart(6, "0")}`;
    plan.concentrators.push({ id, key });
    for (let n = 1; n <= metersPer; n++) plan.meters.push(meterPlan({ seed, masterKey, concentrator: id, c, n }));
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
  const load: LoadClass = floor <= 2 ? "shop" : floor % 3 === 0 ? "office" : "flat";
  const creditAt = n % 10 === 5 ? "server" : "meter";
  return {
    address,
    number: address,
    concentrator,
    port: 1,
    room: `${building(c)}座-${digits(floor, 2)}${digits(((n - 1) % ROOMS_PER_FLOOR) + 1, 2)}`,
    kind: "electricity",
    creditAt,
    priceE4: hero ? 7500 : between(random, 68, 110) * 100,
    customerNumber: `1000${digits(c, 4)}${digits(n, 4)}`,
    customerName: customerName(random, load),
    rechargeKey: toHex(meterKey(nodeCiphers, masterKey, 1, address)),
    initialIndexWh: between(random, 20, 4_500_000) * 10,
    initialCreditWh: hero ? 0 : n % 8 === 4 ? between(random, 100, 800) * 10 : between(random, 2_000, 30_000) * 10,
    load,
    ratedPowerW: between(random, ...RATED_POWER_W[load]),
    closesBy: n % 20 === 11 && creditAt === "meter" ? "button" : "direct",
  };
}

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
