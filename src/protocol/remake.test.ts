import fc from "fast-check";
import { expect, test } from "vitest";
import { toHex } from "./bytes.ts";
import { describeFrame } from "./explain.ts";
import { remakeFrame } from "./remake.ts";

const read = { protocol: "dlt645-2007", address: "000000000161", control: "11", dataMinus33: "00000100" };
const water = { protocol: "cjt188", meterType: "10", address: "00000805000001", control: "01", data: "901f00" };
const login = {
  protocol: "qgdw1376.1",
  protocolId: 2,
  control: "C9",
  a1: "0200",
  a2: 4660,
  a3: 0,
  afn: "02",
  seq: "71",
  pn: [0],
  fn: [1],
  data: "",
};

test.each([
  [read, "68610100000000681104333334331416"],
  [{ ...read, preambleFE: 4 }, "fefefefe68610100000000681104333334331416"],
  [water, "681001000005080000010390 1f003916"],
  [login, "683200320068c900023412000271000001008516"],
  [{ ...login, da: "0000", dt: "0100", pn: null, fn: null }, "683200320068c900023412000271000001008516"],
])("%j is a frame", (description, hex) => {
  const made = remakeFrame(description);
  expect(made.ok ? toHex(made.bytes) : made.reason).toBe(hex.replaceAll(" ", ""));
});

test.each([
  [{}, "protocol is none"],
  [{ protocol: "jcp1" }, "protocol is none"],
  [{ ...read, address: "161" }, "address is not 12 digits"],
  [{ ...read, control: 17 }, "control is not 1 bytes of hex"],
  [{ ...read, dataMinus33: "0" }, "dataMinus33 is not whole bytes of hex"],
  [{ ...read, dataMinus33: "00".repeat(256) }, "dataMinus33 has more bytes"],
  [{ ...read, preambleFE: -1 }, "preambleFE is no whole number"],
  [{ ...read, preambleFE: 1e9 }, "preambleFE is no whole number"],
  [{ ...water, meterType: "68" }, "meterType is none"],
  [{ ...login, pn: [1, 9] }, "pn is no list"],
  [{ ...login, pn: null }, "pn is no list"],
  [{ ...login, fn: [0] }, "fn is no list"],
  [{ ...login, fn: [1.5] }, "fn is no list"],
  [{ ...login, a2: 65_536 }, "a2 is no whole number"],
  [{ ...login, afn: "10", control: "4B" }, "pw is not 16 bytes"],
  [{ ...login, seq: "F1" }, "tp is not 6 bytes"],
])("%j is told to be none", (description, reason) => {
  expect(remakeFrame(description)).toEqual({ ok: false, reason: expect.stringContaining(reason) });
});

test("whatever is written, nothing is thrown; what is made reads back as it was written", () => {
  const field = fc.oneof(fc.jsonValue(), fc.constantFrom("11", "00", "000000000161", "901f00", 2, [0], "all"));
  const names = ["address", "control", "dataMinus33", "data", "meterType", "a1", "a2", "a3", "afn", "seq", "pn", "fn"];
  const rest = Object.fromEntries(names.map((name) => [name, field]));
  fc.assert(
    fc.property(
      fc.constantFrom("dlt645-2007", "dlt645-1997", "cjt188", "qgdw1376.1"),
      fc.record(rest),
      (protocol, fields) => {
        const made = remakeFrame({ ...fields, protocol, protocolId: 2 });
        if (!made.ok) return;
        expect(describeFrame(made.bytes, protocol)).toMatchObject({ ok: true, protocol });
      },
    ),
    { numRuns: 2_000 },
  );
});
