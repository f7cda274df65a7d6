import { z } from "zod";
import { AppError } from "#base/errors.ts";
import {
  clockRequest,
  collectionPlaces,
  collectionSettings,
  collectors,
  defaultsRequest,
  itemSetRequest,
  versionRequest,
} from "#contract/collection.ts";
import { seeCollectionPlaces } from "#flows/collection-places.ts";
import { removeItemSet, saveDefaults, saveItemSet, setClockMode } from "#flows/edit-collection.ts";
import { collectionSettingsNow } from "#store/collection.ts";
import { collectorsNow } from "#store/collectors.ts";
import { addRoute, nothing, type Routes } from "../route.ts";

const idParams = z.object({
  id: z
    .string()
    .regex(/^[1-9]\d{0,14}$/)
    .transform(Number),
});

/** How projects are read (采集设置), the item sets, and the collectors at work. */
export function collectionRoutes(routes: Routes): void {
  const { ctx } = routes;
  const tx = ctx.db.read;
  const look = { method: "GET", access: "meter.view", params: nothing, query: nothing, body: nothing } as const;
  const change = { method: "POST", access: "settings.manage", params: nothing, query: nothing } as const;

  addRoute(routes, {
    ...look,
    path: "/api/collection",
    answer: collectionSettings,
    handle: () => collectionSettingsNow(tx, ctx.clock()),
  });

  addRoute(routes, {
    ...look,
    path: "/api/collection/places",
    answer: collectionPlaces,
    handle: ({ actor }) => seeCollectionPlaces(tx, actor.scope),
  });

  addRoute(routes, {
    ...look,
    path: "/api/collectors",
    answer: collectors,
    handle: () => collectorsNow(tx, ctx.clock()),
  });

  addRoute(routes, {
    ...change,
    path: "/api/collection/defaults",
    body: defaultsRequest,
    answer: collectionSettings,
    async handle({ actor, body, ip }) {
      await saveDefaults(ctx, actor, { ...body, ip });
      return collectionSettingsNow(tx, ctx.clock());
    },
  });

  addRoute(routes, {
    ...change,
    path: "/api/collection/clock",
    body: clockRequest,
    mistakes: { reason: () => new AppError("reason_required") },
    answer: collectionSettings,
    async handle({ actor, body, ip }) {
      await setClockMode(ctx, actor, { ...body, ip });
      return collectionSettingsNow(tx, ctx.clock());
    },
  });

  addRoute(routes, {
    ...change,
    path: "/api/collection/item-sets",
    body: itemSetRequest,
    answer: collectionSettings,
    async handle({ actor, body, ip }) {
      await saveItemSet(ctx, actor, { ...body, ip });
      return collectionSettingsNow(tx, ctx.clock());
    },
  });

  addRoute(routes, {
    ...change,
    path: "/api/collection/item-sets/:id/remove",
    params: idParams,
    body: versionRequest,
    answer: collectionSettings,
    missing: "item_set_not_found",
    async handle({ actor, params, body, ip }) {
      await removeItemSet(ctx, actor, { ...params, ...body, ip });
      return collectionSettingsNow(tx, ctx.clock());
    },
  });
}
