import { z } from "zod";
import { linkChannels, linkKinds, linkTrusts } from "#domain/link.ts";
import { linkAlarmKinds } from "#domain/link-alarm.ts";
import { isSourceRange, SOURCE_RANGES_MAX } from "#domain/source-range.ts";

const at = z.number().int();

/** Links of one project: how many concentrators prove nothing, and whether somebody has taken that risk (明文风险开关). */
export const linkProject = z.object({
  projectId: z.number().int(),
  name: z.string(),
  /** Concentrators of the caller's area whose link proves nothing and that may be spoken to. */
  unproved: z.number().int(),
  risk: z.object({ by: z.string(), since: at, reason: z.string() }).nullable(),
});
export type LinkProject = z.infer<typeof linkProject>;

/** A concentrator as the door sees it. */
export const linkRow = z.object({
  code: z.string(),
  name: z.string(),
  kind: z.enum(linkKinds),
  trust: z.enum(linkTrusts),
  channel: z.enum(linkChannels),
  /** Networks that it may come from; null for any. */
  sources: z.array(z.string()).nullable(),
  lockSource: z.boolean(),
  firstSource: z.string().nullable(),
  /** SHA-256 of its certificate; null when it has a key only. */
  fingerprint: z.string().nullable(),
  online: z.boolean(),
});

/** Something wrong at the door, within one hour (通道告警). */
export const linkAlarm = z.object({
  id: z.string(),
  code: z.string(),
  name: z.string(),
  kind: z.enum(linkAlarmKinds),
  firstAt: at,
  lastAt: at,
  times: z.number().int(),
  source: z.string(),
});
export type LinkAlarmView = z.infer<typeof linkAlarm>;

/** GET /api/links: the newest alarms of a week, at most so many. */
export const linksView = z.object({
  asOf: at,
  projects: z.array(linkProject),
  links: z.array(linkRow),
  alarms: z.array(linkAlarm),
});
export type LinksView = z.infer<typeof linksView>;

const reason = z.string().trim().min(1).max(200);

/** POST /api/links/risk. */
export const linkRiskRequest = z.object({ projectId: z.number().int().positive(), taken: z.boolean(), reason });
export type LinkRiskRequest = z.infer<typeof linkRiskRequest>;

/** POST /api/links/policy: how one concentrator must come, and from where. */
export const linkPolicyRequest = z.object({
  code: z.string().min(1).max(32),
  channel: z.enum(linkChannels),
  sources: z.array(z.string().trim().refine(isSourceRange)).min(1).max(SOURCE_RANGES_MAX).nullable(),
  lockSource: z.boolean(),
  /** It has moved: the next address that it comes from is the first one. */
  forgetSource: z.boolean(),
  fingerprint: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable(),
  reason,
});
export type LinkPolicyRequest = z.infer<typeof linkPolicyRequest>;
