/** Whose work it is: a program that can die. What dies with it is never resumed. */
export type Owner = { readonly name: string; alive: boolean };

/** A place at which a task waits until the scheduler lets it go on. */
export type Gate = { readonly owner: Owner; readonly what: string; open(): void };

/** Lets exactly one task run at a time, so that the order of everything is the scheduler's choice and can be had again. */
export type Scheduler = {
  /** Starts a task; resolves when it waits at a gate or has ended. A failure other than `expected` is kept. */
  spawn(body: () => Promise<unknown>): Promise<void>;
  /** Called by the running task: it waits here. */
  gate(owner: Owner, what: string): Promise<void>;
  /** Gates of living owners, in the order in which they were reached. */
  waiting(): Gate[];
  /** Lets a task go on; resolves when it waits again or has ended. */
  resume(gate: Gate): Promise<void>;
  failures: unknown[];
};

/** A scheduler; `expected` tells failures that belong to the story (a crash, a refusal) from defects. */
export function createScheduler(expected: (error: unknown) => boolean): Scheduler {
  let gates: Gate[] = [];
  let yieldControl: () => void = () => {};
  const failures: unknown[] = [];

  function turn(start: () => void): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    yieldControl = resolve;
    start();
    return promise;
  }

  return {
    failures,
    spawn(body) {
      return turn(() => {
        body()
          .catch((error) => {
            if (!expected(error)) failures.push(error);
          })
          .finally(() => yieldControl());
      });
    },
    gate(owner, what) {
      return new Promise((resolve) => {
        gates.push({ owner, what, open: resolve });
        yieldControl();
      });
    },
    waiting() {
      gates = gates.filter(({ owner }) => owner.alive);
      return gates;
    },
    resume(gate) {
      gates = gates.filter((each) => each !== gate);
      return turn(gate.open);
    },
  };
}
