/** Thrown when a row changed between being read and being decided upon; the flow's whole body runs again. */
export class Stale extends Error {
  constructor(what: string) {
    super(`${what} changed meanwhile`);
    this.name = "Stale";
  }
}
