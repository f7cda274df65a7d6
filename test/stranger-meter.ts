import { createCipheriv, createDecipheriv, createHmac } from "node:crypto";

/**
 * A prepaid meter made from docs/PROTOCOL.md alone: nothing of ours is imported. Credit in 0.01 kWh, no load, a relay that moves at
 * once.
 */
export type StrangerMeter = {
  /** Takes what comes off the bus and gives what it says. */
  hear(chunk: Buffer): Buffer;
  letPass(ms: number): void;
};

const LOCK_MS = 600_000;
const HOARD = 5_000_000;
const PASSWORD = Buffer.of(2, 0, 0, 0);

/** A new meter with 100 kWh. */
export function strangerMeter(set: { address: string; customer: string; key: Buffer }): StrangerMeter {
  const address = Buffer.from(set.address, "hex").reverse();
  const customer = Buffer.from(set.customer, "hex").reverse();
  let held = Buffer.alloc(0);
  let aheadMs = 0;
  let [credit, count, version] = [10_000, 0, 1];
  let key = set.key;
  let lastTopUp = Buffer.alloc(0);
  let lastUpdate = Buffer.alloc(0);
  let [isOpen, isToldOpen] = [false, false];
  let [bad, lockedUntil] = [0, 0];
  let guard = Buffer.from("00000000000000000003030000000000", "hex");
  const now = () => Date.now() + aheadMs;

  function hear(chunk: Buffer): Buffer {
    held = Buffer.concat([held, chunk]);
    const said: Buffer[] = [];
    for (;;) {
      const start = held.indexOf(0x68);
      if (start < 0) {
        held = Buffer.alloc(0);
        break;
      }
      held = held.subarray(start);
      if (held.length < 12 && (held.length < 8 || held[7] === 0x68)) break;
      const end = 12 + (held[9] ?? 0);
      if (held[7] !== 0x68) {
        held = held.subarray(1);
        continue;
      }
      if (held.length < end) break;
      const sum = held.subarray(0, end - 2).reduce((total, byte) => (total + byte) & 0xff, 0);
      if (sum !== held[end - 2] || held[end - 1] !== 0x16) {
        held = held.subarray(1);
        continue;
      }
      const data = Buffer.from(held.subarray(10, end - 2).map((byte) => (byte - 0x33) & 0xff));
      const answer = judge(held.subarray(1, 7), held[8] ?? 0, data);
      if (answer) said.push(answer);
      held = held.subarray(end);
    }
    return Buffer.concat(said);
  }

  function judge(to: Buffer, control: number, data: Buffer): Buffer | null {
    const isMine = to.every((byte, i) => byte === 0xaa || byte === address[i]);
    if ((control & 0x80) !== 0 || !isMine) return null;
    if (control === 0x13) return say(0x93, address);
    if (control === 0x11) return read(data);
    if (!to.equals(address)) return null;
    if (control === 0x1c) return relay(data);
    if (control === 0x14) return write(data);
    if (control === 0x03) return security(data);
    return say(control | 0xc0, Buffer.of(1));
  }

  function say(control: number, data: Buffer): Buffer {
    const head = Buffer.concat([Buffer.of(0x68), address, Buffer.of(0x68, control, data.length)]);
    const body = Buffer.concat([head, Buffer.from(data.map((byte) => (byte + 0x33) & 0xff))]);
    const sum = body.reduce((total, byte) => (total + byte) & 0xff, 0);
    return Buffer.concat([Buffer.from("fefefefe", "hex"), body, Buffer.of(sum, 0x16)]);
  }

  function read(data: Buffer): Buffer {
    const items: Record<string, Buffer> = {
      "00000100": bcd(123_456, 4),
      "00019000": bcd(Math.max(0, credit), 4),
      "01019000": bcd(0, 4),
      "01023203": bcd(count % 10_000, 2),
      "03050004": word((isOpen ? 0x10 : 0) | (isToldOpen ? 0x40 : 0) | 0x0100),
      "00ff0102": Buffer.from("0423ffffffff", "hex"),
      "00ff0202": Buffer.from("000000ffffffffffff", "hex"),
      "00ff0302": Buffer.from("000000000000ffffffffffff", "hex"),
      "01e10004": guard,
      "02e10004": Buffer.alloc(14), // no load, so it never trips
    };
    const value = items[data.subarray(0, 4).toString("hex")];
    return value ? say(0x91, Buffer.concat([data.subarray(0, 4), value])) : say(0xd1, Buffer.of(2));
  }

  /** Settings and release of the load guard, which is all that can be written. */
  function write(data: Buffer): Buffer {
    const refuse = (err: number) => say(0xd4, Buffer.of(err));
    const di = data.subarray(0, 4).toString("hex");
    const value = data.subarray(12);
    if (di !== "01e10004" && di !== "03e10004") return refuse(2);
    if (!data.subarray(4, 8).equals(PASSWORD)) return refuse(4);
    if (di === "03e10004") return value.equals(Buffer.of(0xaa)) ? say(0x94, Buffer.alloc(0)) : refuse(1);
    if (!isGuard(value)) return refuse(1);
    guard = Buffer.from(value);
    return say(0x94, Buffer.alloc(0));
  }

  function relay(data: Buffer): Buffer {
    const refuse = (err: number) => say(0xdc, Buffer.of(err));
    const n1 = data[8] ?? 0;
    if (data.length !== 16 || ![0x1a, 0x1b, 0x1c].includes(n1)) return refuse(1);
    if (!data.subarray(0, 4).equals(PASSWORD)) return refuse(4);
    const [s = "", m = "", h = "", D = "", M = "", Y = ""] = [...data.subarray(10)].map((byte) =>
      byte.toString(16).padStart(2, "0"),
    );
    if (!(Date.parse(`20${Y}-${M}-${D}T${h}:${m}:${s}+08:00`) > now())) return refuse(1);
    if (n1 !== 0x1a && credit <= 0) return refuse(1);
    if (n1 === 0x1a) [isOpen, isToldOpen] = [true, true];
    if (n1 === 0x1b) isToldOpen = false;
    if (n1 === 0x1c) [isOpen, isToldOpen] = [false, false];
    return say(0x9c, Buffer.alloc(0));
  }

  function security(data: Buffer): Buffer {
    const di = data.subarray(0, 4).toString("hex");
    if (di === "ff028107" && data.length === 8) return tellState(data);
    if (di === "ff040207") return takeKey(data);
    if (di === "ff020107") return topUp(data);
    return refuseWord(0x0001);
  }

  function refuseWord(serr: number): Buffer {
    return say(0xc3, word(serr));
  }

  function tellState(data: Buffer): Buffer {
    const check = sm4(key, Buffer.alloc(16)).subarray(0, 3);
    const parts = [
      uint32(Math.max(0, credit)),
      Buffer.alloc(4),
      uint32(count),
      Buffer.alloc(4),
      customer,
      Buffer.of(version),
      check,
    ];
    return say(0x83, Buffer.concat([data.subarray(0, 4), ...parts]));
  }

  function wrongMac(): Buffer {
    if (++bad < 5) return refuseWord(0x0008);
    bad = 0;
    lockedUntil = now() + LOCK_MS;
    return refuseWord(0x0108);
  }

  function topUp(data: Buffer): Buffer {
    const customerText = Buffer.from(data.subarray(20, 26)).reverse().toString("hex");
    if (data.length !== 30 || !/^\d{12}$/.test(customerText)) return refuseWord(0x0001);
    const [amount, number] = [data.readUInt32LE(8), data.readUInt32LE(12)];
    if (number === count && data.equals(lastTopUp)) return say(0x83, data.subarray(0, 4));
    if (now() < lockedUntil) return refuseWord(0x0108);
    if (number === count) return refuseWord(0x0002);
    if (number !== count + 1) return refuseWord(0x0020);
    if (!data.subarray(20, 26).equals(customer)) return refuseWord(0x0010);
    const purchaseKey = derived(key, Buffer.concat([Buffer.from("RCHG"), uint32BE(number)]));
    const message = Buffer.concat([
      Buffer.from("JC1"),
      data.subarray(0, 4),
      address,
      data.subarray(4, 16),
      data.subarray(20, 26),
      Buffer.alloc(4),
    ]);
    const mac = hmac(purchaseKey, message).subarray(0, 8);
    if (!mac.equals(Buffer.concat([data.subarray(16, 20), data.subarray(26, 30)]))) return wrongMac();
    if (credit + amount > HOARD) return refuseWord(0x0040);
    [credit, count, lastTopUp, bad] = [credit + amount, number, Buffer.from(data), 0];
    return say(0x83, data.subarray(0, 4));
  }

  function takeKey(data: Buffer): Buffer {
    const [to = 0, usage, from = 0, zero] = data.subarray(8, 12);
    if (data.length !== 48 || usage !== 1 || zero !== 0 || to === 0 || from === 0) return refuseWord(0x0001);
    if (to === version && data.equals(lastUpdate)) return say(0x83, data.subarray(0, 4));
    if (now() < lockedUntil) return refuseWord(0x0108);
    if (from !== version || to <= version) return refuseWord(0x0201);
    const number = uint32BE(to);
    const macKey = derived(key, Buffer.concat([Buffer.from("KMAC"), number]));
    const message = Buffer.concat([Buffer.from("JC1U"), data.subarray(0, 4), address, data.subarray(4, 44)]);
    if (!hmac(macKey, message).subarray(0, 4).equals(data.subarray(44, 48))) return wrongMac();
    const encryption = derived(key, Buffer.concat([Buffer.from("KENC"), number]));
    const next = sm4Back(encryption, data.subarray(12, 28));
    const proof = hmac(next, Buffer.concat([Buffer.from("JC1K"), address, data.subarray(8, 12)])).subarray(0, 16);
    if (!proof.equals(data.subarray(28, 44))) return wrongMac();
    [key, version, lastUpdate, bad] = [next, to, Buffer.from(data), 0];
    return say(0x83, data.subarray(0, 4));
  }

  return {
    hear,
    letPass(ms) {
      aheadMs += ms;
    },
  };
}

