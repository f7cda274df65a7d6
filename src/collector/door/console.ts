import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { AppError } from "#base/errors.ts";
import {
  busFrameQuery,
  channelRequest,
  concentratorAdd,
  concentratorEdit,
  concentratorQuery,
  concentratorReplace,
  defaultsRequest,
  itemSetRequest,
  meterAdd,
  meterEdit,
  meterMove,
  meterProtocol,
  retireRequest,
} from "#contract/collection.ts";
import type { Actor, Permission } from "#domain/permission.ts";
import { addMeter } from "#flows/add-meter.ts";
import { seeCollectionPlaces } from "#flows/collection-places.ts";
import { actorOfKey } from "#flows/collector-keys.ts";
import { saveChannel } from "#flows/edit-channel.ts";
import { saveDefaults, saveItemSet } from "#flows/edit-collection.ts";
import {
  addConcentrator,
  editConcentrator,
  replaceConcentrator,
  retireConcentrator,
} from "#flows/edit-concentrator.ts";
import { changeProtocol, editMeter, moveMeter } from "#flows/edit-meter.ts";
import { requestCommand } from "#flows/request-command.ts";
import { retireMeter } from "#flows/retire-meter.ts";
import { shownFrame } from "#protocol/explain-frame.ts";
import { collectionSettingsNow } from "#store/collection.ts";
import { collectorsNow } from "#store/collectors.ts";
import { commandView } from "#store/commands.ts";
import { busFramesOf, concentratorDetail, concentratorPage } from "#store/concentrator-pages.ts";
import type { DoorDeps } from "./deps.ts";

const number = z
  .string()
  .regex(/^[1-9]\d{0,14}$/)
  .transform(Number);
const byId = z.object({ id: number });
const nothing = z.unknown().transform(() => ({}));
const readRequest = z.object({ key: z.string().min(8).max(100) });

type Call<P, Q, B> = { actor: Actor; params: P; query: Q; body: B; ip: string };
type Line<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> = {
  method: "GET" | "POST";
  path: string;
  may: Permission;
  params?: P;
  query?: Q;
  body?: B;
  handle(call: Call<z.output<P>, z.output<Q>, z.output<B>>): Promise<unknown>;
};

/**
 * The keyed interface of the terminal client: the same flows as the pages', with the same permissions, by whoever shows a key
 * (`Authorization: Bearer …`). What it writes is audited under the name of the key.
 */
