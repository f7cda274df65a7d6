import { type Bytes, toHex } from "#protocol/bytes.ts";
import { type Answer645, decodeAnswer, encodeRead, expects, type Reading645 } from "#protocol/dlt645/commands.ts";
import { encodeFrame645, type Frame645, framesIn645 } from "#protocol/dlt645/frame.ts";
import { Failed, must } from "./failed.ts";
import type { Line } from "./line.ts";

/** The master of DL/T 645-2007 that a conformance run plays. */
export type Master = {
  /** Sends a frame and gives the answer that belongs to it; null is silence. */
  ask(frame: Frame645, wakeUpBytes?: number): Promise<Frame645 | null>;
  /** Sends bytes as they are and gives every good frame that was heard, whosever it is. */
  raw(bytes: Bytes): Promise<Frame645[]>;
  /** What the meter says to a frame; null is silence. */
  answer(frame: Frame645): Promise<Answer645 | null>;
  /** A reading that must come; silence is tried three times, because a read changes nothing. */
  read<I extends Reading645["item"]>(di: string, item: I): Promise<Reading645 & { item: I }>;
  /** Frames sent and heard in the present case, newest last, for whoever wants to know why it failed. */
  frames(): string[];
  forget(): void;
};

const WAKE_UP_BYTES = 4;
const READ_TRIES = 3;
const FRAMES_MAX = 40;

/** A master for one meter on a line. `waitMs`: how long an answer may take, both ways on the bus included. */
export function createMaster(line: Line, address: string, waitMs: number): Master {
  const frames: string[] = [];

  function note(arrow: "→" | "←", bytes: Bytes): void {
    frames.push(`${arrow} ${bytes.length === 0 ? "(silence)" : toHex(bytes)}`);
    if (frames.length > FRAMES_MAX) frames.shift();
  }

  async function talk(bytes: Bytes, isEnough: (heard: Bytes) => boolean): Promise<Frame645[]> {
    note("→", bytes);
    const heard = await line.ask(bytes, waitMs, isEnough);
    note("←", heard);
    return framesIn645(heard);
  }

  async function ask(frame: Frame645, wakeUpBytes = WAKE_UP_BYTES): Promise<Frame645 | null> {
    const own = (each: Frame645) => expects(frame, each);
    const heard = await talk(encodeFrame645(frame, wakeUpBytes), (bytes) => framesIn645(bytes).some(own));
    return heard.find(own) ?? null;
  }

  async function answer(frame: Frame645): Promise<Answer645 | null> {
    const told = await ask(frame);
    return told && decodeAnswer(told);
  }

  async function read<I extends Reading645["item"]>(di: string, item: I): Promise<Reading645 & { item: I }> {
    for (let tries = 1; tries <= READ_TRIES; tries++) {
      const told = await answer(encodeRead(address, di));
      if (told === null) continue;
      must(told.kind === "reading", `${di}: ${describe(told)}`);
      const { reading } = told;
      must(isItem(reading, item), `${di} was answered with ${reading.item}`);
      return reading;
    }
    throw new Failed(`${di}: no answer`);
  }

  return {
    ask,
    raw: (bytes) => talk(bytes, (heard) => framesIn645(heard).length > 0),
    answer,
    read,
    frames: () => [...frames],
    forget: () => void frames.splice(0),
  };
}

function isItem<I extends Reading645["item"]>(reading: Reading645, item: I): reading is Reading645 & { item: I } {
  return reading.item === item;
}

/** What a meter said, in a few words; silence too. */
export function describe(told: Answer645 | null): string {
  if (told === null) return "silence";
  switch (told.kind) {
    case "reading":
      return `a reading of ${told.di}`;
    case "raw":
      return `${told.data.length} bytes for ${told.di} that do not fit it`;
    case "done":
      return `"done" to ${told.function}`;
    case "security":
      return `an answer to ${told.di}: ${told.reply.kind}`;
    case "refused":
      return `a refusal ${told.code.toString(16).toUpperCase()}H (${told.reasons.join(", ") || "no reason"})`;
    case "unexpected":
      return `control ${told.control.toString(16).toUpperCase()}H`;
  }
}
