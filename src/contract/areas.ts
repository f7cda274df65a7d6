import { z } from "zod";

const whole = z.number().int();
const id = whole.positive();
const REASON_CHARS = 200;

/** GET /api/areas/tree: areas in the scope, and those above them, with the meters of the scope below each. */
export const areaTreeAnswer = z.object({
  areas: z.array(
    z.object({
      areaId: whole,
      parentId: whole.nullable(),
      projectId: whole,
      name: z.string(),
      meters: whole,
      /** Whole in the scope: something may be moved below it. */
      inside: z.boolean(),
      /** It lies below another area of the scope, so it may be moved. */
      movable: z.boolean(),
    }),
  ),
});
export type AreaTree = z.infer<typeof areaTreeAnswer>;
export type AreaNode = AreaTree["areas"][number];

/** GET /api/areas/:id/move-preview: what moving it there changes. */
export const areaMoveQuery = z.object({ parentId: z.coerce.number().int().positive() });
export const areaMovePreview = z.object({
  /** In it and below it, also retired ones. */
  meters: whole,
  areas: whole,
  /** Users whose area begins above the old place or the new one, but not above both: they see it no longer, or see it from now on. */
  users: whole,
  /** No-cut windows (不断电时段) of areas that hold for it now and would not, or the other way round. */
  windows: whole,
});
export type AreaMovePreview = z.infer<typeof areaMovePreview>;

/** POST /api/areas/:id/move: it lies below another area from now on. `seenParentId`: where it lay when that was decided. */
export const areaMoveRequest = z.object({
  parentId: id,
  seenParentId: id,
  reason: z.string().trim().min(1).max(REASON_CHARS),
});
export type AreaMoveRequest = z.infer<typeof areaMoveRequest>;
