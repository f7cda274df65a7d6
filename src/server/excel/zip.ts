import { pipeline } from "node:stream/promises";
import { crc32, createDeflateRaw } from "node:zlib";
import { assert } from "#base/errors.ts";

/** One file of an archive; its content comes in parts, so that a large one is never held whole. */
export type ZipEntry = { readonly name: string; readonly content: Iterable<string> | AsyncIterable<string> };

/** Beyond it sizes need the 64-bit form, which is not written. A sheet of a million rows is a fiftieth of it. */
const SIZE_MAX = 0xff_ff_ff_ff;
/** More effort makes the file a few per cent smaller and takes twice as long. */
const EFFORT = 3;
const VERSION = 20;
/** Sizes follow the data (bit 3), names are UTF-8 (bit 11). */
const FLAGS = 0x0808;
const DEFLATED = 8;
/** Times in the directory would make equal files differ: all say 1 January 2020. */
const DOS_DATE = 0x5021;

type Written = { name: Buffer; at: number; crc: number; packed: number; plain: number };

/** A ZIP archive as a stream of bytes: entry after entry, read only as fast as somebody takes the bytes. */
export async function* zip(entries: Iterable<ZipEntry>): AsyncGenerator<Buffer> {
  const directory: Written[] = [];
  let at = 0;
  for (const { name, content } of entries) {
    const entry: Written = { name: Buffer.from(name), at, crc: 0, packed: 0, plain: 0 };
    directory.push(entry);
    const head = localHeader(entry.name);
    yield head;
    at += head.length;
    for await (const part of deflated(entry, content)) {
      yield part;
      at += part.length;
    }
    const tail = sizesAfter(entry);
    yield tail;
    at += tail.length;
    assert(at <= SIZE_MAX && entry.plain <= SIZE_MAX, "an archive stays below 4 GB");
  }
  const lines = directory.map(directoryLine);
  const length = lines.reduce((sum, line) => sum + line.length, 0);
  yield Buffer.concat([...lines, endOfDirectory({ count: lines.length, length, at })]);
}

async function* deflated(entry: Written, content: ZipEntry["content"]): AsyncGenerator<Buffer> {
  const deflate = createDeflateRaw({ level: EFFORT });
  const feeding = pipeline(counted(entry, content), deflate);
  feeding.catch(() => {}); // reading below fails with the same error
  for await (const part of deflate as AsyncIterable<Buffer>) {
    entry.packed += part.length;
    yield part;
  }
  await feeding;
}

async function* counted(entry: Written, content: ZipEntry["content"]): AsyncGenerator<Buffer> {
  for await (const text of content) {
    const bytes = Buffer.from(text);
    entry.crc = crc32(bytes, entry.crc);
    entry.plain += bytes.length;
    yield bytes;
  }
}

function localHeader(name: Buffer): Buffer {
  const head = Buffer.alloc(30);
  head.writeUInt32LE(0x04034b50, 0);
  head.writeUInt16LE(VERSION, 4);
  head.writeUInt16LE(FLAGS, 6);
  head.writeUInt16LE(DEFLATED, 8);
  head.writeUInt16LE(DOS_DATE, 12);
  head.writeUInt16LE(name.length, 26);
  return Buffer.concat([head, name]);
}

function sizesAfter({ crc, packed, plain }: Written): Buffer {
  const tail = Buffer.alloc(16);
  tail.writeUInt32LE(0x08074b50, 0);
  tail.writeUInt32LE(crc, 4);
  tail.writeUInt32LE(packed, 8);
  tail.writeUInt32LE(plain, 12);
  return tail;
}

function directoryLine({ name, at, crc, packed, plain }: Written): Buffer {
  const line = Buffer.alloc(46);
  line.writeUInt32LE(0x02014b50, 0);
  line.writeUInt16LE(VERSION, 4);
  line.writeUInt16LE(VERSION, 6);
  line.writeUInt16LE(FLAGS, 8);
  line.writeUInt16LE(DEFLATED, 10);
  line.writeUInt16LE(DOS_DATE, 14);
  line.writeUInt32LE(crc, 16);
  line.writeUInt32LE(packed, 20);
  line.writeUInt32LE(plain, 24);
  line.writeUInt16LE(name.length, 28);
  line.writeUInt32LE(at, 42);
  return Buffer.concat([line, name]);
}

function endOfDirectory({ count, length, at }: { count: number; length: number; at: number }): Buffer {
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(length, 12);
  end.writeUInt32LE(at, 16);
  return end;
}
