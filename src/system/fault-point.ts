/**
 * Places where a process may be killed on purpose, so that a crash test can hit every step of a recharge.
 * Without `JICHAO_FAULTS` (never set in production) a fault point is two comparisons with null.
 *
 * `JICHAO_FAULTS="name=probability,name=probability"`; a name stands for exactly one place in the code
 * (those of releases for the end of a step of an installation, an upgrade or a way back).
 */
export type FaultPoint =
  | "import:before-step-commit"
  | "import:after-step"
  | "recharge:before-commit"
  | "recharge:after-commit"
  | "external-payment:after-commit"
  | "pump:after-claim"
  | "pump:after-sent-mark"
  | "exchange:after-write"
  | "pump:after-answer"
  | "settle-command:before-commit"
  | "settle-command:after-commit"
  | "read-back:before"
  | "read-back:after-answer"
  | "approval:before-commit"
  | "batch:after-turn"
  | "refund:before-commit"
  | "refund:after-commit"
  | "payout:before-commit"
  | "move-out:before-commit"
  | "move-out:after-commit"
  | "move-out:before-sheet"
  | "move-out:before-clear"
  | "move-out:before-books"
  | "move-out:before-end"
  | "merge:before-commit"
  | "merge:after-commit"
  | "join-group:before-commit"
  | "unmerge:before-commit"
  | "unmerge:after-commit"
  | "leave-group:before-commit"
  | "settle-usage:after-commit"
  | "ingest:before-commit"
  | "record-past:before-commit"
  | "close-days:before-commit"
  | "close-days:after-commit"
  | "export:before-commit"
  | "export:after-commit"
  | "share:before-commit"
  | "swap:before-commit"
  | "swap:after-commit"
  | `release:after-${string}`;

let faults: ReadonlyMap<string, number> | null = null;
let report: (name: string) => void = () => {};
let struck: ((name: FaultPoint) => void) | null = null;

/** Has `strike` called at every fault point instead: a simulation in one process throws there where a program would die. */
export function onFaultPoints(strike: ((name: FaultPoint) => void) | null): void {
  struck = strike;
}

/** Arms fault points from the text of `JICHAO_FAULTS`; `onHit` is told just before the process dies. */
export function armFaults(text: string | undefined, onHit: (name: string) => void): void {
  if (!text) return;
  faults = new Map(
    text.split(",").map((part) => {
      const [name = "", probability = "1"] = part.split("=");
      return [name, Number(probability)] as const;
    }),
  );
  report = onHit;
}

/** Dies here, as if by kill -9, when the point is armed and its probability strikes. */
export function faultPoint(name: FaultPoint): void {
  if (struck !== null) struck(name);
  if (faults === null) return;
  const probability = faults.get(name);
  if (probability === undefined || Math.random() >= probability) return;
  report(name);
  process.kill(process.pid, "SIGKILL");
}
