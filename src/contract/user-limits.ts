import { z } from "zod";
import { BATCH_METERS_MAX } from "#domain/switch-batch.ts";

const yuan = z.string();
const limitText = z.string().max(20).nullable();

/** Limits of a user (限额) as they are to be; null: none. Yuan as people type it, at most two decimals. */
export const limitsChoice = z.object({
  rechargeDay: limitText,
  rechargeOne: limitText,
  refundDay: limitText,
  batchMeters: z.number().int().min(0).max(BATCH_METERS_MAX).nullable(),
});

/** Limits of a user as they are; null: none. */
export const userLimits = z.object({
  rechargeDay: yuan.nullable(),
  rechargeOne: yuan.nullable(),
  refundDay: yuan.nullable(),
  batchMeters: z.number().int().nullable(),
});
export type UserLimitsText = z.infer<typeof userLimits>;

/** What the asker's own limit leaves of today, before what he asks now. */
export const dayRoom = z.object({ limit: yuan, used: yuan, left: yuan });
export type DayRoom = z.infer<typeof dayRoom>;
