import { isDeepStrictEqual } from "node:util";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { AppError, assert, type ErrorCode } from "#base/errors.ts";
import { maskerOf } from "#contract/masked.ts";
import { hiddenFrom } from "#domain/field-mask.ts";
import { type Actor, type Permission, permissions } from "#domain/permission.ts";
import type { FlowContext } from "#flows/context.ts";
import { demandSafety } from "#flows/prove.ts";
import { largeBodies } from "./large-bodies.ts";
import type { Limits } from "./limits.ts";
import { sessionToken } from "./session-cookie.ts";
import { issueWords } from "./words.ts";

/** What every route is declared on. */
export type Routes = {
  readonly app: FastifyInstance;
  readonly ctx: FlowContext;
  readonly limits: Limits;
  /** Who a session token belongs to; null when it has ended. */
  readonly loadCaller: (token: string) => Promise<Actor | null>;
  /** Tests parse every answer by its schema; in production answers are picked by hand and trusted (half the cost). */
  readonly validateAnswers: boolean;
};

/**
 * Who may call a route: anybody, anybody with a session, those with the permission, or those with any of several. A route whose
 * permission depends on its body names all that come into question: without any of them the body is not even read.
 */
export type Access<B> =
  | "public"
  | "logged_in"
  | Permission
  | readonly Permission[]
  | { oneOf: readonly Permission[]; of(body: B): Permission };

/** A declared route. `params`, `query`, `body` and `answer` are never left out: {@link nothing} says that there is none. */
export type Route<A, P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, R extends z.ZodType> = {
  method: "GET" | "POST" | "DELETE";
  path: `/api/${string}`;
  access: A;
  params: P;
  query: Q;
  body: B;
  answer: R;
  /** The refusal when `params` cannot be read: the same as for something that does not exist. */
  missing?: ErrorCode;
  /** What somebody may do who must first change his password, or looks through another's eyes; both are otherwise held up. */
  heldUp?: readonly ("must_change" | "preview")[];
  /** A GET that leaves a line in the audit: more than looking. */
  audited?: boolean;
  /** A POST that only asks: it is not counted among the caller's writes. */
  onlyAsks?: boolean;
  /** Something dangerous: the session must have proved itself lately (再次验证), always or for some bodies. */
  stepUp?: boolean | ((body: z.output<B>) => boolean);
  /** What some bodies take besides `access`: each of them, with a second factor (两步验证) where it asks for one. */
  alsoTakes?: (body: z.output<B>) => readonly Permission[];
  /** Largest body, in bytes, where files are taken in; the usual limit when left out. */
  bytesMax?: number;
  /** Refusals of single body fields that have a code of their own; the others are `invalid_input`. */
  mistakes?: Mistakes;
  handle(call: Call<A, z.output<P>, z.output<Q>, z.output<B>>): Promise<z.input<R>>;
};

type Mistakes = Readonly<Record<string, () => AppError>>;

/** What a route's handler is given: checked input, and who asks. */
export type Call<A, P, Q, B> = {
  readonly actor: A extends "public" ? null : Actor;
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly ip: string;
  readonly token: string | null;
  readonly reply: FastifyReply;
};

/** Whatever was sent is dropped. */
export const nothing = z.unknown().transform(() => ({}));
/** An answer without a body. */
export const noContent = z.undefined();

declare module "fastify" {
  interface FastifyContextConfig {
    /** Who may call this route: `public`, `logged_in` or permissions. Nothing is reachable without it. */
    access?: readonly string[];
    /** Whether it wants a fresh proof (再次验证): always, or for some bodies. */
    stepUp?: "always" | "by_body";
  }
  interface FastifyInstance {
    /** Every reachable method and path with its access, and when it wants a fresh proof: for the tests that walk them all. */
    readonly declaredRoutes: {
      method: string;
      path: string;
      access: readonly string[];
      stepUp: "always" | "by_body" | "never";
    }[];
  }
  interface FastifyRequest {
    caller: Actor | null;
  }
}

/** From here on the app refuses, at its start, any route that does not say who may call it. */
export function demandAccess(app: FastifyInstance): void {
  const declared: FastifyInstance["declaredRoutes"] = [];
  app.decorate("declaredRoutes", declared);
  app.decorateRequest("caller", null);
  app.addHook("onRoute", ({ method, url, config }) => {
    const access = config?.access ?? [];
    if (access.length === 0) throw new Error(`${String(method)} ${url} does not declare who may call it`);
    const stepUp = config?.stepUp ?? "never";
    for (const each of [method].flat()) declared.push({ method: each, path: url, access, stepUp });
  });
}

/** Declares one route of the API. There is no other way to add one. */
export function addRoute<
  const A extends Access<z.output<B>>,
  P extends z.ZodType,
  Q extends z.ZodType,
  B extends z.ZodType,
  R extends z.ZodType,
