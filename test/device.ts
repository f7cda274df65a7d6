import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { later } from "#base/time.ts";
import { type Bytes, concat } from "#protocol/bytes.ts";
import { createDeframer645, encodeFrame645, type Frame645, framesIn645 } from "#protocol/dlt645/frame.ts";
import { answer } from "#simulator/answer.ts";
import { type Meter, newMeter } from "#simulator/meters.ts";
import { townPlan } from "#simulator/plan.ts";
import { systemClock } from "#system/clock.ts";

/** A simulated meter alone on a bus that listens on a TCP port: bytes in, bytes out. */
export type Device = {
  readonly port: number;
  readonly meter: Meter;
  /** Puts the meter's clock forward. */
  letPass(ms: number): void;
  close(): Promise<void>;
};

/** What a meter does with a frame; null is silence. */
export type Hear = (frame: Frame645) => Frame645 | null;
/** What a device does with a stream: the frames that it finds in it. */
export type Find = () => { push(chunk: Bytes): Frame645[] };

/** How a device is spoiled, so that a case can be seen to fail. */
export type Spoil = { hear?: (honest: Hear, meter: Meter) => Hear; find?: Find };

/** Starts a meter with credit, without load, in reach of everybody on this host. */
export async function startDevice(spoil: Spoil = {}): Promise<Device> {
  const plan = townPlan({ seed: 3 }).meters[1]!;
  const meter = newMeter({ ...plan, initialCreditWh: 100_000, closesBy: "direct" }, 3, systemClock());
  meter.state.loadW = 0;
  let aheadMs = 0;
  const honest: Hear = (frame) => {
    const told = answer(meter, { wire: "dlt645", frame }, later(systemClock(), aheadMs));
    return (told && framesIn645(told)[0]) ?? null;
  };
  const hear = spoil.hear?.(honest, meter) ?? honest;
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    const stream = (spoil.find ?? createDeframer645)();
    socket.on("data", (chunk) => {
      const replies = stream.push(chunk).flatMap((frame) => hear(frame) ?? []);
      if (replies.length > 0) socket.write(concat(...replies.map((reply) => encodeFrame645(reply))));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    meter,
    letPass(ms) {
      aheadMs += ms;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
