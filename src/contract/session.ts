import { z } from "zod";
import { loginName } from "#domain/login-name.ts";
import { permissions } from "#domain/permission.ts";

/** POST /api/session: log in. The answer sets an HttpOnly cookie. */
export const loginRequest = z.object({
  /** As it is kept: half the ways to type a name must not be so many names to guess at. */
  login: z.string().transform(loginName).pipe(z.string().min(1).max(64)),
  password: z.string().min(1).max(256),
  /** Of the authenticator, or a recovery code; asked for (`second_factor_required`) where the user has a second factor. */
  code: z.string().trim().max(40).optional(),
});
export type LoginRequest = z.infer<typeof loginRequest>;

/** GET /api/session: who I am and what I may do; null when nobody is logged in. */
export const me = z.object({
  login: z.string(),
  name: z.string(),
  permissions: z.array(z.enum(permissions)),
  /** How many meters are in my scope. */
  meters: z.number().int(),
  /** Nothing else is open until I have chosen a password of my own. */
  mustChangePassword: z.boolean(),
  /** The name of the administrator who looks through my eyes (预览); nothing can be changed then. */
  previewedBy: z.string().nullable(),
});
export type Me = z.infer<typeof me>;

/** The body of every refusal. `message` is Chinese; a client in another language uses `code` and `details`. */
export const refusal = z.object({
  code: z.string(),
  message: z.string(),
  details: z.record(z.string(), z.union([z.string(), z.number()])),
  requestId: z.string(),
});
export type Refusal = z.infer<typeof refusal>;

/** GET /api/health: answers without login. `readings` counts what is stored so far. */
export const health = z.object({
  status: z.enum(["ok", "degraded"]),
  version: z.string(),
  database: z.string(),
  meters: z.number().int(),
  readings: z.number().int(),
});
export type Health = z.infer<typeof health>;
