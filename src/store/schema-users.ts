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
};
/** Failed logins per name and per address. */
export type LoginFailureTable = { subject: string; failures: number; last_at: number };

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
  setting: SettingTable;
  sequence: SequenceTable;
  tally: TallyTable;
};