>(routes: Routes, route: Route<A, P, Q, B, R>): void {
  assert(
    route.answer !== undefined && route.params !== undefined && route.query !== undefined && route.body !== undefined,
    `${route.path} lacks a schema`,
  );
  const { access } = route;
  const permitted = permittedBy(access);
  const byBody = byBodyOf(access as Access<z.output<B>>);
  const mask = maskerOf(route.answer);
  assert(mask === null || access !== "public", `${route.path} would show masked fields to anybody`);
  const large = route.bytesMax === undefined ? null : largeBodies();
  routes.app.route({
    method: route.method,
    url: route.path,
    ...(route.bytesMax !== undefined && { bodyLimit: route.bytesMax }),
    config: { access: permitted, ...stepUpConfig(route.stepUp) },
    // Load balancers ask for the health page by HEAD; everything else has nothing to say without a body.
    exposeHeadRoute: access === "public",
    onRequest: async (request, reply) => {
      if (access === "public") return;
      request.caller = await identify(routes, request);
      refuseHeldUp(request.caller, route);
      if (access !== "logged_in") demandOneOf(request.caller, permitted);
      large?.enter(request, reply);
    },
    handler: async (request, reply) => {
      using _ = large?.handled(request);
      if (route.method !== "GET" && route.onlyAsks !== true) await routes.limits.check(request);
      const params = readParams(route, request.params);
      const query = read(route.query, request.query, {});
      const body = read(route.body, request.body, route.mistakes ?? {});
      if (byBody !== null) demandOneOf(actorOf(request), [byBody.of(body)]);
      const isChange = route.method !== "GET" && route.onlyAsks !== true;
      for (const each of route.alsoTakes?.(body) ?? []) {
        demandOneOf(actorOf(request), [each]);
        await demandProof(routes, request, { isChange, granting: [each], stepUp: false });
      }
      await demandProof(routes, request, {
        isChange,
        granting: byBody === null ? permitted : [byBody.of(body)],
        stepUp: typeof route.stepUp === "function" ? route.stepUp(body) : (route.stepUp ?? false),
      });
      const whole = await route.handle({
        // `actor` is null exactly for public routes, which is what its type says.
        actor: request.caller as Call<A, never, never, never>["actor"],
        params,
        query,
        body,
        ip: request.ip,
        token: sessionToken(request),
        reply,
      });
      const answer = mask === null ? whole : mask(whole, hiddenFrom(actorOf(request).permissions));
      if (routes.validateAnswers) checkAnswer(route.path, route.answer, answer);
      return reply.send(answer);
    },
  });
}

function stepUpConfig(stepUp: unknown): { stepUp?: "always" | "by_body" } {
  if (typeof stepUp === "function") return { stepUp: "by_body" };
  return stepUp === true ? { stepUp: "always" } : {};
}

function permittedBy<B>(access: Access<B>): readonly string[] {
  if (typeof access === "string") return [access];
  return isList(access) ? access : access.oneOf;
}

function byBodyOf<B>(access: Access<B>) {
  return typeof access === "string" || isList(access) ? null : access;
}

function isList<B>(access: Exclude<Access<B>, string>): access is readonly Permission[] {
  return Array.isArray(access);
}

async function identify(routes: Routes, request: FastifyRequest): Promise<Actor> {
  const token = sessionToken(request);
  const actor = token === null ? null : await routes.loadCaller(token);
  if (actor === null) throw new AppError("unauthenticated");
  return actor;
}

/**
 * Looking through another's eyes is looking: whatever is not a GET is refused, also what would only ask, and a GET that would stand in the
 * audit under the other's name.
 */
function refuseHeldUp(actor: Actor, route: { method: string; heldUp?: readonly string[]; audited?: boolean }): void {
  const { method, heldUp = [], audited = false } = route;
  if (actor.previewedBy !== undefined && (method !== "GET" || audited) && !heldUp.includes("preview"))
    throw new AppError("preview_read_only");
  if (actor.mustChangePassword && !heldUp.includes("must_change")) throw new AppError("password_must_change");
}

/** Whoever only looks is not asked for a second factor or a fresh proof; logging out never needs one. */
async function demandProof(
  { ctx }: Routes,
  request: FastifyRequest,
  of: { isChange: boolean; granting: readonly string[]; stepUp: boolean },
): Promise<void> {
  const token = sessionToken(request);
  const granting = permissions.filter((each) => of.granting.includes(each));
  if (!of.isChange || request.caller === null || token === null || (granting.length === 0 && !of.stepUp)) return;
  await demandSafety(ctx, { actor: request.caller, token, granting, stepUp: of.stepUp });
}

function actorOf(request: FastifyRequest): Actor {
  if (request.caller === null) throw new AppError("unauthenticated");
  return request.caller;
}

function demandOneOf(actor: Actor, wanted: readonly string[]): void {
  for (const permission of actor.permissions) if (wanted.includes(permission)) return;
  throw new AppError("forbidden", { permission: wanted[0] ?? "" });
}

function readParams<P extends z.ZodType>(route: { params: P; missing?: ErrorCode }, input: unknown): z.output<P> {
  const result = route.params.safeParse(input);
  if (!result.success) throw new AppError(route.missing ?? "not_found");
  return result.data;
}

function read<S extends z.ZodType>(schema: S, input: unknown, mistakes: Mistakes): z.output<S> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  assert(issue !== undefined, "a failed check names what failed");
  const own = mistakes[String(issue.path[0])];
  if (own !== undefined) throw own();
  throw new AppError("invalid_input", { what: issueWords(issue, input), field: issue.path.join(".") });
}

/** An answer must match its schema and hold nothing besides: what is not promised may be a secret. */
function checkAnswer(path: string, schema: z.ZodType, answer: unknown): void {
  const result = schema.safeParse(answer);
  if (!result.success) throw new Error(`the answer of ${path} breaks its schema: ${z.prettifyError(result.error)}`);
  if (!isDeepStrictEqual(result.data, answer)) throw new Error(`the answer of ${path} holds more than its schema`);
}
