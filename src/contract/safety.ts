import { z } from "zod";
import { permissions } from "#domain/permission.ts";

const at = z.number().int();
const code = z.string().trim().min(1).max(40);

/** POST /api/session/proof: proves that the user of the session sits there. `code` where he has a second factor, else `password`. */
export const proofRequest = z.object({
  password: z.string().max(256).default(""),
  code: z.string().trim().max(40).default(""),
});
export type ProofRequest = z.input<typeof proofRequest>;

/** GET /api/session/security: how the caller's account is kept safe. */
export const accountSafety = z.object({
  login: z.string(),
  /** Since when a log-in asks for a code; null while it does not. */
  enrolledAt: at.nullable(),
  recoveryCodesLeft: z.number().int(),
  /** Some permission of mine asks for a second factor. */
  demanded: z.boolean(),
  stepUpMinutes: z.number().int(),
});
export type AccountSafety = z.infer<typeof accountSafety>;

/** POST /api/session/totp: a new secret, as text and as the address in a picture. It asks for nothing until it is confirmed. */
export const totpSecret = z.object({ secret: z.string(), uri: z.string() });
export type TotpSecret = z.infer<typeof totpSecret>;
/** POST /api/session/totp/confirm. */
export const totpCodeRequest = z.object({ code });
/** Recovery codes, shown this once. */
export const recoveryCodes = z.object({ codes: z.array(z.string()) });
export type RecoveryCodes = z.infer<typeof recoveryCodes>;

/** GET /api/sessions: where the caller is logged in. */
export const ownSessions = z.object({
  items: z.array(
    z.object({
      id: z.string(),
      createdAt: at,
      seenAt: at,
      expiresAt: at,
      ip: z.string(),
      agent: z.string(),
      current: z.boolean(),
    }),
  ),
});
export type OwnSessions = z.infer<typeof ownSessions>;
/** POST /api/sessions/end-others. */
export const endedSessions = z.object({ ended: z.number().int() });

/** GET and POST /api/security-settings. */
export const safetySettings = z.object({
  /** How long a proof holds, in minutes; 0 asks for none. */
  stepUpMinutes: z.number().int().min(0).max(720),
  /** Permissions that work only for who has a second factor. */
  totpPermissions: z.array(z.enum(permissions)).max(permissions.length),
});
export type SafetySettings = z.infer<typeof safetySettings>;
export const safetySettingsRequest = safetySettings.extend({ reason: z.string().trim().min(1).max(200) });
export type SafetySettingsRequest = z.infer<typeof safetySettingsRequest>;

/** POST /api/users/:id/totp/reset. */
export const totpResetRequest = z.object({ reason: z.string().trim().min(1).max(200) });
