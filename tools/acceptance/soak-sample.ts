/** What a soak runs on: the first line that it prints. */
export type SoakBegun = {
  hours: number;
  database: string;
  meters: number;
  operators: number;
  rechargeEverySeconds: number;
  sampleSeconds: number;
};

/** What was seen at one moment of it; one line a minute. Memory is null where the system does not tell it. */
export type SoakSample = {
  /** Since the beginning. */
  seconds: number;
  serverMb: number | null;
  collectorMb: number | null;
  /** Of the answers since the sample before, ms; null when there was none. */
  answers: number;
  failures: number;
  p50: number | null;
  p95: number | null;
  p99: number | null;
  /** Since the beginning: asked for at the desk, acknowledged to it, in the books, come to an end. */
  asked: number;
  acknowledged: number;
  booked: number;
  confirmed: number;
  /** Acknowledged and not in the books; in the books more often than asked for. */
  lost: number;
  doubled: number;
  /** Of all entries, 1/10000 yuan. */
  ledgerSum: number;
  readings: number;
  /** Programs that had died since the sample before. */
  deaths: number;
};

/** The last line of one that came to its end: what is wrong after all. */
export type SoakEnd = {
  seconds: number;
  recharges: number;
  confirmed: number;
  lost: number;
  doubled: number;
  ledgerSum: number;
  unresolved: number;
  problems: readonly string[];
};

/** A line of its output. */
export type SoakLine = { begun: SoakBegun } | { sample: SoakSample } | { end: SoakEnd };
