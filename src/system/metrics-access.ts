import { timingSafeEqual } from "node:crypto";
import { sha256Hex } from "./crypto.ts";

/** What a request for metrics shows of itself. `address` is of the socket; `isForwarded`: it came through a proxy. */
export type Scrape = { authorization: string | undefined; address: string; isForwarded: boolean };

/**
 * Whether metrics are told: to whoever has the token, and without a token only to this machine itself. Behind a proxy everybody seems to
 * be this machine, so what was forwarded needs the token. A token that is shown must be right, wherever it comes from.
 */
export function mayScrape({ authorization, address, isForwarded }: Scrape, token: string | null): boolean {
  if (authorization !== undefined || token !== null) return token !== null && isBearer(authorization ?? "", token);
  return !isForwarded && LOOPBACK.test(address);
}

const LOOPBACK = /^(?:::ffff:)?127\.|^::1$/;

/** Headers by which a proxy tells for whom it asks. */
export const FORWARDED_HEADERS = ["forwarded", "x-forwarded-for", "x-real-ip", "via"] as const;

function isBearer(authorization: string, token: string): boolean {
  const [, given = ""] = /^Bearer +(\S+) *$/i.exec(authorization) ?? [];
  // Digests are of one length and tell nothing about where two tokens differ.
  return timingSafeEqual(Buffer.from(sha256Hex(given)), Buffer.from(sha256Hex(token)));
}
