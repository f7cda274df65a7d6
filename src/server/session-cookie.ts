import type { FastifyReply, FastifyRequest } from "fastify";

const NAME = "jc_s";

/** Under https the name binds the cookie to this host; plain http (a laptop, a test) cannot carry that prefix. */
function cookieName(request: FastifyRequest): string {
  return request.protocol === "https" ? `__Host-${NAME}` : NAME;
}

/** The session token that the request carries, or null. Only its SHA-256 is ever stored. */
export function sessionToken(request: FastifyRequest): string | null {
  const token = request.cookies[cookieName(request)];
  return token === undefined || token === "" ? null : token;
}

/** Gives the browser its session token; scripts on the page cannot read it, other sites cannot send it. */
export function setSessionCookie(reply: FastifyReply, token: string): void {
  const { request } = reply;
  reply.setCookie(cookieName(request), token, attributes(request));
}

/** Takes the session token away from the browser. */
export function clearSessionCookie(reply: FastifyReply): void {
  const { request } = reply;
  reply.clearCookie(cookieName(request), attributes(request));
}

function attributes(request: FastifyRequest) {
  return { path: "/", httpOnly: true, sameSite: "strict", secure: request.protocol === "https" } as const;
}
