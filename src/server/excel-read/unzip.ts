import { pipeline, Readable } from "node:stream";
import { createInflateRaw } from "node:zlib";
import { AppError } from "#base/errors.ts";

/** A file may be so large, in bytes; checked before anything is looked at. */
export const FILE_BYTES_MAX = 10 * 1024 * 1024;
/** What all parts that are read may come to when they are unpacked: fifty thousand wide rows take about half of it. */
const PLAIN_BYTES_MAX = 200 * 1024 * 1024;
/** Worksheets shrink to a tenth, repeated ones to a fiftieth; a bomb to a thousandth. Small parts may shrink as they like. */
const RATIO_MAX = 100;
const RATIO_FROM_BYTES = 1024 * 1024;
/** A workbook has a dozen parts, one with pictures some hundred. */
const ENTRIES_MAX = 2_000;

const END = 0x06054b50;
const LINE = 0x02014b50;
const LOCAL = 0x04034b50;
const END_BYTES = 22;
const COMMENT_BYTES_MAX = 0xff_ff;
const IS_ENCRYPTED = 1;
const STORED = 0;
const DEFLATED = 8;
/** What old Excel files, and new ones with a password, begin with. */
const OLE = 0xd0cf11e0;

type Entry = { name: string; method: number; packed: number; plain: number; at: number };

/** An opened archive: its parts are unpacked one by one, as they are asked for. */
export type Archive = {
  has(name: string): boolean;
  /** The bytes of a part, unpacked while they are taken. Refuses what is larger than it says or than is allowed. */
  read(name: string): Readable;
};

/**
 * Opens a ZIP archive that came from outside. Sizes are believed twice: as the directory tells them, before anything is unpacked, and as
 * they turn out to be. What is not an Excel workbook is refused with what to do about it.
 */
export function openZip(file: Buffer): Archive {
  if (file.length > FILE_BYTES_MAX) throw new AppError("import_file_large", { mib: FILE_BYTES_MAX / 1024 / 1024 });
  refuseOthers(file);
  const entries = directory(file);
  const told = [...entries.values()];
  if (told.some((entry) => isBomb(entry.packed, entry.plain))) throw new AppError("import_file_bomb");
  if (told.reduce((sum, entry) => sum + entry.plain, 0) > PLAIN_BYTES_MAX) throw new AppError("import_file_bomb");
  let unpacked = 0;
  return {
    has: (name) => entries.has(name.toLowerCase()),
    read(name) {
      const entry = entries.get(name.toLowerCase());
      if (entry === undefined) throw broken();
      const count = (bytes: number, own: number): void => {
        unpacked += bytes;
        if (unpacked > PLAIN_BYTES_MAX || isBomb(entry.packed, own)) throw new AppError("import_file_bomb");
      };
      return unpack(file, entry, count);
    },
  };
}

function isBomb(packed: number, plain: number): boolean {
  return plain > RATIO_FROM_BYTES && plain > packed * RATIO_MAX;
}

function broken(): AppError {
  return new AppError("import_file_broken");
}

/** Files that people take for workbooks. */
function refuseOthers(file: Buffer): void {
  if (file.length >= 4 && file.readUInt32LE(0) === LOCAL) return;
  if (file.length >= 4 && file.readUInt32BE(0) === OLE) throw new AppError("import_file_old");
  const head = file.subarray(0, 1_000);
  const isText = head.length > 0 && !head.includes(0);
  if (isText && /[,;\t]/.test(head.toString("latin1"))) throw new AppError("import_file_csv");
  throw new AppError("import_file_not_excel");
}

function directory(file: Buffer): Map<string, Entry> {
  const end = endOfDirectory(file);
  const [count, size, from] = [file.readUInt16LE(end + 10), file.readUInt32LE(end + 12), file.readUInt32LE(end + 16)];
  if (count > ENTRIES_MAX || from + size > end) throw broken();
  const entries = new Map<string, Entry>();
  let at = from;
  for (let i = 0; i < count; i++) {
    if (at + 46 > end || file.readUInt32LE(at) !== LINE) throw broken();
    const [nameLength, extraLength, commentLength] = [
      file.readUInt16LE(at + 28),
      file.readUInt16LE(at + 30),
      file.readUInt16LE(at + 32),
    ];
    if ((file.readUInt16LE(at + 8) & IS_ENCRYPTED) !== 0) throw new AppError("import_file_old");
    const name = file.toString("utf8", at + 46, at + 46 + nameLength);
    const entry: Entry = {
      name,
      method: file.readUInt16LE(at + 10),
      packed: file.readUInt32LE(at + 20),
      plain: file.readUInt32LE(at + 24),
      at: file.readUInt32LE(at + 42),
    };
    const key = name.toLowerCase();
    if (entries.has(key)) throw broken(); // two parts of one name: whoever looks sees another one than we do
    entries.set(key, entry);
    at += 46 + nameLength + extraLength + commentLength;
  }
  return entries;
}

function endOfDirectory(file: Buffer): number {
  const first = Math.max(0, file.length - END_BYTES - COMMENT_BYTES_MAX);
  for (let at = file.length - END_BYTES; at >= first; at--) if (file.readUInt32LE(at) === END) return at;
  throw broken();
}

function unpack(file: Buffer, entry: Entry, count: (bytes: number, own: number) => void): Readable {
  if (entry.at + 30 > file.length || file.readUInt32LE(entry.at) !== LOCAL) throw broken();
  const from = entry.at + 30 + file.readUInt16LE(entry.at + 26) + file.readUInt16LE(entry.at + 28);
  const packed = file.subarray(from, from + entry.packed);
  if (packed.length < entry.packed || (entry.method !== DEFLATED && entry.method !== STORED)) throw broken();
  if (entry.method === STORED) return Readable.from(counted(Readable.from([packed]), entry, count));
  const inflate = createInflateRaw();
  // Whoever reads hears of a failure by reading; the pipeline only makes both ends close together.
  pipeline(Readable.from(slices(packed)), inflate, () => {});
  return Readable.from(counted(inflate, entry, count));
}

/** Small pieces, so that a bomb is noticed before much of it is unpacked. */
const SLICE_BYTES = 16 * 1024;

function* slices(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += SLICE_BYTES) yield bytes.subarray(at, at + SLICE_BYTES);
}

async function* counted(
  from: AsyncIterable<Buffer>,
  entry: Entry,
  count: (bytes: number, own: number) => void,
): AsyncGenerator<Buffer> {
  let own = 0;
  try {
    for await (const part of from) {
      own += part.length;
      count(part.length, own);
      yield part;
    }
  } catch (error) {
    throw error instanceof AppError ? error : new AppError("import_file_broken", {}, { cause: error });
  }
  if (own !== entry.plain) throw broken();
}
