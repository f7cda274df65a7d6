/**
 * Networks that a concentrator may come from (允许来源), as people write them: an address, or a network like
 * `10.8.0.0/16` or `fd00::/8`. Pure, so that a console can check what is typed in.
 */

/** More would be nobody's list. */
export const SOURCE_RANGES_MAX = 16;

type Range = { value: bigint; bits: number; prefix: number };

/** Whether this is an address or a network of IPv4 or IPv6. */
export function isSourceRange(text: string): boolean {
  return parseRange(text) !== null;
}

/** Whether an address is in one of the networks. An address that cannot be read is in none. */
export function isFromSources(address: string, ranges: readonly string[]): boolean {
  const from = parseAddress(address);
  if (from === null) return false;
  return ranges.some((text) => {
    const range = parseRange(text);
    if (range === null || range.bits !== from.bits) return false;
    const drop = BigInt(range.bits - range.prefix);
    return range.value >> drop === from.value >> drop;
  });
}

function parseRange(text: string): Range | null {
  const [address = "", prefix, ...more] = text.split("/");
  const parsed = parseAddress(address);
  if (parsed === null || more.length > 0) return null;
  if (prefix === undefined) return { ...parsed, prefix: parsed.bits };
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > parsed.bits) return null;
  return { ...parsed, prefix: Number(prefix) };
}

/** IPv4 inside IPv6 (`::ffff:10.0.0.1`), as sockets tell it, counts as IPv4. */
function parseAddress(text: string): { value: bigint; bits: number } | null {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text);
  const four = parseFour(mapped?.[1] ?? text);
  return four ?? parseSix(text);
}

function parseFour(text: string): { value: bigint; bits: number } | null {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)) return null;
  return { value: parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n), bits: 32 };
}

function parseSix(text: string): { value: bigint; bits: number } | null {
  const halves = text.split("::");
  if (halves.length > 2 || !text.includes(":")) return null;
  const [head, tail] = halves.map((half) => (half === "" ? [] : half.split(":")));
  if (head === undefined) return null;
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (tail === undefined ? missing !== 0 : missing < 1) return null;
  const groups = tail === undefined ? head : [...head, ...Array<string>(missing).fill("0"), ...tail];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return null;
  return { value: groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n), bits: 128 };
}
