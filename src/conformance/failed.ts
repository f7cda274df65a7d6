/** The device did something else than the protocol says. */
export class Failed extends Error {
  constructor(what: string) {
    super(what);
    this.name = "Failed";
  }
}

/** Ends a case as failed unless the condition holds. */
export function must(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Failed(what);
}
