import { z } from "zod";
import { command, tile } from "./metering.ts";
import { recharge } from "./money.ts";

/**
 * GET /api/live (server-sent events): what changed in my scope. Every event is a whole object, never a difference,
 * so hearing one twice or missing one does no harm; a client that reconnects loads the board again. `gone`: meters that were on the board of
 * my scope and are not any more, because their area was moved elsewhere, or they were retired.
 * `beat` comes every five seconds: a client that hears nothing for fifteen says that it is disconnected.
 */
export const liveEvent = z.discriminatedUnion("type", [
  z.object({ type: z.literal("tiles"), asOf: z.number().int(), tiles: z.array(tile) }),
  z.object({ type: z.literal("gone"), asOf: z.number().int(), meterIds: z.array(z.number().int()) }),
  z.object({ type: z.literal("order"), order: recharge }),
  z.object({ type: z.literal("command"), command }),
  z.object({ type: z.literal("beat"), asOf: z.number().int() }),
]);
export type LiveEvent = z.infer<typeof liveEvent>;
