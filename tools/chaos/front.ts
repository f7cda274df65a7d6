import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** What stands between the concentrators and several collectors: one address for all of them, as a site has it. */
export type Front = {
  readonly port: number;
  /** Calls go to the first of these that accepts; connections that stand are left alone. */
  prefer(ports: readonly number[]): void;
  /** The concentrators see the line go dead; the collector's half stays open, and hears no more. */
  sever(): void;
  /** What collectors have said into halves that were severed, since it was asked for last. */
  saidIntoNothing(): Buffer;
  close(): void;
};

/** Listens on a free port of the loopback address. */
export async function front(): Promise<Front> {
  let behind: readonly number[] = [];
  const pairs = new Set<{ caller: Socket; callee: Socket | null; severed: boolean }>();
  let intoNothing: Buffer[] = [];

  const server = createServer({ noDelay: true }, (caller) => {
    const pair = { caller, callee: null as Socket | null, severed: false };
    pairs.add(pair);
    caller.on("error", () => caller.destroy());
    caller.on("close", () => {
      if (!pair.severed) pair.callee?.destroy();
    });
    pass(pair, behind);
  });

  function pass(pair: { caller: Socket; callee: Socket | null; severed: boolean }, ports: readonly number[]): void {
    const [port, ...rest] = ports;
    if (port === undefined || pair.caller.destroyed) {
      pair.caller.destroy();
      pairs.delete(pair);
      return;
    }
    const callee = connect({ host: "127.0.0.1", port, noDelay: true });
    let isUp = false;
    callee.once("connect", () => {
      isUp = true;
      pair.callee = callee;
      pair.caller.on("data", (bytes) => callee.write(bytes));
    });
    callee.on("data", (bytes) => {
      if (pair.severed) intoNothing.push(bytes);
      else pair.caller.write(bytes);
    });
    callee.on("error", () => callee.destroy());
    callee.on("close", () => {
      if (!isUp) return pass(pair, rest);
      pairs.delete(pair);
      pair.caller.destroy();
    });
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    prefer(ports) {
      behind = ports;
    },
    sever() {
      for (const pair of pairs) {
        pair.severed = true;
        pair.caller.destroy();
      }
    },
    saidIntoNothing() {
      const said = Buffer.concat(intoNothing);
      intoNothing = [];
      return said;
    },
    close() {
      server.close();
      for (const { caller, callee } of pairs) {
        caller.destroy();
        callee?.destroy();
      }
    },
  };
}
