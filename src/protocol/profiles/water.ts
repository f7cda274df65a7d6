import { type MeterProfile, NO_QUIRKS } from "./profile.ts";

/** A water meter wakes up slowly: battery models sleep between frames. */
const WIRED_TIMEOUT_MS = 3_000;
/** The purchase sequence of A013 and 8105 is one byte and goes round. */
const SEQ_MAX = 255;
/** T of cold water. */
const COLD_WATER = 0x10;

const WATER_2004: MeterProfile = {
  name: "cjt188-2004-water",
  vendor: "CJ/T 188-2004",
  zh: "国标 188-2004 阀控水表",
  protocol: "cjt188",
  table: "cjt188",
  kind: "water",
  wakeUpBytes: 3,
  baud: 2400,
  replyTimeoutMs: WIRED_TIMEOUT_MS,
  reads: {
    volume: "901F",
    status: "901F",
    remaining: "8105",
    purchaseCount: "8105",
    purchaseState: "8105",
    address: "810A",
  },
  // Volumes at the ends of the last twelve months and nothing finer: a day without a reading stays estimated.
  memory: { daily: null, records: null, monthly: { first: "D120", kept: 12 } },
  clock: { reads: ["901F"], broadcast: false, write: "A015" },
  access: null,
  loadGuard: null,
  switch: {
    kind: "valve",
    form: "cjt188-valve",
    closeBy: "only_form",
    closing: "at_once",
    loops: [],
    // D0 of ST: closed. An abnormal valve (D1) proves nothing.
    proof: { item: "901F", openMask: 0x0001 },
  },
  // A013 and 8105 are sums of money (购入金额) which the meter counts down by its own price table (A010). A model that
  // counts volume instead needs a row of its own with 0.01m3.
  credit: { at: "meter", unit: "fen", topUp: "plain", countMax: SEQ_MAX },
  quirks: { ...NO_QUIRKS, diOrder: "high-first", meterType: COLD_WATER },
  source: "captured",
};

/** Meters of CJ/T 188. */
export const waterProfiles: readonly MeterProfile[] = [
  WATER_2004,
  {
    ...WATER_2004,
    name: "cjt188-2018-water",
    vendor: "CJ/T 188-2018",
    zh: "国标 188-2018 阀控水表",
    quirks: { ...WATER_2004.quirks, diOrder: "low-first" },
    source: "standard",
  },
  {
    ...WATER_2004,
    name: "jc188",
    vendor: "Jichao",
    zh: "集抄预付费水表(188-2018)",
    // Counts what was bought in volume: a price is the system's business, and units stay units.
    credit: { at: "meter", unit: "0.01m3", topUp: "plain", countMax: SEQ_MAX },
    quirks: { ...WATER_2004.quirks, diOrder: "low-first" },
    source: "own",
  },
];
