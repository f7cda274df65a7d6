/** Told when a source ends in the middle of what was asked for. */
export class CutShort extends Error {}

/** Takes exact pieces off a stream of bytes, holding no more than one piece and one chunk. */
export type ByteReader = {
  /** The next `count` bytes. Throws {@link CutShort} when the source ends before. */
  take(count: number): Promise<Buffer>;
  /** Up to `count` bytes: fewer only at the end of the source. */
  takeUpTo(count: number): Promise<Buffer>;
  /** A line without its end; throws {@link CutShort} when none ends within `max` bytes. */
  line(max: number): Promise<string>;
};

/** Reads from any source of buffers: a file, a decompressor, a decryption. */
export function byteReader(source: AsyncIterable<Buffer>): ByteReader {
  const chunks = source[Symbol.asyncIterator]();
  let held: Buffer = Buffer.alloc(0);
  let ended = false;

  /** Fills up to `count` bytes; in one allocation however small the chunks are. */
  async function fill(count: number): Promise<void> {
    const parts: Buffer[] = [held];
    let length = held.length;
    while (length < count && !ended) {
      const next = await chunks.next();
      if (next.done) ended = true;
      else {
        parts.push(next.value);
        length += next.value.length;
      }
    }
    if (parts.length > 1) held = Buffer.concat(parts, length);
  }

  async function takeUpTo(count: number): Promise<Buffer> {
    if (held.length < count) await fill(count);
    const taken = held.subarray(0, count);
    held = held.subarray(taken.length);
    return taken;
  }

  return {
    takeUpTo,
    async take(count) {
      const taken = await takeUpTo(count);
      if (taken.length < count) throw new CutShort("the source ends too early");
      return taken;
    },
    async line(max) {
      for (let wanted = 64; ; wanted *= 2) {
        await fill(Math.min(wanted, max));
        const end = held.subarray(0, max).indexOf(0x0a);
        if (end >= 0) {
          const text = held.subarray(0, end).toString("utf8");
          held = held.subarray(end + 1);
          return text;
        }
        if (wanted >= max || ended) throw new CutShort("a line does not end");
      }
    },
  };
}
