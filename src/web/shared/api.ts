import type {
  Board,
  Command,
  CommandRequest,
  MeterDetail,
  MeterEvent,
  MeterFrame,
  MeterHit,
  MeterLastDay,
  WaitingCommands,
  WithdrawCommandRequest,
} from "#contract/metering.ts";
import type {
  Preview,
  PreviewRequest,
  Recharge,
  RechargeRequest,
  RecheckRequest,
  WithdrawRequest,
} from "#contract/money.ts";
import type { LoginRequest, Me, Refusal } from "#contract/session.ts";

/**
 * Why a call did not succeed. `refused`: the server said no, with a reason; nothing was changed unless `status` is 500
 * or more. `network`: no answer, so nobody knows whether the request was carried out.
 */
export type Failure =
  | { kind: "refused"; status: number; refusal: Refusal }
  | { kind: "network" }
  | { kind: "unreadable"; status: number };

/** A call that did not succeed, as it is thrown by every function of this file. */
export class ApiError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure, cause?: unknown) {
    super(failure.kind === "refused" ? failure.refusal.code : failure.kind, { cause });
    this.name = "ApiError";
    this.failure = failure;
  }
}

/** True when the request may have been carried out although no good answer came: only its key can tell. */
export function isOutcomeUnknown(error: unknown): boolean {
  if (!(error instanceof ApiError)) return true;
  return error.failure.kind !== "refused" || error.failure.status >= 500;
}

/** The code of a refusal, or null when the error is something else. */
export function refusalCode(error: unknown): string | null {
  return error instanceof ApiError && error.failure.kind === "refused" ? error.failure.refusal.code : null;
}

/** The order that a refused sale may be the repeat of; null when the refusal names none. */
export function refusedRepeat(error: unknown): string | null {
  if (!(error instanceof ApiError) || error.failure.kind !== "refused") return null;
  const { code, details } = error.failure.refusal;
  return code.startsWith("limit_") && typeof details["orderNo"] === "string" ? details["orderNo"] : null;
}

/** Longer than any honest answer of the server: after it the network counts as broken. */
const TIMEOUT_MS = 20_000;

let onExpired: () => void = () => {};

/** By what somebody proves that it is him. */
export type Proof = "password" | "code";
let askProof: (by: Proof) => Promise<boolean> = async () => false;
let proving: Promise<boolean> | null = null;

/** Says who asks for a proof when the server wants a fresh one (one asker: the page). It answers whether one was given. */
export function whenProofIsNeeded(ask: (by: Proof) => Promise<boolean>): void {
  askProof = ask;
}

/** Asks once, however many requests wait for it. */
function proved(by: Proof): Promise<boolean> {
  proving ??= askProof(by).finally(() => {
    proving = null;
  });
  return proving;
}

const waitingForLogin: ((goOn: boolean) => void)[] = [];

/** The same person is logged in again: what was refused meanwhile is made again. */
export function sessionIsBack(): void {
  for (const goOn of waitingForLogin.splice(0)) goOn(true);
}

/** Says whom to tell when the server no longer knows the session (one listener: the page). */
export function whenSessionExpires(tell: () => void): void {
  onExpired = tell;
}

/** Who is logged in; null when nobody is. */
export const getSession = () => get<Me | null>("/api/session");

let onSeen: (me: Me) => void = () => {};

/** Says whom to tell who is logged in now, whenever it was asked for (one listener: the page). */
export function whenSessionSeen(tell: (me: Me) => void): void {
  onSeen = tell;
}

/** Asks whether the session still lives and what it may do by now, and tells the page. An unreachable server says nothing. */
export async function checkSession(): Promise<void> {
  const me = await getSession().catch(() => undefined);
  if (me === null) onExpired();
  else if (me !== undefined) onSeen(me);
}

/** Refusals after which what the page believes of its session is no longer true. */
const SESSION_CHANGED: ReadonlySet<string> = new Set(["forbidden", "password_must_change", "preview_read_only"]);

export const logIn = (request: LoginRequest) => call<Me>("POST", "/api/session", { body: request });
export const logOut = () => call<unknown>("DELETE", "/api/session", {});

export const getBoard = (signal?: AbortSignal) => get<Board>("/api/board", signal);
export const searchMeters = (search: string, limit: number, signal?: AbortSignal) =>
  get<{ items: MeterHit[]; more: boolean }>(
    `/api/meters?${new URLSearchParams({ search, limit: String(limit) })}`,
    signal,
  );
export const getMeter = (meterId: number) => get<MeterDetail>(`/api/meters/${meterId}`);
export const getEvents = (meterId: number) => get<{ items: MeterEvent[] }>(`/api/meters/${meterId}/events`);
export const getFrames = (meterId: number) => get<{ items: MeterFrame[] }>(`/api/meters/${meterId}/frames`);
export const getLastDay = (meterId: number) => get<MeterLastDay>(`/api/meters/${meterId}/last-day`);
export const postCommand = (meterId: number, request: CommandRequest) =>
  call<Command>("POST", `/api/meters/${meterId}/commands`, { body: request });
