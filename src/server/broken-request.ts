import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { errorText } from "#base/errors.ts";
import type { Refusal } from "#contract/session.ts";

/** Answers bytes that are not HTTP, or that come too slowly: no route and no hook ever sees them. */
export function answerBrokenRequest(error: Error & { code?: string }, socket: Socket, requestId: string): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, what } = fault(error.code);
  const refusal: Refusal = {
    code: "invalid_input",
    message: errorText("invalid_input", { what }, "zh"),
    details: { what },
    requestId,
  };
  const body = JSON.stringify(refusal);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    "content-type: application/json; charset=utf-8",
    `content-length: ${Buffer.byteLength(body)}`,
    "connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}

function fault(code: string | undefined): { status: number; what: string } {
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return { status: 408, what: "请求没有按时发完" };
  if (code === "HPE_HEADER_OVERFLOW") return { status: 431, what: "请求头太大" };
  return { status: 400, what: "不是正确的 HTTP 请求" };
}
