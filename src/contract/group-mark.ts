import { z } from "zod";
import { memberStates } from "#domain/group.ts";

/** What a single meter shows of the group that it belongs to (合并账户); null on a meter of its own. */
export const groupMark = z
  .object({
    groupNo: z.string(),
    isMain: z.boolean(),
    state: z.enum(memberStates),
    mainMeterId: z.number().int(),
    mainLabel: z.string(),
  })
  .nullable();
export type GroupMark = z.infer<typeof groupMark>;
