import type { FastifyReply, FastifyRequest } from "fastify";
import { AppError, type ErrorCode, type ErrorDetails, errorStatus, errorText } from "#base/errors.ts";
import { failureKind } from "#store/database-failures.ts";
import type { Log } from "#system/log.ts";

/** Anything that was thrown while a request was handled, as JSON; in the log what a person must look at. */
export function handleError(log: Log, error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const { code, details, status } = refusalOf(error, request.id);
  const fields = { requestId: request.id, method: request.method, path: request.routeOptions.url };
  if (code === "internal") log.error({ ...fields, err: error }, "request at the collector's door failed");
  if (reply.raw.headersSent) return;
  if (details.seconds !== undefined) reply.header("retry-after", String(details.seconds));
  const message = errorText(code, details, "zh");
  reply
    .status(status)
    .type("application/json; charset=utf-8")
    .send({ code, message, details: { ...details }, requestId: request.id });
}

type Refused = { code: ErrorCode; details: ErrorDetails; status: number };

function refusalOf(error: unknown, requestId: string): Refused {
  const refused = (code: ErrorCode, details: ErrorDetails, status = errorStatus(code)) => ({ code, details, status });
  if (error instanceof AppError) return refused(error.code, error.details);
  const status = error instanceof Error && "statusCode" in error ? Number(error.statusCode) : 0;
  if (status >= 400 && status <= 499) return refused("invalid_input", { what: "HTTP" }, status);
  if (failureKind(error) !== "ours") return refused("database_unavailable", {});
  return refused("internal", { requestId });
}