/** Whether these are settings of a load guard: digits, a time to wait, a count, times of day. */
function isGuard(value: Buffer): boolean {
  const digits = /^(\d{18})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(value.toString("hex"));
  if (digits === null) return false;
  const [minutes = 0, trips = 0, from = 0, m1 = 0, h1 = 0, m2 = 0, h2 = 0] = digits.slice(2).map(Number);
  return minutes > 0 && trips > 0 && from < 2 && Math.max(m1, m2) < 60 && Math.max(h1, h2) < 24;
}

function derived(key: Buffer, seed: Buffer): Buffer {
  return sm4(key, Buffer.concat([seed, Buffer.from(seed.map((byte) => ~byte & 0xff))]));
}

function sm4(key: Buffer, block: Buffer): Buffer {
  const cipher = createCipheriv("sm4-ecb", key, null).setAutoPadding(false);
  return Buffer.concat([cipher.update(block), cipher.final()]);
}

function sm4Back(key: Buffer, block: Buffer): Buffer {
  const cipher = createDecipheriv("sm4-ecb", key, null).setAutoPadding(false);
  return Buffer.concat([cipher.update(block), cipher.final()]);
}

function hmac(key: Buffer, message: Buffer): Buffer {
  return createHmac("sm3", key).update(message).digest();
}

function bcd(value: number, bytes: number): Buffer {
  return Buffer.from(String(value).padStart(2 * bytes, "0"), "hex").reverse();
}

function word(value: number): Buffer {
  return Buffer.of(value & 0xff, value >> 8);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function uint32BE(value: number): Buffer {
  return uint32(value).reverse();
}
