import type { Timeline } from "#contract/customers.ts";
import type {
  GroupDetail,
  GroupList,
  MergePreview,
  MergeRequest,
  UnmergePreview,
  UnmergeRequest,
} from "#contract/groups.ts";
import { call, get } from "./api.ts";

type Chosen = Pick<MergeRequest, "mainMeterId" | "meterIds">;
type Shares = Pick<UnmergeRequest, "shares">;
const at = (groupNo: string) => `/api/groups/${encodeURIComponent(groupNo)}`;

export const getGroups = (filter: string, before: string | null) =>
  get<GroupList>(`/api/groups?${filter}${before === null ? "" : `&before=${before}`}`);
export const getGroup = (groupNo: string) => get<GroupDetail>(at(groupNo));
export const getGroupStory = (groupNo: string, before: string | null) =>
  get<Timeline>(`${at(groupNo)}/timeline?limit=30${before === null ? "" : `&before=${encodeURIComponent(before)}`}`);
export const postMergePreview = (request: Chosen) =>
  call<MergePreview>("POST", "/api/groups/preview", { body: request });
export const postMerge = (request: MergeRequest) => call<GroupDetail>("POST", "/api/groups", { body: request });
export const postUnmergePreview = (groupNo: string, request: Shares) =>
  call<UnmergePreview>("POST", `${at(groupNo)}/unmerge/preview`, { body: request });
export const postUnmerge = (groupNo: string, request: UnmergeRequest) =>
  call<GroupDetail>("POST", `${at(groupNo)}/unmerge`, { body: request });
export const postMember = (groupNo: string, meterId: number, what: "withdraw" | "recheck", reason: string) =>
  call<GroupDetail>("POST", `${at(groupNo)}/members/${meterId}/${what}`, { body: { reason } });

/** Keys of what the pages keep about merged accounts. */
export const groupKeys = {
  all: ["groups"] as const,
  list: (filter: string) => ["groups", "list", filter] as const,
  one: (groupNo: string) => ["groups", groupNo] as const,
  story: (groupNo: string) => ["groups", groupNo, "story"] as const,
  merge: (main: number, meters: string) => ["group-merge", main, meters] as const,
  unmerge: (groupNo: string, shares: string) => ["group-unmerge", groupNo, shares] as const,
};
