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
} from "./plan.ts";

/** What a plain DTU of the town says on registering, around its code, and to stay connected. */
export const DTU_REGISTRATION = { before: "REG:", after: "\r\n" };
export const DTU_HEARTBEAT = "hb\r\n";

/** One street of the town that has a concentrator of another make. */
type Street = { id: string; name: string; c: number; meters: number; link: LinkPlan };

/** Numbers of concentrators in addresses; those of JCP/1 begin with 1. */
const TERMINAL = 901;
const DTU = 902;
const LISTENING_DTU = 903;
const BEHIND_GATEWAY = 904;
/** Bus of the radio (LoRa), beside the wired one. */
const RADIO_BUS = 2;
/** The fifth has its credit on the server. */
const LEGACY_METERS = 5;

type Options = TownSize & { mk?: string };

/**
 * A town as sites really are: concentrators of our own protocol, a terminal of Q/GDW 1376.1, a plain DTU, and with a
 * `listenPort` a DTU that listens there. On the last concentrator of ours a radio meter is the gateway to two meters on
 * its RS-485.
 */
export function mixedTownPlan(options: Options & { listenPort?: number; heartbeatMs?: number }) {
  const { seed, listenPort, heartbeatMs = MINUTE_MS } = options;
  const plan = townPlan(options);
  const masterKey = fromHex(plan.masterKey);
  const last = plan.concentrators.at(-1);
  assert(masterKey !== null && last !== undefined, "a town has a master key and a concentrator");
  const streets = streetsOf({ heartbeatMs, listenPort });
  const drawn = (draw: Omit<MeterDraw, "seed" | "masterKey">) => meterPlan({ seed, masterKey, ...draw });
  const concentrators: ConcentratorPlan[] = streets.map(({ id, link }) => ({ id, key: "", link }));
  const meters = streets.flatMap((street) =>
    Array.from({ length: street.meters }, (_, i): MeterPlan => {
      const meter = drawn({ concentrator: street.id, c: street.c, n: i + 1 });
      const room = `${street.name}-${String(i + 1).padStart(2, "0")}`;
      return { ...meter, room, label: room };
    }),
  );
  return {
    ...plan,
    concentrators: [...plan.concentrators, ...concentrators],
    meters: [...plan.meters, ...meters, ...radioMeters((n) => drawn({ concentrator: last.id, c: BEHIND_GATEWAY, n }))],
  };
}

function streetsOf({ heartbeatMs, listenPort }: { heartbeatMs: number; listenPort: number | undefined }): Street[] {
  const dtu = { kind: "transparent", heartbeat: DTU_HEARTBEAT, heartbeatMs } as const;
  const { before, after } = DTU_REGISTRATION;
  const terminal = { kind: "gw1376", listenPort: null, heartbeatMs } as const;
  const id = "DTU00902";
  const streets: Street[] = [
    { id: "510100901", name: "商业街", c: TERMINAL, meters: LEGACY_METERS, link: terminal },
    {
      id,
      name: "物流园",
      c: DTU,
      meters: LEGACY_METERS,
      link: { ...dtu, listenPort: null, registration: before + id + after },
    },
  ];
  if (listenPort !== undefined) {
    const link = { ...dtu, listenPort, registration: null };
    streets.push({ id: "DTU00903", name: "泵站", c: LISTENING_DTU, meters: LEGACY_METERS, link });
  }
  return streets;
}

/** A radio meter, and two that hang on its RS-485. */
function radioMeters(drawn: (n: number) => MeterPlan): MeterPlan[] {
  const [gateway, ...others] = [1, 2, 3].map(drawn);
  assert(gateway !== undefined, "a gateway was drawn");
  const at = (meter: MeterPlan, i: number) => {
    const room = `别墅-${String(i).padStart(2, "0")}`;
    return { ...meter, port: RADIO_BUS, room, label: room };
  };
  return [at(gateway, 1), ...others.map((meter, i) => ({ ...at(meter, i + 2), gateway: gateway.address }))];
}
