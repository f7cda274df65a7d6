/** One byte of a pattern: which values fit (1), whether it may be left out, may repeat, and belongs to the id. */
export type Step = { fits: Uint8Array; optional: boolean; repeats: boolean; inId: boolean };

/** The longest pattern, in steps; also the longest packet that one can match. Registrations are a line of text. */
export const DTU_PACKET_MAX = 128;

type Fits = (byte: number) => boolean;

/** The steps of a pattern in hex, or why there are none. */
export function hexSteps(hex: string): Step[] | string {
  const steps: Step[] = [];
  let inId = false;
  for (const [token] of hex.replace(/\s/g, "").matchAll(/[()]|[0-9a-f]{2}|\.\.|./gi)) {
    if (token === "(" || token === ")") {
      if (inId === (token === "(") || (token === "(" && steps.some((step) => step.inId)))
        return "one group, not nested";
      inId = token === "(";
    } else if (token === "..") {
      steps.push(one(() => true, inId));
    } else if (token.length === 2) {
      const value = Number.parseInt(token, 16);
      steps.push(one((byte) => byte === value, inId));
    } else return `not hex: ${token}`;
  }
  return inId ? "a group is not closed" : steps;
}

/** One element of a text pattern: a group's parenthesis, a quantifier, a class, an escape or a character. */
const ELEMENT =
  /\(\?<\w+>|[()]|[?*+]|\{\d{1,3}(?:,\d{0,3})?\}|\[(?:\\x[0-9a-f]{2}|\\.|[^\]\\])+\]|\\x[0-9a-f]{2}|\\.|[\s\S]/gi;

/** The steps of a pattern in text, or why there are none. */
export function textSteps(text: string): Step[] | string {
  const steps: Step[] = [];
  let inId = false;
  let last: Step | null = null;
  for (const [token] of text
    .replace(/^\^/, "")
    .replace(/(?<!\\)\$$/, "")
    .matchAll(ELEMENT)) {
    if (steps.length > DTU_PACKET_MAX) return `longer than ${DTU_PACKET_MAX} bytes`;
    if (token.startsWith("(") || token === ")") {
      const opens = token !== ")";
      if (inId === opens || (opens && steps.some((step) => step.inId))) return "one group, not nested";
      inId = opens;
      last = null;
      continue;
    }
    const times = /^(?:[?*+]|\{\d+(?:,\d*)?\})$/.test(token) ? timesOf(token) : null;
    if (times !== null) {
      if (times.most !== null && times.most < times.least) return `not understood: ${token}`;
      if (last === null) return `nothing before ${token}`;
      steps.pop();
      steps.push(...repeated(last, times));
      last = null;
      continue;
    }
    const fits = fitsOf(token);
    if (fits === null) return `not understood: ${token}`;
    last = one(fits, inId);
    steps.push(last);
  }
  return inId ? "a group is not closed" : steps;
}

function one(fits: Fits, inId: boolean): Step {
  const table = Uint8Array.from({ length: 256 }, (_, byte) => (fits(byte) ? 1 : 0));
  return { fits: table, optional: false, repeats: false, inId };
}

type Times = { least: number; most: number | null };

function timesOf(token: string): Times {
  if (token === "?") return { least: 0, most: 1 };
  if (token === "*") return { least: 0, most: null };
  if (token === "+") return { least: 1, most: null };
  const [least = 0, most] = token.slice(1, -1).split(",").map(Number);
  return { least, most: token.includes(",") ? (token.endsWith(",}") ? null : (most ?? least)) : least };
}

function repeated(step: Step, { least, most }: Times): Step[] {
  const steps = Array.from({ length: most ?? Math.max(1, least) }, (_, i) => ({ ...step, optional: i >= least }));
  const end = steps.at(-1);
  if (most === null && end !== undefined) end.repeats = true;
  return steps;
}

const isDigit = (byte: number) => byte >= 0x30 && byte <= 0x39;
const isWord = (byte: number) => isDigit(byte) || /^\w$/.test(String.fromCharCode(byte));
const isSpace = (byte: number) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);

function fitsOf(token: string): Fits | null {
  if (token.length > 1 && token.startsWith("[")) return classFits(token);
  if (token === ".") return (byte) => byte !== 0x0a && byte !== 0x0d;
  if (token.startsWith("\\")) return escapeFits(token);
  // Alternatives are several patterns; a lone brace, bracket or anchor is a slip of the pen.
  if (/^[|{}[\]^$]$/.test(token)) return null;
  return literal(token.charCodeAt(0));
}

function literal(value: number): Fits | null {
  return value > 0xff ? null : (byte) => byte === value;
}

function escapeFits(token: string): Fits | null {
  switch (token[1]) {
    case "d":
      return isDigit;
    case "D":
      return (byte) => !isDigit(byte);
    case "w":
      return isWord;
    case "W":
      return (byte) => !isWord(byte);
    case "s":
      return isSpace;
    case "S":
      return (byte) => !isSpace(byte);
    default: {
      const value = charOf(token);
      return value === null ? null : literal(value);
    }
  }
}

/** The one character that an escape or a plain character stands for; null for a class or a letter without meaning. */
function charOf(token: string): number | null {
  if (!token.startsWith("\\")) return token.charCodeAt(0);
  const control = { r: 0x0d, n: 0x0a, t: 0x09 }[token.slice(1)];
  if (control !== undefined) return control;
  if (/^\\x[0-9a-f]{2}$/i.test(token)) return Number.parseInt(token.slice(2), 16);
  return /^\\[^a-z0-9]$/i.test(token) ? token.charCodeAt(1) : null;
}

function classFits(token: string): Fits | null {
  const negated = token.startsWith("[^");
  const parts = [...token.slice(negated ? 2 : 1, -1).matchAll(/\\x[0-9a-f]{2}|\\.|[\s\S]/gi)].map(([part]) => part);
  const tests: Fits[] = [];
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!;
    const from = charOf(part);
    const to = parts[i + 1] === "-" && parts[i + 2] !== undefined ? charOf(parts[i + 2]!) : null;
    if (from !== null && to !== null) {
      if (from > to) return null;
      tests.push((byte) => byte >= from && byte <= to);
      i += 2;
      continue;
    }
    const fits = part.startsWith("\\") ? escapeFits(part) : literal(part.charCodeAt(0));
    if (fits === null) return null;
    tests.push(fits);
  }
  return (byte) => tests.some((test) => test(byte)) !== negated;
}