export const getCommand = (id: string) => get<Command>(`/api/commands/${encodeURIComponent(id)}`);

export const getWaitingCommands = (meterId: number) => get<WaitingCommands>(`/api/meters/${meterId}/commands`);
export const postWithdrawCommand = (id: string, request: WithdrawCommandRequest) =>
  call<Command>("POST", `/api/commands/${encodeURIComponent(id)}/withdraw`, { body: request });

export const postPreview = (request: PreviewRequest, signal?: AbortSignal) =>
  call<Preview>("POST", "/api/recharges/preview", { body: request, signal });
export const postRecharge = (request: RechargeRequest) => call<Recharge>("POST", "/api/recharges", { body: request });
export const getRecharge = (orderNo: string) => get<Recharge>(`/api/recharges/${encodeURIComponent(orderNo)}`);
export const postWithdraw = (orderNo: string, request: WithdrawRequest) =>
  call<Recharge>("POST", `/api/recharges/${encodeURIComponent(orderNo)}/withdraw`, { body: request });

/** Recharges, newest first; `more` says that older ones follow, which `before` (the last order seen) brings. */
export type RechargePage = { items: Recharge[]; more: boolean };
export function getRecharges(query: { meterId: number | null; before: string | null; limit: number }) {
  return getRechargesBy(query.meterId === null ? "" : `meterId=${query.meterId}`, query);
}

/** Recharges that a filter holds; `filter` is the query as in the address of the records page. */
export function getRechargesBy(filter: string, { before, limit }: { before: string | null; limit: number }) {
  const search = new URLSearchParams(filter);
  search.set("limit", String(limit));
  if (before !== null) search.set("before", before);
  return get<RechargePage>(`/api/recharges?${search}`);
}

type CallOptions = { body?: unknown; signal?: AbortSignal | undefined };

/** Asks for something; for the calls of a topic that have a file of their own (`api-….ts`). */
export function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return call<T>("GET", path, { signal });
}

/**
 * Calls the server and throws an {@link ApiError} for everything but a good answer. What is refused because the session has ended, or because something
 * dangerous wants a fresh proof, is made again as it was (with its key) once the person has logged in or proved himself.
 */
export async function call<T>(method: string, path: string, options: CallOptions): Promise<T> {
  try {
    return await callOnce<T>(method, path, options);
  } catch (error) {
    if (!(await mayRepeat(error, method, path))) throw error;
    return callOnce<T>(method, path, options);
  }
}

async function mayRepeat(error: unknown, method: string, path: string): Promise<boolean> {
  if (method === "GET" || !(error instanceof ApiError) || error.failure.kind !== "refused") return false;
  const { code, details } = error.failure.refusal;
  if (code === "step_up_required") return proved(details.by === "code" ? "code" : "password");
  // Nothing was done: the session was looked at first. Logging out needs no log-in.
  if (code !== "unauthenticated" || path === "/api/session") return false;
  return new Promise((resolve) => waitingForLogin.push(resolve));
}

async function callOnce<T>(method: string, path: string, { body, signal }: CallOptions): Promise<T> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const request: RequestInit = {
    method,
    credentials: "same-origin",
    headers: { accept: "application/json", ...(body === undefined ? {} : { "content-type": "application/json" }) },
    signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
  };
  if (body !== undefined) request.body = JSON.stringify(body);
  let response: Response;
  let text: string;
  try {
    response = await fetch(path, request);
    text = await response.text();
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new ApiError({ kind: "network" }, cause);
  }
  if (response.ok && text === "") return undefined as T; // 204: only calls whose answer nobody reads
  const parsed = parseJson(text);
  if (response.ok && parsed.ok) return parsed.value as T; // the contract is the server's promise; it validates on its side
  throw refused(response.status, parsed.ok ? parsed.value : null);
}

/** The error for an answer that was no success, from its body. */
export function refusalOf(status: number, body: string): ApiError {
  const parsed = parseJson(body);
  return refused(status, parsed.ok ? parsed.value : null);
}

function refused(status: number, body: unknown): ApiError {
  if (!isRefusal(body)) return new ApiError({ kind: "unreadable", status });
  if (body.code === "unauthenticated") onExpired();
  if (SESSION_CHANGED.has(body.code)) void checkSession();
  return new ApiError({ kind: "refused", status, refusal: body });
}

function isRefusal(body: unknown): body is Refusal {
  return typeof body === "object" && body !== null && "code" in body && "message" in body && "requestId" in body;
}

function parseJson(text: string): { ok: true; value: unknown } | { ok: false } {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return { ok: false };
  }
}

/** Reads the meter of a stopped top-up again; its purchase count decides. */
export const postRecheck = (orderNo: string, request: RecheckRequest) =>
  call<Recharge>("POST", `/api/recharges/${encodeURIComponent(orderNo)}/recheck`, { body: request });
