import type { FastifyReply, FastifyRequest } from "fastify";
import { AppError, type ErrorCode, type ErrorDetails, errorStatus, errorText } from "#base/errors.ts";
import type { Refusal } from "#contract/session.ts";
import { permissions } from "#domain/permission.ts";
import { permissionNames } from "#domain/permission-names.ts";
import { failureKind } from "#store/database-failures.ts";
import type { Log } from "#system/log.ts";

/** Largest request body: ours are a few hundred bytes. */
export const BODY_BYTES_MAX = 64 * 1024;

type Answer = { status: number; refusal: Refusal };

/** The answer for anything that was thrown while a request was handled. Nothing of an unknown error leaves the house. */
export function refuse(error: unknown, requestId: string): Answer {
  if (error instanceof AppError) return answer(error.code, error.details, requestId);
  const http = httpMistake(error);
  if (http !== null) return { ...answer("invalid_input", { what: http.what }, requestId), status: http.status };
  // "again" only gets here when the repeats ran out: busy now, perhaps not in a minute.
  if (failureKind(error) !== "ours") return answer("database_unavailable", {}, requestId);
  return answer("internal", { requestId }, requestId);
}

/** Fastify's error handler: the refusal as JSON, and in the log what a person must look at. */
export function handleError(log: Log, error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const limit = request.routeOptions.bodyLimit;
  const isLarge = error instanceof Error && "statusCode" in error && error.statusCode === 413;
  const isFile = isLarge && limit > BODY_BYTES_MAX;
  const { status, refusal } = refuse(
    isFile ? new AppError("import_file_large", { mib: limit / 1024 / 1024 }) : error,
    request.id,
  );
  const fields = { requestId: request.id, method: request.method, path: request.routeOptions.url };
  if (refusal.code === "internal") log.error({ ...fields, err: error }, "request failed");
  else if (status >= 500) log.warn({ ...fields, err: error }, "request found no database");
  if (reply.raw.headersSent) return;
  if (status === 429 && refusal.details.seconds !== undefined)
    reply.header("retry-after", String(refusal.details.seconds));
  reply.status(status).type("application/json; charset=utf-8").send(refusal);
}

function answer(code: ErrorCode, details: ErrorDetails, requestId: string): Answer {
  const permission = permissions.find((each) => each === details.permission);
  const shown = permission === undefined ? details : { ...details, permission: permissionNames[permission][0] };
  return {
    status: errorStatus(code),
    refusal: { code, message: errorText(code, shown, "zh"), details: { ...details }, requestId },
  };
}

/** What Fastify itself refuses before our code runs, in words for people. Null for everything else. */
function httpMistake(error: unknown): { status: number; what: string } | null {
  if (!(error instanceof Error) || !("statusCode" in error) || typeof error.statusCode !== "number") return null;
  const status = error.statusCode;
  if (status < 400 || status > 499) return null;
  const code = "code" in error ? String(error.code) : "";
  if (status === 413) return { status, what: `请求内容超过 ${BODY_BYTES_MAX / 1024} KiB` };
  if (status === 415) return { status, what: "请求内容的类型应为 application/json" };
  if (code === "FST_ERR_BAD_URL") return { status, what: "网址不正确" };
  if (code === "FST_ERR_CTP_EMPTY_JSON_BODY") return { status, what: "请求内容为空" };
  return { status, what: status === 400 ? "请求内容不是正确的 JSON" : "请求不正确" };
}
