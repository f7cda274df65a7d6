import { AppError } from "#base/errors.ts";

/** What a reader of XML is told. Names come without their prefix; text is decoded. */
export type XmlHandler = {
  open(name: string, attributes: Attributes): void;
  close(name: string): void;
  text(text: string): void;
};
/** The attributes of an element, looked up only when somebody asks. */
export type Attributes = (name: string) => string | undefined;

/** No element of a workbook has as much between two signs as this; what never ends must not fill the memory. */
const PIECE_CHARS_MAX = 256 * 1024;

/**
 * Reads XML in parts as they come: elements, attributes, text. Only what workbooks need; a document type is refused, so there are no
 * entities but the five of the standard, and nothing is ever fetched.
 */
export function xmlReader(handler: XmlHandler): { write(part: string): void; end(): void } {
  let rest = "";
  let depth = 0;

  function write(part: string): void {
    rest += part;
    let at = 0;
    for (;;) {
      const open = rest.indexOf("<", at);
      if (open < 0) break;
      if (open > at) tell(rest.slice(at, open));
      const next = afterMarkup(open);
      if (next < 0) {
        at = open;
        break;
      }
      at = next;
    }
    // Text may go on in the next part: all of it waits for the sign that ends it.
    rest = rest.slice(at);
    if (rest.length > PIECE_CHARS_MAX) throw new AppError("import_file_broken");
  }

  function tell(text: string): void {
    if (depth > 0) handler.text(decoded(text));
  }

  /** Handles what begins at `open`; where it ends, or -1 when its end has not come yet. */
  function afterMarkup(open: number): number {
    const second = rest.charCodeAt(open + 1);
    if (second === BANG) return afterBang(open);
    const end = rest.indexOf(">", open);
    if (end < 0) return -1;
    if (second === QUESTION) return end + 1;
    if (second === SLASH) {
      depth--;
      handler.close(localName(rest.slice(open + 2, end).trim()));
      return end + 1;
    }
    const inner = rest.slice(open + 1, end);
    const isEmpty = inner.endsWith("/");
    const [, tag = ""] = /^([^\s/]+)/.exec(inner) ?? [];
    if (tag === "") throw new AppError("import_file_broken");
    const name = localName(tag);
    handler.open(name, (wanted) => attribute(inner, wanted));
    if (isEmpty) handler.close(name);
    else depth++;
    return end + 1;
  }

  function afterBang(open: number): number {
    if (rest.length < open + 9) return -1;
    if (rest.startsWith("<!--", open)) {
      const end = rest.indexOf("-->", open + 4);
      return end < 0 ? -1 : end + 3;
    }
    if (rest.startsWith("<![CDATA[", open)) {
      const end = rest.indexOf("]]>", open + 9);
      if (end < 0) return -1;
      if (depth > 0) handler.text(rest.slice(open + 9, end));
      return end + 3;
    }
    throw new AppError("import_file_broken"); // a document type: entities, and files to fetch
  }

  return {
    write,
    end() {
      if (depth !== 0 || rest.trim() !== "") throw new AppError("import_file_broken");
    },
  };
}

const BANG = 33;
const SLASH = 47;
const QUESTION = 63;

function localName(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}

function attribute(inner: string, wanted: string): string | undefined {
  let at = inner.indexOf(wanted);
  while (at >= 0) {
    const before = inner[at - 1] ?? "";
    const quote = inner[at + wanted.length + 1];
    if (/[\s:]/.test(before) && inner[at + wanted.length] === "=" && (quote === '"' || quote === "'")) {
      const from = at + wanted.length + 2;
      const end = inner.indexOf(quote, from);
      return end < 0 ? undefined : decoded(inner.slice(from, end));
    }
    at = inner.indexOf(wanted, at + 1);
  }
  return undefined;
}

const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function decoded(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(/&(#x?[0-9a-fA-F]{1,6}|\w{2,4});/g, (whole, name: string) => {
    if (!name.startsWith("#")) return NAMED[name] ?? whole;
    const code = name[1] === "x" ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
    return code > 0 && code <= 0x10_ff_ff ? String.fromCodePoint(code) : "";
  });
}
