import type {
  Acknowledged,
  AcknowledgeRequest,
  Alarm,
  AlarmRuleRequest,
  AlarmRules,
  AlarmSummary,
  Alarms,
  VisitRequest,
} from "#contract/alarms.ts";
import { call, get } from "./api.ts";

export const getAlarms = (query: string) => get<Alarms>(`/api/alarms?${query}`);
export const getAlarmSummary = (filter: string) => get<AlarmSummary>(`/api/alarms/summary?${filter}`);
export const getAlarm = (alarmId: string) => get<Alarm>(`/api/alarms/${encodeURIComponent(alarmId)}`);
export const postAcknowledge = (request: AcknowledgeRequest) =>
  call<Acknowledged>("POST", "/api/alarms/acknowledge", { body: request });
export const postVisit = (alarmId: string, request: VisitRequest) =>
  call<Alarm>("POST", `/api/alarms/${encodeURIComponent(alarmId)}/visit`, { body: request });
export const getAlarmRules = () => get<AlarmRules>("/api/alarm-rules");
export const postAlarmRule = (request: AlarmRuleRequest) =>
  call<AlarmRules>("POST", "/api/alarm-rules", { body: request });

/** Where the photo of a visit is. */
export const photoPath = (alarmId: string): string => `/api/alarms/${encodeURIComponent(alarmId)}/photo`;

/** Keys of what the pages keep about alarms. */
export const alarmKeys = {
  all: ["alarms"] as const,
  list: (query: string) => ["alarms", "list", query] as const,
  summary: (filter: string) => ["alarms", "summary", filter] as const,
  one: (alarmId: string) => ["alarms", "one", alarmId] as const,
  /** Below the key of the meter: whatever is heard of it is asked for again. */
  ofMeter: (meterId: number) => ["meter", meterId, "alarms"] as const,
  rules: ["alarm-rules"] as const,
};
