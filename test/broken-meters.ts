import { fromHex } from "#protocol/bytes.ts";
import { createDeframer645, encodeFrame645, type Frame645 } from "#protocol/dlt645/frame.ts";
import { diFromWire } from "#protocol/dlt645/items.ts";
import { decodeKeyUpdate } from "#protocol/dlt645/meter-key.ts";
import { decodeTopUp, encodeTopUp, encodeTopUpRefusal, encodeTopUpReply, type TopUp } from "#protocol/dlt645/prepay.ts";
import { rechargeKey } from "#simulator/meter-key.ts";
import type { Meter } from "#simulator/meters.ts";
import { nodeCiphers } from "#system/crypto.ts";
import type { Spoil } from "./device.ts";

/** A meter with one thing wrong, and the cases that must find it. */
export type BrokenMeter = Spoil & { what: string; found: readonly string[] };

type Wrap = NonNullable<Spoil["hear"]>;

/** Frames as the honest meter would have to get them to do what the broken one does. */
function remade(meter: Meter, frame: Frame645, change: (topUp: TopUp) => Partial<TopUp>): Frame645 {
  const decoded = decodeTopUp(frame);
  if (!decoded.ok) return frame;
  const { topUp } = decoded;
  return encodeTopUp(nodeCiphers, rechargeKey(meter), meter.plan.address, { ...topUp, ...change(topUp) });
}

const topUpOf = (frame: Frame645) => {
  const decoded = decodeTopUp(frame);
  return decoded.ok ? decoded.topUp : null;
};

/** Spoils what the meter is told before it hears it. */
function hears(change: (frame: Frame645, meter: Meter) => Frame645): Wrap {
  return (honest, meter) => (frame) => honest(change(frame, meter));
}

/** Spoils what it says, or does something behind its back. */
function says(change: (reply: Frame645 | null, frame: Frame645, meter: Meter) => Frame645 | null): Wrap {
  return (honest, meter) => (frame) => change(honest(frame), frame, meter);
}

const isRelay = (frame: Frame645, n1: number) => frame.control === 0x1c && frame.data[8] === n1;
const asks = (frame: Frame645, di: string) => frame.control === 0x11 && diFromWire(frame.data) === di;
const writesGuard = (frame: Frame645) => frame.control === 0x14 && diFromWire(frame.data) === "0400E101";
const withByte = (frame: Frame645, at: number, value: number) => {
  const data = frame.data.slice();
  data[at] = value;
  return { ...frame, data };
};

