import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { type Bytes, concat } from "#protocol/bytes.ts";

/** A device whose every byte the test decides, on a real socket. */
export type ScriptedDevice = {
  socket: Socket;
  send(...parts: Bytes[]): void;
  /** Everything received since the last call, when it satisfies; waits until then. */
  heard(enough: (bytes: Bytes) => boolean): Promise<Bytes>;
  /** Resolves with the number of bytes that came in all. */
  closed: Promise<number>;
  hangUp(): void;
};

/** Takes the bytes of a socket. */
export function scriptedDevice(socket: Socket): ScriptedDevice {
  let inbox: Bytes = new Uint8Array(0);
  let received = 0;
  let wake = () => {};
  socket.on("data", (chunk) => {
    received += chunk.length;
    inbox = concat(inbox, Uint8Array.from(chunk));
    wake();
  });
  socket.on("error", () => {});
  socket.on("close", () => wake());
  const closed = new Promise<number>((resolve) => socket.on("close", () => resolve(received)));
  return {
    socket,
    closed,
    send: (...parts) => void socket.write(concat(...parts)),
    async heard(enough) {
      while (!enough(inbox)) {
        if (socket.destroyed) throw new Error("hung up while more was expected");
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const bytes = inbox;
      inbox = new Uint8Array(0);
      return bytes;
    },
    hangUp: () => socket.destroy(),
  };
}

/** Connects; `from` is the address that it comes from. */
export async function dialIn(port: number, from = "127.0.0.1"): Promise<ScriptedDevice> {
  const socket = connect({ host: "127.0.0.1", port, noDelay: true, localAddress: from });
  await once(socket, "connect");
  return scriptedDevice(socket);
}

/** Two ends of one real connection: the collector's, and the device's. */
export async function connectedPair(): Promise<{ socket: Socket; device: ScriptedDevice }> {
  const server = createServer({ noDelay: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const connected = once(server, "connection") as Promise<[Socket]>;
  const device = await dialIn((server.address() as AddressInfo).port);
  const [socket] = await connected;
  server.close();
  return { socket, device };
}

/** A device that listens; `accepted` gets each connection. */
export async function listening(port: number, accepted: (device: ScriptedDevice) => void): Promise<Server> {
  const server = createServer({ noDelay: true }, (socket) => accepted(scriptedDevice(socket)));
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return server;
}
