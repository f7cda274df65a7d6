/** Tables of merged accounts (主分表合并). Conventions as in `schema.ts`. */
import type { GroupState, MemberState } from "#domain/group.ts";
import type { Flag } from "./flag.ts";

/** A group: `account_id` is the account on the server that pays for all its meters; `main_meter_id` is the one that is recharged. */
export type MeterGroupTable = {
  group_no: string;
  project_id: number;
  customer_id: number;
  account_id: number;
  main_meter_id: number;
  state: GroupState;
  created_by: string;
  created_at: number;
  ended_at: number | null;
  updated_at: number;
  version: number;
};

/**
 * A meter's time in a group. `open_meter_id` is unique and null once it ended: a meter is in one group at a time. `home_*` is the account
 * that it came from and goes back to. `brought_e4` is what it put into the group's balance, `share_e4` what it took out of it, as
 * `share_wh` units where it counts credit itself. `counter_*`: what its own counter stood at, at which index; null where it has none.
 */
export type GroupMemberTable = {
  id: string;
  group_no: string;
  meter_id: number;
  open_meter_id: number | null;
  is_main: Flag;
  home_account_id: number;
  home_credit_at: "meter" | "server";
  state: MemberState;
  state_reason: string;
  brought_e4: number | null;
  brought_wh: number | null;
  counter_wh: number | null;
  counter_index_wh: number | null;
  /** The command that is on its way to the meter: it fills it up, or leaves it with its share. */
  command_id: string | null;
  /** What that command adds to the counter; negative, takes. */
  command_wh: number;
  /** Commands asked for so far: part of their keys. */
  commands: number;
  share_e4: number | null;
  share_wh: number | null;
  requested_by: string;
  requested_at: number;
  joined_at: number | null;
  left_at: number | null;
  updated_at: number;
};

/** What was decided about a group: once for ever by its key. */
export type GroupChangeTable = {
  id: string;
  idem_key: string;
  request_hash: string;
  group_no: string;
  kind: "merge" | "unmerge";
  /** JSON: the meters, and what they were to take. */
  asked: string;
  reason: string;
  asked_by: string;
  asked_at: number;
};

export type GroupsSchema = {
  meter_group: MeterGroupTable;
  group_member: GroupMemberTable;
  group_change: GroupChangeTable;
};