/** Every way to be broken that a case was written for. */
export const brokenMeters: readonly BrokenMeter[] = [
  {
    what: "voltages one byte short",
    found: ["R-01"],
    hear: says((reply, frame) =>
      reply && asks(frame, "0201FF00") ? { ...reply, data: reply.data.slice(0, -1) } : reply,
    ),
  },
  {
    what: "the index runs backwards",
    found: ["R-02"],
    hear: says((reply, _, meter) => {
      meter.state.indexWh -= 100;
      return reply;
    }),
  },
  {
    what: "answers a wildcard with the wildcard",
    found: ["R-03", "R-04"],
    hear: says((reply, frame) => reply && { ...reply, address: frame.address }),
  },
  {
    what: "knows a value for everything",
    found: ["R-05"],
    hear: says((reply, frame) =>
      reply?.control === 0xd1 ? { ...reply, control: 0x91, data: Uint8Array.of(...frame.data, 0, 0, 0, 0) } : reply,
    ),
  },
  {
    what: "passes over functions that it does not have",
    found: ["R-06"],
    hear: says((reply, frame) => (frame.control === 0x14 ? null : reply)),
  },
  {
    what: "takes every address for its own",
    found: ["R-07", "R-10", "S-04", "P-11"],
    hear: hears((frame, meter) => ({ ...frame, address: meter.plan.address })),
  },
  { what: "does not look at checksum and end", found: ["R-08"], find: careless },
  {
    what: "answers answers",
    found: ["R-09"],
    hear: hears((frame) => (frame.control === 0x91 ? { ...frame, control: 0x11 } : frame)),
  },
  { what: "waits for ever for the rest of half a frame", found: ["R-11", "R-12"], find: stubborn },
  {
    what: "tells another count in its status query",
    found: ["R-13"],
    hear: says((reply, frame) =>
      reply && diFromWire(frame.data) === "078102FF" ? withByte(reply, 12, (reply.data[12] ?? 0) + 1) : reply,
    ),
  },
  {
    what: "trips with any password",
    found: ["S-01"],
    hear: hears((frame) => (frame.control === 0x1c ? withPassword(frame) : frame)),
  },
  {
    what: "trips at any time",
    found: ["S-02"],
    hear: hears((frame) => (frame.control === 0x1c ? withByte(frame, 15, 0x98) : frame)),
  },
  {
    what: "takes every N1 for a trip",
    found: ["S-03"],
    hear: hears((frame) => (isRelay(frame, 0x7f) ? withByte(frame, 8, 0x1a) : frame)),
  },
  {
    what: "shows what it was told, and its relay sticks",
    found: ["S-05"],
    hear: says((reply, frame, meter) => {
      if (isRelay(frame, 0x1a)) meter.state.relayOpen = false;
      return reply;
    }),
  },
  {
    what: "forgets a permission",
    found: ["S-06"],
    hear: says((reply, frame, meter) => {
      if (isRelay(frame, 0x1b)) meter.state.commandedOpen = true;
      return reply;
    }),
  },
  {
    what: "says that it closed and did not",
    found: ["S-07"],
    hear: says((reply, frame, meter) => {
      if (isRelay(frame, 0x1c)) meter.state.relayOpen = true;
      return reply;
    }),
  },
  {
    what: "tells the state of its load guard one byte short",
    found: ["G-01"],
    hear: says((reply, frame) =>
      reply && asks(frame, "0400E102") ? { ...reply, data: reply.data.slice(0, -1) } : reply,
    ),
  },
  {
    what: "sets its load guard with any password",
    found: ["G-02"],
    hear: hears((frame) => (frame.control === 0x14 ? withPassword(frame, 4) : frame)),
  },
  {
    what: "takes a load guard that waits no minutes",
    found: ["G-03"],
    hear: hears((frame) => (writesGuard(frame) && frame.data[21] === 0 ? withByte(frame, 21, 3) : frame)),
  },
  {
    what: "never counts the trips of its load guard from midnight",
    found: ["G-04"],
    hear: hears((frame) => (writesGuard(frame) ? withByte(frame, 23, 0) : frame)),
  },
  {
    what: "takes a release for a trip",
    found: ["G-05"],
    hear: says((reply, frame, meter) => {
      if (reply?.control === 0x94 && meter.state.guard && !writesGuard(frame)) meter.state.guard.total++;
      return reply;
    }),
  },
  {
    what: "credits half",
    found: ["P-01"],
    hear: hears((frame, meter) =>
      (topUpOf(frame)?.amount ?? 0) > 1 ? remade(meter, frame, ({ amount }) => ({ amount: amount >> 1 })) : frame,
    ),
  },
  {
    what: "credits every repeat again",
    found: ["P-02"],
    hear: hears((frame, meter) =>
      topUpOf(frame)?.count === meter.state.purchaseCount
        ? remade(meter, frame, ({ count }) => ({ count: count + 1 }))
        : frame,
    ),
  },
  {
    what: "refuses the identical repeat",
    found: ["P-02", "P-20"],
    hear: (honest, meter) => (frame) => {
      const isRepeat = topUpOf(frame)?.count === meter.state.purchaseCount;
      return isRepeat ? encodeTopUpRefusal(meter.plan.address, 2) : honest(frame);
    },
  },
  {
    what: "says yes to a known number whatever the amount",
    found: ["P-03"],
    hear: (honest, meter) => (frame) =>
      topUpOf(frame)?.count === meter.state.purchaseCount ? encodeTopUpReply(meter.plan.address) : honest(frame),
  },
  {
    what: "accepts replays: the number is not looked at",
    found: ["P-04", "P-05", "P-06"],
    hear: hears((frame, meter) => remade(meter, frame, () => ({ count: meter.state.purchaseCount + 1 }))),
  },
  {
    what: "skips numbers",
    found: ["P-05"],
    hear: (honest, meter) => (frame) => {
      const count = topUpOf(frame)?.count ?? 0;
      if (count === meter.state.purchaseCount + 2) meter.state.purchaseCount++;
      return honest(frame);
    },
  },
  {
    what: "has the number in sixteen bits",
    found: ["P-06"],
    hear: hears((frame, meter) =>
      (topUpOf(frame)?.count ?? 0) > 0xffff
        ? remade(meter, frame, () => ({ count: meter.state.purchaseCount + 1 }))
        : frame,
    ),
  },
  {
    what: "takes any customer",
    found: ["P-07"],
    hear: hears((frame, meter) => remade(meter, frame, () => ({ customer: meter.plan.customerNumber }))),
  },
  {
    what: "ignores the MAC",
    found: ["P-08", "P-09", "P-20"],
    hear: hears((frame, meter) => remade(meter, frame, () => ({}))),
  },
  {
    what: "looks at half of the MAC only",
    found: ["P-09"],
    hear: hears((frame, meter) => {
      const right = remade(meter, frame, () => ({}));
      const first = frame.data.slice(0, 26).toString() === right.data.slice(0, 26).toString();
      return first ? right : frame;
    }),
  },
  {
    what: "has no hoard limit",
    found: ["P-10"],
    hear: (honest, meter) => (frame) => {
      const topUp = topUpOf(frame);
      if (topUp === null || topUp.amount < 10_000_000) return honest(frame);
      const reply = honest(remade(meter, frame, () => ({ amount: 1 })));
      meter.state.creditWh += 1_000_000;
      return reply;
    },
  },
  {
    what: "reads what it finds at any length",
    found: ["P-12"],
    hear: hears((frame, meter) => {
      if (frame.control !== 0x03 || frame.data.length !== 31) return frame;
      return remade(meter, { ...frame, data: frame.data.slice(0, 30) }, () => ({}));
    }),
  },
  {
    what: "opens an account at any time",
    found: ["P-12"],
    hear: hears((frame, meter) =>
      diFromWire(frame.data) === "070101FF" ? remade(meter, withByte(frame, 1, 0x02), () => ({})) : frame,
    ),
  },
  {
    what: "counts every refusal as a wrong MAC",
    found: ["P-13"],
    hear: (honest, meter) => (frame) => {
      const before = meter.state.badMacs;
      const reply = honest(frame);
      if (reply?.control === 0xc3 && meter.state.badMacs === before) meter.state.badMacs++;
      if (meter.state.badMacs >= 5) meter.state.lockedUntilMs = Number.MAX_SAFE_INTEGER;
      return reply;
    },
  },
  {
    what: "never locks",
    found: ["P-20"],
    hear: (honest, meter) => (frame) => {
      meter.state.badMacs = 0;
      return honest(frame);
    },
  },
  {
    what: "locks for ever",
    found: ["P-21"],
    hear: says((reply, _, meter) => {
      if (meter.state.lockedUntilMs > 0) meter.state.lockedUntilMs = Number.MAX_SAFE_INTEGER;
      return reply;
    }),
  },
  {
    what: "tells the check value of another key",
    found: ["K-01"],
    hear: says((reply, frame) =>
      reply && diFromWire(frame.data) === "078102FF" ? withByte(reply, reply.data.length - 1, 0x5a) : reply,
    ),
  },
  {
    what: "takes any version of a key",
    found: ["K-02"],
    hear: (honest, meter) => (frame) => {
      const asked = decodeKeyUpdate(frame);
      if (asked) meter.state.keyVersion = Math.min(asked.update.from, asked.update.to - 1);
      return honest(frame);
    },
  },
  {
    what: "takes any key",
    found: ["K-03"],
    hear: (honest, meter) => (frame) => {
      const asked = decodeKeyUpdate(frame);
      if (!asked) return honest(frame);
      Object.assign(meter.state, { key: "11".repeat(16), keyVersion: asked.update.to });
      return { address: meter.plan.address, control: 0x83, data: frame.data.slice(0, 4) };
    },
  },
  {
    what: "says that it took the key and did not",
    found: ["K-04"],
    hear: (honest, meter) => (frame) =>
      decodeKeyUpdate(frame)
        ? { address: meter.plan.address, control: 0x83, data: frame.data.slice(0, 4) }
        : honest(frame),
  },
  {
    what: "takes top-ups under its old keys for ever",
    found: ["K-05"],
    hear: hears((frame, meter) => {
      const topUp = topUpOf(frame);
      const old = fromHex(meter.plan.rechargeKey) ?? new Uint8Array();
      const underOld = topUp && encodeTopUp(nodeCiphers, old, meter.plan.address, topUp);
      const isOld = underOld && underOld.data.toString() === frame.data.toString();
      return isOld ? remade(meter, frame, () => ({})) : frame;
    }),
  },
];

