import type { Flag } from "./flag.ts";

export type AuditTable = {
  id: string;
  at: number;
  actor: string;
  action: string;
  object: string;
  before: string | null;
  after: string | null;
  reason: string;
  ip: string;
};

/** `login` is as `loginName` makes it. `must_change`: the password was chosen by somebody else. `seen_at`: the last use of any session. */
export type UserTable = {
  id: number;
  login: string;
  name: string;
  password_hash: string;
  disabled: Flag;
  all_meters: Flag;
  created_at: number;
  must_change: Flag;
  seen_at: number;
  version: number;
};
/** `code` is that of a seed role, or made of the id; `permissions` is a JSON list. */
export type RoleTable = { id: number; code: string; name: string; permissions: string; version: number };
export type UserRoleTable = { user_id: number; role_id: number };
/** Area nodes and single meters that a user may see (辖区). */
export type UserScopeTable = { user_id: number; kind: "area" | "meter"; ref_id: number };
/** Only the SHA-256 of a session's token is stored. `preview_of`: through whose eyes its user looks at the moment (预览). */
export type SessionTable = {
  token_hash: string;
  user_id: number;
  created_at: number;
  seen_at: number;
  expires_at: number;
  ip: string;
  preview_of: number | null;
  /** When it was last proved by password or code that its user sits there. */
  proved_at: number;
  /** What the browser calls itself, cut. */
  agent: string;
};
/**
 * Failed logins per name and per address. `locks`: how often it was locked lately, each time for twice as long; `locked_until`: nobody
 * gets in before.
 */
export type LoginFailureTable = {
  subject: string;
  failures: number;
  last_at: number;
  locks: number;
  locked_until: number;
};

/** The second factor (两步验证) of a user: the secret of his authenticator, and the newest step whose code was used. Unconfirmed it asks for nothing. */
export type UserTotpTable = {
  user_id: number;
  secret_sealed: string;
  made_at: number;
  confirmed_at: number | null;
  used_step: number;
};
/** A recovery code (恢复码): only its hash, and when it was used. */
export type UserRecoveryCodeTable = { user_id: number; code_hash: string; used_at: number | null };

export type SettingTable = { key: string; value: string; updated_by: string; updated_at: number };
export type SequenceTable = { name: string; next: number };
/** Counters that only grow, one row per writer: `readings:<collector>`. */
export type TallyTable = { name: string; value: number };

export type UsersSchema = {
  audit: AuditTable;
  user: UserTable;
  role: RoleTable;
  user_role: UserRoleTable;
  user_scope: UserScopeTable;
  session: SessionTable;
  login_failure: LoginFailureTable;
  user_totp: UserTotpTable;
  user_recovery_code: UserRecoveryCodeTable;
  setting: SettingTable;
  sequence: SequenceTable;
  tally: TallyTable;
};
