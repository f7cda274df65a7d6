import { z } from "zod";
import { calendarKinds, dayKinds } from "#domain/calendar.ts";

const at = z.number().int();
const yuan = z.string();
const reason = z.string().trim().min(1).max(200);
const key = z.string().regex(/^[\w-]{8,64}$/);
const day = z.string().max(10);

/** GET /api/calendar?year=2026: the days of a year that are not what their weekday says. */
export const calendarQuery = z.object({ year: z.coerce.number().int().min(2000).max(2100) });
export const calendarDay = z.object({
  day,
  kind: z.enum(calendarKinds),
  name: z.string(),
  /** Not announced yet: from the law alone, or as somebody guessed. */
  provisional: z.boolean(),
});
export type CalendarDay = z.infer<typeof calendarDay>;
export const calendarYear = z.object({ year: z.number().int(), items: z.array(calendarDay) });
export type CalendarYear = z.infer<typeof calendarYear>;

/** POST /api/calendar: sets days, or makes them ordinary again (`kind` null). Only days that have not begun. */
export const calendarChange = z.object({
  days: z
    .array(
      z.object({
        day,
        kind: z.enum(calendarKinds).nullable(),
        name: z.string().trim().max(40).default(""),
        provisional: z.boolean().default(false),
      }),
    )
    .min(1)
    .max(400),
});
export type CalendarChange = z.input<typeof calendarChange>;

/** Times in which nobody is cut off. `place` names what it is for. */
export const noCutWindow = z.object({
  id: z.string(),
  rev: z.number().int(),
  scope: z.enum(["project", "area", "meter"]),
  refId: z.number().int(),
  place: z.string(),
  name: z.string(),
  days: z.array(z.enum(dayKinds)),
  fromMinute: z.number().int(),
  toMinute: z.number().int(),
  updatedBy: z.string(),
  updatedAt: at,
  /** Whether the caller may change it. */
  mine: z.boolean(),
});
export type NoCutWindowView = z.infer<typeof noCutWindow>;
export const noCutWindows = z.object({ items: z.array(noCutWindow) });
/** POST /api/no-cut-windows: a new one without `id`, else a change of the revision that was seen. */
export const noCutRequest = z.object({
  id: z.string().max(20).optional(),
  rev: z.number().int().optional(),
  scope: z.enum(["project", "area", "meter"]),
  refId: z.number().int().positive(),
  name: z.string().trim().min(1).max(40),
  days: z.array(z.enum(dayKinds)).max(3),
  fromMinute: z.number().int().min(0).max(1440),
  toMinute: z.number().int().min(0).max(1440),
});
export type NoCutRequest = z.infer<typeof noCutRequest>;

/** POST /api/meters/:id/guard: sets or lifts the supply guard (保电). */
export const guardRequest = z.object({ on: z.boolean(), reason });
export type GuardRequest = z.infer<typeof guardRequest>;

/** POST /api/meters/:id/emergency: lets the account of a meter go further below zero, once, until it has paid. */
export const emergencyRequest = z.object({ key, amount: z.string().max(20), reason });
export type EmergencyRequest = z.infer<typeof emergencyRequest>;

/** POST /api/meters/:id/overdraft: how far below zero the account of a meter may always go. */
export const overdraftRequest = z.object({ amount: z.string().max(20), reason });
export type OverdraftRequest = z.infer<typeof overdraftRequest>;

/** GET /api/meters/:id/supply: what stands between a meter and being cut off. */
export const supply = z.object({
  asOf: at,
  guard: z.boolean(),
  creditAt: z.enum(["meter", "server"]).nullable(),
  overdraft: yuan.nullable(),
  inArrears: z.boolean(),
  emergency: z.object({ amount: yuan, grantedBy: z.string(), grantedAt: at, reason: z.string() }).nullable(),
  emergencyMax: yuan,
  /** Nobody is cut off before; null: a cut is possible at this hour. */
  noCutUntil: at.nullable(),
  windows: z.array(
    z.object({ days: z.array(z.enum(dayKinds)), fromMinute: z.number().int(), toMinute: z.number().int() }),
  ),
});
export type Supply = z.infer<typeof supply>;

/** GET /api/cuts/preview?at=…: who would be cut off at an hour that lies ahead, and who is spared by what. */
export const cutQuery = z.object({ at: z.coerce.number().int() });
export const cutHolds = ["guard", "no_cut_window", "payment_in_flight", "no_switch"] as const;
export const cutLine = z.object({
  meterId: z.number().int(),
  label: z.string(),
  number: z.string(),
  areaName: z.string(),
  customer: z.string().nullable(),
  kind: z.enum(["electricity", "water"]),
  creditAt: z.enum(["meter", "server"]),
  /** In arrears now, or expected by then from the usage of the last days. */
  why: z.enum(["arrears", "expected"]),
  balance: yuan.nullable(),
  remainingWh: z.number().int().nullable(),
  expected: yuan.nullable(),
  /** What spares it at that hour; null: it would be cut off. */
  hold: z.enum(cutHolds).nullable(),
  holdUntil: at.nullable(),
});
export type CutLine = z.infer<typeof cutLine>;
export const cutPreview = z.object({ asOf: at, at, items: z.array(cutLine), more: z.boolean() });
export type CutPreview = z.infer<typeof cutPreview>;