export function consoleRoutes(app: FastifyInstance, { ctx, sealer, nudge }: DoorDeps): void {
  const tx = ctx.db.read;
  const sealing = { ...ctx, sealer };

  function add<
    P extends z.ZodType = typeof nothing,
    Q extends z.ZodType = typeof nothing,
    B extends z.ZodType = typeof nothing,
  >(line: Line<P, Q, B>): void {
    app.route({
      method: line.method,
      url: `/console${line.path}`,
      handler: async (request, reply) => {
        const actor = await actorOfKey(ctx, { key: bearerOf(request), ip: request.ip });
        if (!actor.permissions.has(line.may)) throw new AppError("forbidden", { permission: line.may });
        const params = read(line.params ?? nothing, request.params) as z.output<P>;
        const query = read(line.query ?? nothing, request.query) as z.output<Q>;
        const body = read(line.body ?? nothing, request.body) as z.output<B>;
        const answer = await line.handle({ actor, params, query, body, ip: request.ip });
        return reply.send(answer ?? {});
      },
    });
  }

  const look = { method: "GET", may: "meter.view" } as const;
  add({ ...look, path: "/collectors", handle: async () => collectorsNow(tx, ctx.clock()) });
  add({ ...look, path: "/settings", handle: async () => collectionSettingsNow(tx, ctx.clock()) });
  add({ ...look, path: "/places", handle: async ({ actor }) => seeCollectionPlaces(tx, actor.scope) });
  add({
    ...look,
    path: "/concentrators",
    query: concentratorQuery,
    handle: async ({ actor, query }) => concentratorPage(tx, actor.scope, query, ctx.clock()),
  });
  add({
    ...look,
    path: "/concentrators/:id",
    params: byId,
    handle: async ({ actor, params }) => {
      const found = await concentratorDetail(tx, actor.scope, params.id, ctx.clock());
      if (found === null) throw new AppError("concentrator_not_found");
      return found;
    },
  });
  add({
    ...look,
    path: "/concentrators/:id/frames",
    params: byId,
    query: busFrameQuery,
    handle: async ({ actor, params, query }) => {
      const of = { concentratorId: params.id, since: query.since ?? 0, meterId: query.meterId ?? null };
      return { asOf: ctx.clock(), items: (await busFramesOf(tx, actor.scope, of)).map(shownFrame) };
    },
  });
  add({
    ...look,
    path: "/commands/:id",
    params: z.object({ id: z.string().max(40) }),
    handle: async ({ actor, params }) => {
      const found = await commandView(tx, actor.scope, params.id);
      if (found === null) throw new AppError("command_not_found");
      return found;
    },
  });
  add({
    method: "POST",
    may: "meter.read",
    path: "/meters/:id/read",
    params: byId,
    body: readRequest,
    handle: async ({ actor, params, body, ip }) => {
      const asked = { meterId: params.id, key: body.key, kind: "read" as const, reason: "", ip };
      const made = await requestCommand(ctx, actor, asked);
      nudge();
      return made;
    },
  });
  add({
    method: "POST",
    may: "settings.manage",
    path: "/defaults",
    body: defaultsRequest,
    handle: ({ actor, body, ip }) => saveDefaults(ctx, actor, { ...body, ip }),
  });
  add({
    method: "POST",
    may: "settings.manage",
    path: "/item-sets",
    body: itemSetRequest,
    handle: async ({ actor, body, ip }) => ({ id: await saveItemSet(ctx, actor, { ...body, ip }) }),
  });

  const concentrator = { method: "POST", may: "concentrator.manage" } as const;
  add({
    ...concentrator,
    path: "/concentrators",
    body: concentratorAdd,
    handle: ({ actor, body, ip }) => addConcentrator(sealing, actor, { ...body, ip }),
  });
  add({
    ...concentrator,
    path: "/concentrators/:id/edit",
    params: byId,
    body: concentratorEdit,
    handle: ({ actor, params, body, ip }) => editConcentrator(ctx, actor, { ...params, ...body, ip }),
  });
  add({
    ...concentrator,
    path: "/concentrators/:id/replace",
    params: byId,
    body: concentratorReplace,
    handle: ({ actor, params, body, ip }) => replaceConcentrator(sealing, actor, { ...params, ...body, ip }),
  });
  add({
    ...concentrator,
    path: "/concentrators/:id/retire",
    params: byId,
    body: retireRequest,
    handle: ({ actor, params, body, ip }) => retireConcentrator(ctx, actor, { ...params, ...body, ip }),
  });
  add({
    ...concentrator,
    path: "/concentrators/:id/channels",
    params: byId,
    body: channelRequest,
    handle: ({ actor, params, body, ip }) => saveChannel(ctx, actor, { ...body, concentratorId: params.id, ip }),
  });

  const meter = { method: "POST", may: "meter.manage", params: byId } as const;
  add({
    method: "POST",
    may: "meter.manage",
    path: "/meters",
    body: meterAdd,
    handle: async ({ actor, body, ip }) => ({ meterId: await addMeter(ctx, actor, { ...body, ip }) }),
  });
  add({
    ...meter,
    path: "/meters/:id/edit",
    body: meterEdit,
    handle: ({ actor, params, body, ip }) => editMeter(ctx, actor, { ...body, meterId: params.id, ip }),
  });
  add({
    ...meter,
    path: "/meters/:id/protocol",
    body: meterProtocol,
    handle: ({ actor, params, body, ip }) => changeProtocol(ctx, actor, { ...body, meterId: params.id, ip }),
  });
  add({
    ...meter,
    path: "/meters/:id/move",
    body: meterMove,
    handle: ({ actor, params, body, ip }) => moveMeter(ctx, actor, { ...body, meterId: params.id, ip }),
  });
  add({
    ...meter,
    path: "/meters/:id/retire",
    body: retireRequest,
    handle: ({ actor, params, body, ip }) => retireMeter(ctx, actor, { ...body, meterId: params.id, ip }),
  });
}

function bearerOf({ headers }: FastifyRequest): string {
  const [, key = ""] = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? "") ?? [];
  return key;
}

function read<S extends z.ZodType>(schema: S, input: unknown): z.output<S> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue?.path.join(".") ?? "";
  throw new AppError("invalid_input", { what: `${field} ${issue?.message ?? ""}`.trim(), field });
}
