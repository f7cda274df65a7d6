import { pipeline, Readable } from "node:stream";
import { promisify } from "node:util";
import { constants, createGzip, gzip } from "node:zlib";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

/** Below this the header costs more than it saves. */
const CHARS_MIN = 4_096;
/** A board of 5,000 tiles is 1.4 MB of much the same; more effort saves little more and costs time. */
const QUICK = { level: constants.Z_BEST_SPEED };
const COMPRESSIBLE = /^(application\/json|text\/(html|css|javascript)|application\/javascript|image\/svg\+xml)/;

const gzipped = promisify<string, { level: number }, Buffer>(gzip);

/** A text that many answers share: it is packed once, when the first of them wants it packed. */
export class SharedText {
  readonly text: string;
  #packed: Promise<Buffer> | null = null;

  constructor(text: string) {
    this.text = text;
  }

  packed(): Promise<Buffer> {
    this.#packed ??= gzipped(this.text, QUICK);
    return this.#packed;
  }
}

/** Has an answer go out as this JSON text, whatever the handler returns for those that check it. */
export function answerWith(reply: FastifyReply, shared: SharedText): void {
  // Fastify names the type of what it writes out itself only, and hands on to the hooks of sending whatever a serializer gives.
  reply.type("application/json; charset=utf-8").serializer(() => shared as unknown as string);
}

/** Compresses large data and the console's files on their way out. Event streams go out as they are: nothing may hold them back. */
export function addCompression(app: FastifyInstance): void {
  app.addHook("onSend", async (request, reply, sent) => {
    const shared = sent instanceof SharedText ? sent : null;
    const payload = shared?.text ?? sent;
    if (!mayCompress(request, reply)) return payload;
    if (typeof payload === "string" && payload.length >= CHARS_MIN) {
      mark(reply);
      return shared?.packed() ?? gzipped(payload, QUICK);
    }
    if (payload instanceof Readable) {
      mark(reply);
      // A failing file ends the answer as it would have without compression: both streams are destroyed.
      return pipeline(payload, createGzip(), () => {});
    }
    return payload;
  });
}

function mayCompress(request: FastifyRequest, reply: FastifyReply): boolean {
  if (request.method === "HEAD" || reply.statusCode !== 200 || reply.hasHeader("content-encoding")) return false;
  if (!COMPRESSIBLE.test(String(reply.getHeader("content-type") ?? ""))) return false;
  return /\bgzip\b(?!\s*;\s*q=0(\.0+)?\s*(,|$))/.test(String(request.headers["accept-encoding"] ?? ""));
}

function mark(reply: FastifyReply): void {
  reply.header("content-encoding", "gzip").header("vary", "accept-encoding");
  reply.removeHeader("content-length");
  reply.removeHeader("accept-ranges");
}
