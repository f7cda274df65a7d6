import { randomBytes } from "node:crypto";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { AppError } from "#base/errors.ts";
import { sessionToken } from "./session-cookie.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Made per request; styles and scripts of our own page carry it. */
    cspNonce: string;
  }
}

/** Sets the headers that every answer carries, errors and pages alike, and refuses requests that another site made. */
export function addSecurity(app: FastifyInstance): void {
  app.decorateRequest("cspNonce", "");
  app.addHook("onRequest", async (request, reply) => {
    request.cspNonce = randomBytes(16).toString("base64");
    setHeaders(request, reply);
    refuseCrossSite(request);
  });
  app.addHook("onSend", async (request, reply, payload) => {
    const isPage = String(reply.getHeader("content-type") ?? "").startsWith("text/html");
    reply.header("content-security-policy", isPage ? pagePolicy(request.cspNonce) : DATA_POLICY);
    return payload;
  });
}

const DATA_POLICY = "default-src 'none'; frame-ancestors 'none'";

function pagePolicy(nonce: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

const HSTS_SECONDS = 180 * 24 * 3600;

function setHeaders(request: FastifyRequest, reply: FastifyReply): void {
  reply.headers({
    "x-request-id": request.id,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
  });
  if (request.url.startsWith("/api")) reply.header("cache-control", "no-store");
  if (request.protocol === "https") reply.header("strict-transport-security", `max-age=${HSTS_SECONDS}`);
}

/**
 * Changing requests must come from our own pages: browsers say so in `Sec-Fetch-Site` or `Origin`, and a page of
 * another site cannot forge either. A program that sends neither is let in only while it carries no cookie of ours:
 * then there is nothing that another site could borrow.
 */
function refuseCrossSite(request: FastifyRequest): void {
  if (request.method === "GET" || request.method === "HEAD") return;
  const site = request.headers["sec-fetch-site"];
  const { origin } = request.headers;
  if (site !== undefined) {
    if (site !== "same-origin" && site !== "none") throw new AppError("cross_site");
    return;
  }
  if (origin !== undefined ? !isOwnOrigin(origin, request.host) : sessionToken(request) !== null)
    throw new AppError("cross_site");
}

/** Both sides are read as URLs of the origin's scheme, so that a default port may be named or not. */
function isOwnOrigin(origin: string, host: string): boolean {
  if (!URL.canParse(origin)) return false;
  const from = new URL(origin);
  const own = `${from.protocol}//${host}`;
  return URL.canParse(own) && new URL(own).host === from.host && from.host !== "";
}