function withPassword(frame: Frame645, at = 0): Frame645 {
  const data = frame.data.slice();
  data.set([2, 0, 0, 0], at);
  return { ...frame, data };
}

/** Finds frames, and mends checksum and end before it looks at them. */
function careless() {
  const deframer = createDeframer645();
  return {
    push(chunk: Uint8Array): Frame645[] {
      const bytes = chunk.slice();
      const start = bytes.indexOf(0x68);
      if (start >= 0 && bytes[start + 7] === 0x68) {
        const end = start + 10 + (bytes[start + 9] ?? 0);
        bytes[end] = bytes.slice(start, end).reduce((sum, byte) => (sum + byte) & 0xff, 0);
        bytes[end + 1] = 0x16;
      }
      return deframer.push(bytes);
    },
  };
}

/** Believes the first length that it sees, and begins anew only behind it. */
function stubborn() {
  let held: number[] = [];
  return {
    push(chunk: Uint8Array): Frame645[] {
      held.push(...chunk);
      const start = held.indexOf(0x68);
      if (start < 0 || held.length < start + 12) return [];
      const end = start + 12 + (held[start + 9] ?? 0);
      if (held.length < end) return [];
      const frames = createDeframer645().push(Uint8Array.from(held.slice(start, end)));
      held = held.slice(end);
      return frames.filter((frame) => encodeFrame645(frame, 0).length === end - start);
    },
  };
}
