import { timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { sha256Hex } from "./crypto.ts";

/** What a request for metrics shows of itself: its headers, and the address of its socket. */
export type Scrape = { headers: IncomingHttpHeaders; address: string };

/**
 * Whether metrics are told: to whoever has the token, and without a token only to this machine itself. Behind a proxy everybody seems to
 * be this machine, so what was forwarded needs the token; so does what asks this machine under another name, as a page in its browser may
 * (DNS rebinding). A token that is shown must be right, wherever it comes from.
 */
export function mayScrape({ headers, address }: Scrape, token: string | null): boolean {
  const { authorization, host = "" } = headers;
  if (authorization !== undefined || token !== null) return token !== null && isBearer(authorization ?? "", token);
  const isForwarded = FORWARDED_HEADERS.some((name) => headers[name] !== undefined);
  return !isForwarded && LOOPBACK.test(address) && OWN_NAMES.test(host);
}

const LOOPBACK = /^(?:::ffff:)?127\.|^::1$/;

/** With a port or without. */
const OWN_NAMES = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;

/** Headers by which a proxy tells for whom it asks. */
const FORWARDED_HEADERS = ["forwarded", "x-forwarded-for", "x-real-ip", "via"] as const;

function isBearer(authorization: string, token: string): boolean {
  const [, given = ""] = /^Bearer +(\S+) *$/i.exec(authorization) ?? [];
  // Digests are of one length and tell nothing about where two tokens differ.
  return timingSafeEqual(Buffer.from(sha256Hex(given)), Buffer.from(sha256Hex(token)));
}
