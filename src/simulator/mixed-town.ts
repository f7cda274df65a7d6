import { assert } from "#base/errors.ts";
import { MINUTE_MS } from "#base/time.ts";
import { fromHex } from "#protocol/bytes.ts";
import {
  type ConcentratorPlan,
  type LinkPlan,
  type MeterDraw,
  type MeterPlan,
  meterPlan,
  type TownSize,
  townPlan,
  waterPlan,
} from "./plan.ts";

/** What a plain DTU of the town says on registering, around its code, and to stay connected. */
export const DTU_REGISTRATION = { before: "REG:", after: "\r\n" };
export const DTU_HEARTBEAT = "hb\r\n";

/** One street of the town that has a concentrator of another make. */
type Street = { id: string; name: string; c: number; link: LinkPlan };

/** Numbers of concentrators in addresses; those of JCP/1 begin with 1. */
const TERMINAL = 901;
const DTU = 902;
const LISTENING_DTU = 903;
const BEHIND_GATEWAY = 904;
/** Bus of the radio (LoRa), beside the wired one. */
const RADIO_BUS = 2;
/** The fifth has its credit on the server. */
const LEGACY_METERS = 5;
/** The third water meter of a concentrator holds its credit itself. */
const NTH_WITH_CREDIT = 3;

type Options = TownSize & { mk?: string };

/**
 * A town as sites really are: concentrators of our own protocol, a terminal of Q/GDW 1376.1, a plain DTU, and with a
 * `listenPort` a DTU that listens there. Behind each of the others hang meters of all protocols on one bus. On the last
 * concentrator of ours a radio meter is the gateway to one for electricity and one for water on its RS-485.
 */
export function mixedTownPlan(options: Options & { listenPort?: number; heartbeatMs?: number }) {
  const { seed, listenPort, heartbeatMs = MINUTE_MS } = options;
  const plan = townPlan(options);
  const masterKey = fromHex(plan.masterKey);
  const last = plan.concentrators.at(-1);
  assert(masterKey !== null && last !== undefined, "a town has a master key and a concentrator");
  const streets = streetsOf({ heartbeatMs, listenPort });
  const concentrators: ConcentratorPlan[] = streets.map(({ id, link }) => ({ id, key: "", link }));
  const meters = streets.flatMap(({ id, c, name }) => streetMeters({ seed, masterKey, concentrator: id, c }, name));
  const radio = radioMeters({ seed, masterKey, concentrator: last.id, c: BEHIND_GATEWAY });
  return {
    ...plan,
    concentrators: [...plan.concentrators, ...concentrators],
    meters: [...plan.meters, ...meters, ...radio],
  };
}

type Draw = Omit<MeterDraw, "n">;

/** Electricity of both editions, and water in the room of one of 1997, all on the one bus that a DTU has. */
function streetMeters(draw: Draw, name: string): MeterPlan[] {
  const meters = Array.from({ length: LEGACY_METERS }, (_, i): MeterPlan => {
    const room = roomName(name, i + 1);
    return { ...meterPlan({ ...draw, n: i + 1 }), room, label: room, ...(i === 1 && { profile: "jc97" }) };
  });
  return [...meters, ...meters.slice(1, 2).map((meter) => waterBeside(draw, meter))];
}

/** A radio meter, and two of one room that hang on its RS-485. */
function radioMeters(draw: Draw): MeterPlan[] {
  const at = (n: number) => ({ ...meterPlan({ ...draw, n }), port: RADIO_BUS, room: roomName("别墅", n) });
  const [gateway, other] = [at(1), at(2)];
  const electricity = { ...other, label: other.room, gateway: gateway.address };
  return [{ ...gateway, label: gateway.room }, electricity, waterBeside(draw, electricity)];
}

/** Water in the room and on the bus of another meter, with the credit in the meter. */
function waterBeside(draw: Draw, beside: MeterPlan): MeterPlan {
  const { room, port, gateway, tenant, customerName } = beside;
  const water = { ...waterPlan({ ...draw, n: NTH_WITH_CREDIT }), room, port, tenant, customerName };
  return { ...water, label: `${room} 水`, ...(gateway !== undefined && { gateway }) };
}

function roomName(street: string, n: number): string {
  return `${street}-${String(n).padStart(2, "0")}`;
}

function streetsOf({ heartbeatMs, listenPort }: { heartbeatMs: number; listenPort: number | undefined }): Street[] {
  const dtu = { kind: "transparent", heartbeat: DTU_HEARTBEAT, heartbeatMs } as const;
  const { before, after } = DTU_REGISTRATION;
  const terminal = { kind: "gw1376", listenPort: null, heartbeatMs } as const;
  const id = "DTU00902";
  const streets: Street[] = [
    { id: "510100901", name: "商业街", c: TERMINAL, link: terminal },
    {
      id,
      name: "物流园",
      c: DTU,
      link: { ...dtu, listenPort: null, registration: before + id + after },
    },
  ];
  if (listenPort !== undefined) {
    const link = { ...dtu, listenPort, registration: null };
    streets.push({ id: "DTU00903", name: "泵站", c: LISTENING_DTU, link });
  }
  return streets;
}
