/** What the simulator needs of a logger; the programs' logger fits. */
export type SimulatorLog = {
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
  debug(fields: object, text: string): void;
};

/** Says nothing: for tests and benches. */
export const quiet: SimulatorLog = { info() {}, warn() {}, debug() {} };
