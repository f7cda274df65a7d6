import { z } from "zod";
import { groupStates, memberStates } from "#domain/group.ts";
import { phoneText, pricedYuan, worthOf } from "./masked.ts";
import { tile } from "./metering.ts";

const yuan = z.string();
const at = z.number().int();
const key = z.string().regex(/^[\w-]{8,64}$/);
const meterId = z.number().int().positive();
const creditAt = z.enum(["meter", "server"]);
const kind = z.enum(["electricity", "water"]);
const details = z.record(z.string(), z.union([z.string(), z.number()]));
const reason = z.string().trim().min(1).max(200);

const chosen = { mainMeterId: meterId, meterIds: z.array(meterId).max(100) };
/** POST /api/groups/preview: what a merge would do, by the code that does it. */
export const mergePreviewRequest = z.object(chosen);
/** POST /api/groups: merges sub-meters into the account of a main meter. `key` identifies this one merge for ever. */
export const mergeRequest = z.object({ key, ...chosen, reason });
export type MergeRequest = z.infer<typeof mergeRequest>;

export const mergePreview = z.object({
  asOf: at,
  /** The group that the main meter leads already. */
  groupNo: z.string().nullable(),
  customer: z.string(),
  balanceBefore: yuan,
  balanceAfter: yuan,
  wallet: yuan,
  debts: yuan,
  joiners: z.array(
    z.object({
      meterId: z.number().int(),
      label: z.string(),
      number: z.string(),
      kind,
      isMain: z.boolean(),
      creditAt,
      remainingWh: z.number().int().nullable(),
      remainingAt: at,
      /** What it puts into the balance; negative, what it owes. */
      brings: yuan,
      /** What its own counter is filled up by; 0 when it has none, or enough. */
      fillWh: z.number().int(),
      reachable: z.boolean(),
      /** Why it cannot join now, as a refusal's code. */
      obstacle: z.string().nullable(),
      obstacleDetails: details,
    }),
  ),
});
export type MergePreview = z.infer<typeof mergePreview>;

const shares = z.array(z.object({ meterId, amount: z.string().max(20) })).max(100);
/** POST /api/groups/:groupNo/unmerge/preview */
export const unmergePreviewRequest = z.object({ shares });
/** POST /api/groups/:groupNo/unmerge: who leaves, with how much of the balance. The main meter takes the rest; its own amount counts for nothing. */
export const unmergeRequest = z.object({ key, shares, reason });
export type UnmergeRequest = z.infer<typeof unmergeRequest>;

export const unmergePreview = z.object({
  asOf: at,
  balance: yuan,
  /** What stays with the group. */
  rest: yuan,
  dissolves: z.boolean(),
  lines: z.array(
    z.object({
      meterId: z.number().int(),
      label: z.string(),
      number: z.string(),
      kind,
      isMain: z.boolean(),
      creditAt,
      share: yuan,
      /** Whole units that it will hold; null where the share stays money on the server. */
      unitsWh: z.number().int().nullable(),
      unitsCost: yuan,
      toWallet: yuan,
      debt: yuan,
      /** It holds nothing afterwards and trips by itself. */
      goesDark: z.boolean(),
      reachable: z.boolean(),
      obstacle: z.string().nullable(),
      obstacleDetails: details,
    }),
  ),
});
export type UnmergePreview = z.infer<typeof unmergePreview>;

/** A meter's time in a group, with what it has used on the group's balance. */
export const groupMember = z.object({
  tile,
  isMain: z.boolean(),
  isOpen: z.boolean(),
  state: z.enum(memberStates),
  stateReason: z.string(),
  homeCreditAt: creditAt,
  priceYuan: pricedYuan,
  supplyGuard: z.boolean(),
  relay: z.enum(["open", "closed"]).nullable(),
  relayCommanded: z.enum(["open", "closed"]).nullable(),
  offCause: z.enum(["arrears", "operator", "safety", "unknown"]).nullable(),
  reachable: z.boolean(),
  indexWh: z.number().int().nullable(),
  indexAt: at,
  usePerDayWh: z.number().int().nullable(),
  /** Charged to the group since it joined. */
  usedWh: z.number().int(),
  usedYuan: pricedYuan,
  brought: worthOf("broughtWh"),
  broughtWh: z.number().int().nullable(),
  share: worthOf("shareWh"),
  shareWh: z.number().int().nullable(),
  commandState: z
    .enum(["waiting", "sent", "unknown", "confirmed", "refused", "stopped", "expired", "cancelled"])
    .nullable(),
  wasSent: z.boolean(),
  joinedAt: at.nullable(),
  leftAt: at.nullable(),
});
export type GroupMember = z.infer<typeof groupMember>;

/** GET /api/groups/:groupNo */
export const groupDetail = z.object({
  groupNo: z.string(),
  state: z.enum(groupStates),
  customerId: z.number().int(),
  customer: z.string(),
  phone: phoneText,
  mainMeterId: z.number().int(),
  mainLabel: z.string(),
  balance: yuan,
  /** Of it on its way out with meters that leave. */
  reserved: yuan,
  overdraft: yuan,
  inArrears: z.boolean(),
  /** As of when the balance holds: the newest reading that was charged to it. */
  balanceAt: at,
  asOf: at,
  costPerDay: pricedYuan,
  daysLeftTenths: z.number().int().nullable(),
  members: z.array(groupMember),
  /** Members outside my scope: shown nowhere. */
  membersElsewhere: z.number().int(),
  createdBy: z.string(),
  createdAt: at,
  endedAt: at.nullable(),
});
export type GroupDetail = z.infer<typeof groupDetail>;

/** GET /api/groups?search=…&state=…&before=…: newest first. */
export const groupQuery = z.object({
  search: z.string().trim().max(64).default(""),
  state: z.enum(groupStates).optional(),
  customerId: z.coerce.number().int().positive().optional(),
  before: z
    .string()
    .regex(/^G\d{1,20}$/)
    .optional(),
  limit: z.coerce.number().int().min(1).max(100).default(50),
});
export type GroupQuery = z.infer<typeof groupQuery>;
export const groupItem = z.object({
  groupNo: z.string(),
  state: z.enum(groupStates),
  customerId: z.number().int(),
  customer: z.string(),
  mainMeterId: z.number().int(),
  mainLabel: z.string(),
  labels: z.array(z.string()),
  electricity: z.number().int(),
  water: z.number().int(),
  /** Members that are on their way in or out. */
  underWay: z.number().int(),
  off: z.number().int(),
  balance: yuan,
  balanceAt: at,
  createdAt: at,
});
export type GroupItem = z.infer<typeof groupItem>;
export const groupList = z.object({ items: z.array(groupItem), more: z.boolean() });
export type GroupList = z.infer<typeof groupList>;

/** POST /api/groups/:groupNo/members/:meterId/withdraw, /recheck. */
export const memberReason = z.object({ reason });
