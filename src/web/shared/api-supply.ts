import type {
  CalendarChange,
  CalendarYear,
  CutPreview,
  EmergencyRequest,
  GuardRequest,
  NoCutRequest,
  NoCutWindowView,
  OverdraftRequest,
  Supply,
} from "#contract/supply.ts";
import { call, get } from "./api.ts";

export const getCalendar = (year: number) => get<CalendarYear>(`/api/calendar?year=${year}`);
export const postCalendar = (change: CalendarChange) => call<CalendarYear>("POST", "/api/calendar", { body: change });
export type Windows = { items: NoCutWindowView[] };
export const getWindows = () => get<Windows>("/api/no-cut-windows");
export const postWindow = (request: NoCutRequest) => call<Windows>("POST", "/api/no-cut-windows", { body: request });
export const deleteWindow = (window: { id: string; rev: number }) =>
  call<Windows>("DELETE", `/api/no-cut-windows/${encodeURIComponent(window.id)}?rev=${window.rev}`, {});
export const getCutPreview = (at: number) => get<CutPreview>(`/api/cuts/preview?at=${at}`);
export const getSupply = (meterId: number) => get<Supply>(`/api/meters/${meterId}/supply`);
export const postGuard = (meterId: number, request: GuardRequest) =>
  call<Supply>("POST", `/api/meters/${meterId}/guard`, { body: request });
export const postOverdraft = (meterId: number, request: OverdraftRequest) =>
  call<Supply>("POST", `/api/meters/${meterId}/overdraft`, { body: request });
export const postEmergency = (meterId: number, request: EmergencyRequest) =>
  call<Supply>("POST", `/api/meters/${meterId}/emergency`, { body: request });

/** Keys of what the pages keep about supply. */
export const supplyKeys = {
  calendar: (year: number) => ["calendar", year] as const,
  windows: ["no-cut-windows"] as const,
  cuts: (at: number) => ["cuts", at] as const,
  meter: (meterId: number) => ["meter", meterId, "supply"] as const,
};
