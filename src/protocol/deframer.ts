import { type Bytes, putBytes } from "./bytes.ts";

/** The stream side of a protocol: takes bytes in any cuts, gives the frames in them. */
export type Deframer<Frame> = {
  push(chunk: Bytes): Frame[];
  /**
   * Gives up an unfinished frame, because the line has been silent for longer than a gap between bytes may last, and
   * returns the frames that stood behind its false start.
   */
  flush(): Frame[];
  /** Bytes held back because a frame may not be complete yet; never more than one frame. */
  pending(): number;
  /** Bytes that belonged to no frame so far; wake-up bytes are not counted. */
  dropped(): number;
  reset(): void;
};

/** What one pass over some bytes found. */
export type Found<Frame> = { frames: Frame[]; dropped: number };

/**
 * Looks for the frames that begin in `bytes` from `from` on and before `before`, and puts them into `found`. Returns
 * where it ended: at or behind `before`, or at a start whose frame may be completed by what follows. With
 * `nothingFollows` there is no such start.
 */
export type Scan<Frame> = (
  bytes: Bytes,
  from: number,
  before: number,
  nothingFollows: boolean,
  found: Found<Frame>,
) => number;

const NONE = new Uint8Array(0);

/**
 * A deframer that looks through every chunk where it lies. Only a frame that lies across two chunks is copied, into one
 * buffer that the deframer keeps; `frameMax` is the longest frame that `scan` waits for.
 */
export function createDeframer<Frame>(scan: Scan<Frame>, frameMax: number): Deframer<Frame> {
  let buffer: Bytes = NONE;
  let held = 0;
  let dropped = 0;

  function push(chunk: Bytes): Frame[] {
    const found: Found<Frame> = { frames: [], dropped: 0 };
    let from = 0;
    if (held > 0) {
      // No frame that begins among the held bytes can reach further into the chunk than this.
      const taken = Math.min(chunk.length, frameMax);
      const length = held + taken;
      append(chunk, taken);
      const at = scan(buffer.subarray(0, length), 0, held, false, found);
      if (at < held) {
        buffer.copyWithin(0, at, length);
        held = length - at;
        dropped += found.dropped;
        return found.frames;
      }
      from = at - held;
      held = 0;
    }
    const at = scan(chunk, from, chunk.length, false, found);
    if (at < chunk.length) append(chunk.subarray(at), chunk.length - at);
    held = Math.max(0, chunk.length - at);
    dropped += found.dropped;
    return found.frames;
  }

  function flush(): Frame[] {
    const found: Found<Frame> = { frames: [], dropped: 0 };
    scan(buffer.subarray(0, held), 0, held, true, found);
    held = 0;
    dropped += found.dropped;
    return found.frames;
  }

  /** Puts the first `taken` bytes behind the held ones. */
  function append(bytes: Bytes, taken: number): void {
    if (buffer.length < held + taken) {
      const larger = new Uint8Array(Math.min(2 * frameMax, 2 * (held + taken)));
      larger.set(buffer.subarray(0, held));
      buffer = larger;
    }
    putBytes(buffer, held, bytes.length === taken ? bytes : bytes.subarray(0, taken));
  }

  return {
    push,
    flush,
    pending: () => held,
    dropped: () => dropped,
    reset() {
      held = 0;
    },
  };
}
