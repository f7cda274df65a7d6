/** The device did something else than the protocol says. */
export class Failed extends Error {
  constructor(what: string) {
    super(what);
    this.name = "Failed";
  }
}

/** What the case is about is something that the device need not have, and does not: the case is passed over. */
export class NotThere extends Error {
  constructor(what: string) {
    super(what);
    this.name = "NotThere";
  }
}

/** Ends a case as failed unless the condition holds. */
export function must(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Failed(what);
}
