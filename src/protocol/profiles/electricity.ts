import { type MeterProfile, NO_MEMORY, NO_QUIRKS } from "./profile.ts";

/** Answer within 500 ms (DL/T 645 §5.3.1), a long block at 2400 baud takes a second more. */
export const WIRED_TIMEOUT_MS = 1_500;

/** Purchase numbers are 32 bits in the top-up, but the item that reads them back has four digits. */
const COUNT_MAX = 9_999;

const READS_2007 = {
  energyTotal: "00010000",
  energyByTariff: "0001FF00",
  voltage: "0201FF00",
  current: "0202FF00",
  power: "0203FF00",
  status: "04000503",
  address: "04000401",
} as const;

/** Word 3 bit 4: the relay is open. Bit 6 only says that it was told to. */
const PROOF_2007 = { item: "04000503", openMask: 0x0010 } as const;

const PLAIN_2007: MeterProfile = {
  name: "gb2007-plain",
  vendor: "DL/T 645-2007",
  zh: "国标 2007 电表(后台计费)",
  protocol: "dlt645-2007",
  table: "dlt645-2007",
  kind: "electricity",
  wakeUpBytes: 4,
  baud: 2400,
  replyTimeoutMs: WIRED_TIMEOUT_MS,
  reads: READS_2007,
  // Daily freezes are captured; what a load record holds depends on a mode word that nobody has told us.
  memory: { daily: { form: "dlt645-0506", kept: 62 }, records: null, monthly: { first: "00010001", kept: 12 } },
  // Date and time are items of their own, and a write of one alone would pass through a wrong moment.
  clock: { reads: ["04000101", "04000102"], broadcast: true, write: null },
  access: { password: "02000000", operator: "01000000" },
  switch: {
    kind: "relay",
    form: "dlt645-1c",
    closeBy: "permit_close",
    closing: "by_button",
    loops: [],
    proof: PROOF_2007,
  },
  loadGuard: null,
  credit: { at: "server" },
  quirks: NO_QUIRKS,
  source: "captured",
};

/** The campus family on DL/T 645-1997, as its server's code has it. */
const SF97: MeterProfile = {
  ...PLAIN_2007,
  name: "sf97",
  vendor: "SF",
  zh: "校园预付费电表(1997 规约,集抄卡表)",
  protocol: "dlt645-1997",
  table: "sf97",
  baud: 1200,
  reads: {
    energyTotal: "9010",
    energyByTariff: "901F",
    remaining: "E502",
    overdraft: "E50F",
    purchaseCount: "E501",
    purchaseState: "E50F",
    voltage: "B611",
    current: "B621",
    power: "B630",
    status: "C020",
  },
  memory: NO_MEMORY,
  clock: null,
  access: { password: "00111111", operator: null },
  switch: {
    kind: "relay",
    form: "sf97-word",
    closeBy: "only_form",
    closing: "unproven",
    loops: ["C027", "C028"],
    // C020 shows both loops (bit 3 lighting, bit 2 sockets), but no source says which way round.
    proof: null,
  },
  credit: { at: "meter", unit: "0.01kWh", topUp: "sf97", countMax: COUNT_MAX },
  source: "vendor-code",
};

/** Meters of DL/T 645. */
export const electricityProfiles: readonly MeterProfile[] = [
  {
    ...PLAIN_2007,
    name: "jc1",
    vendor: "Jichao",
    zh: "集抄预付费电表(JC1)",
    reads: {
      ...READS_2007,
      remaining: "00900100",
      overdraft: "00900101",
      purchaseCount: "03320201",
      before: "03320401",
    },
    memory: {
      daily: { form: "dlt645-0506", kept: 62 },
      records: { form: "dlt645-0604", everyMinutes: 60, kept: 168 },
      monthly: null,
    },
    clock: { reads: ["0400010C"], broadcast: true, write: "0400010C" },
    access: { password: "02000000", operator: "00000001" },
    switch: {
      kind: "relay",
      form: "dlt645-1c",
      closeBy: "close",
      closing: "at_once",
      loops: [],
      proof: PROOF_2007,
    },
    loadGuard: "jc1",
    credit: { at: "meter", unit: "0.01kWh", topUp: "jc1", countMax: COUNT_MAX },
    source: "own",
  },
  PLAIN_2007,
  {
    ...PLAIN_2007,
    name: "sf07",
    vendor: "SF",
    zh: "校园预付费电表(2007 规约,金额)",
    reads: {
      ...READS_2007,
      remaining: "00900200",
      overdraft: "00900201",
      purchaseCount: "03330201",
    },
    memory: NO_MEMORY,
    clock: null,
    switch: {
      kind: "relay",
      form: "dlt645-1c",
      closeBy: "close",
      closing: "unproven",
      loops: [],
      proof: PROOF_2007,
    },
    credit: { at: "meter", unit: "fen", topUp: "sf07", countMax: COUNT_MAX },
    source: "vendor-code",
  },
  {
    ...PLAIN_2007,
    name: "eiot",
    vendor: "EIOT",
    zh: "EIOT 4G 预付费电表",
    reads: { ...READS_2007, remaining: "00900200", overdraft: "00900201" },
    memory: NO_MEMORY,
    clock: null,
    // On the wire the operator reads 77 66 55 44: +33H makes it that.
    access: { password: "02000000", operator: "44332211" },
    switch: {
      kind: "relay",
      form: "dlt645-1c",
      closeBy: "permit_close",
      closing: "unproven",
      loops: [],
      proof: PROOF_2007,
    },
    // No purchase number in the frame: an order number stands in its place and is the only guard against repeats.
    credit: { at: "meter", unit: "fen", topUp: "eiot", countMax: Number.MAX_SAFE_INTEGER },
    quirks: { ...NO_QUIRKS, n2: 1 },
    source: "captured",
  },
  {
    ...PLAIN_2007,
    name: "gb1997",
    vendor: "DL/T 645-1997",
    zh: "国标 1997 电表(后台计费,只抄)",
    protocol: "dlt645-1997",
    table: "dlt645-1997",
    baud: 1200,
    reads: {
      energyTotal: "9010",
      energyByTariff: "901F",
      voltage: "B611",
      current: "B621",
      power: "B630",
      status: "C020",
      address: "C032",
    },
    // The edition of 1997 freezes no days: only the ends of the last two months are there.
    memory: { daily: null, records: null, monthly: { first: "9410", kept: 2 } },
    clock: { reads: ["C010", "C011"], broadcast: true, write: null },
    access: { password: "00000000", operator: null },
    switch: null,
    source: "captured",
  },
  SF97,
  {
    ...SF97,
    name: "jc97",
    vendor: "Jichao",
    zh: "集抄预付费电表(1997 规约)",
    clock: { reads: ["C010", "C011"], broadcast: true, write: null },
    // The same commands; what C020 shows is laid down here, so that a switch can be proved: bit 3 set, supply is off.
    switch: {
      kind: "relay",
      form: "sf97-word",
      closeBy: "only_form",
      closing: "at_once",
      loops: ["C027"],
      proof: { item: "C020", openMask: 0x08 },
    },
    source: "own",
  },
];
