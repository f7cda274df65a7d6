import { assert } from "#base/errors.ts";
import { createDeframer1376, encodeFrame1376, type Frame1376, SEQ_1376 } from "#protocol/gw1376/frame.ts";
import {
  encodeConfirm,
  encodeForwarded,
  encodeLinkTest,
  type Forward,
  readMessage,
  terminalFromName,
} from "#protocol/gw1376/messages.ts";
import type { Bus } from "./bus.ts";
import type { Speech, SpeechContext } from "./speech.ts";

/** Status of a bus that is still busy with another question. */
const STATUS_BUSY = 2;

/** A terminal of Q/GDW 1376.1: logs in, keeps the line by heartbeats, forwards transparently. */
export function speakGw1376(context: SpeechContext, heartbeatMs: number): Speech {
  const { plan, buses, outlet, isDialled } = context;
  const terminal = terminalFromName(plan.id);
  assert(terminal !== null, `${plan.id} is no terminal`);
  const self = terminal;
  const deframer = createDeframer1376();
  let number = 0;
  let isLoggedIn = false;

  function linkTest(what: "login" | "heartbeat"): Uint8Array {
    number = (number + 1) & SEQ_1376.number;
    return encodeFrame1376(encodeLinkTest(self, what, number));
  }

  const interruption = { heartbeat: () => linkTest("heartbeat"), inside: false };

  function send(frame: Frame1376): void {
    outlet.send(encodeFrame1376(frame), interruption);
  }

  function onFrame(frame: Frame1376): void {
    if (frame.a1 !== self.a1 || frame.a2 !== self.a2) return;
    const message = readMessage(frame);
    if (message.type === "confirmed" && !isLoggedIn) {
      isLoggedIn = true;
      context.welcome(heartbeatMs);
    } else if (message.type === "denied") {
      context.refuse("the collector denied the login");
    } else if (message.type === "forward" && isLoggedIn) {
      const bus = buses.get(message.port);
      if (bus) forward(bus, frame, message);
      else send(encodeConfirm(frame, false));
    }
  }

  /** A meter's silence is told as an answer without content. */
  function forward(bus: Bus, frame: Frame1376, asked: Forward): void {
    bus.exchange({ ...asked, via: "any" }, ({ status, content }) => {
      if (status === STATUS_BUSY) send(encodeConfirm(frame, false));
      else send(encodeForwarded(frame, { port: asked.port, content }));
    });
  }

  return {
    begin() {
      // Whoever has dialled a terminal knows which one it is.
      isLoggedIn = isDialled;
      if (isDialled) context.welcome(heartbeatMs);
      else outlet.send(linkTest("login"));
    },
    take(chunk) {
      for (const frame of deframer.push(chunk)) onFrame(frame);
    },
    beat: () => outlet.send(linkTest("heartbeat")),
    end() {},
  };
}
