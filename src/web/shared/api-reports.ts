import type { CompletenessReport, MissingReport } from "#contract/completeness.ts";
import type { CorrectionRequest, DoubtEvidence, DoubtRow } from "#contract/doubts.ts";
import type { LossPlace, LossReport } from "#contract/losses.ts";
import type { RankingReport } from "#contract/ranking.ts";
import type {
  CurrentReport,
  DayReport,
  MatrixReport,
  MeterCurve,
  MeterReport,
  MeterSlots,
  PeriodReport,
  ReadingsReport,
} from "#contract/reports.ts";
import type { RunningOutReport, ToldAnswer, ToldRequest } from "#contract/running-out.ts";
import { call, get } from "./api.ts";

/** A filter as it stands in the address; what is empty is left out. */
export type Asked = Readonly<Record<string, string>>;

/** The filter as a query: the same for a page of the report and for its file. */
export function queryOf(asked: Asked): string {
  return new URLSearchParams(Object.entries(asked).filter(([, value]) => value !== "")).toString();
}

export const getCurrent = (asked: Asked, after: number) =>
  get<CurrentReport>(`/api/reports/current?${queryOf({ ...asked, after: String(after) })}`);
export const getMatrix = (asked: Asked, after: number) =>
  get<MatrixReport>(`/api/reports/matrix?${queryOf({ ...asked, after: String(after) })}`);
export const getDay = (asked: Asked, after: number) =>
  get<DayReport>(`/api/reports/day?${queryOf({ ...asked, after: String(after) })}`);
export const getPeriod = (asked: Asked) => get<PeriodReport>(`/api/reports/period?${queryOf(asked)}`);
export const getMeterReport = (meterId: number, period: string) =>
  get<MeterReport>(`/api/reports/meters/${meterId}?${queryOf({ period })}`);
export const getMeterSlots = (meterId: number, day: string, minutes: string) =>
  get<MeterSlots>(`/api/reports/meters/${meterId}/slots?${queryOf({ day, minutes })}`);
export const getCurve = (meterId: number, day: string) =>
  get<MeterCurve>(`/api/reports/meters/${meterId}/curve?${queryOf({ day })}`);
export const getReadings = (meterId: number, day: string) =>
  get<ReadingsReport>(`/api/reports/meters/${meterId}/readings?${queryOf({ day })}`);

export const getCompleteness = (asked: Asked) => get<CompletenessReport>(`/api/reports/completeness?${queryOf(asked)}`);
export const getMissing = (asked: Asked, after: number) =>
  get<MissingReport>(`/api/reports/completeness/missing?${queryOf({ ...asked, after: String(after) })}`);

export const getLosses = (asked: Asked, after: number) =>
  get<LossReport>(`/api/reports/losses?${queryOf({ ...asked, after: String(after) })}`);
export const getRanking = (asked: Asked, after: number) =>
  get<RankingReport>(`/api/reports/ranking?${queryOf({ ...asked, after: String(after) })}`);
export const getRunningOut = (asked: Asked, after: number) =>
  get<RunningOutReport>(`/api/reports/running-out?${queryOf({ ...asked, after: String(after) })}`);
export const postTold = (request: ToldRequest) =>
  call<ToldAnswer>("POST", "/api/reports/running-out/told", { body: request });
export const getLossPlace = (type: string, id: number, asked: Asked) =>
  get<LossPlace>(`/api/reports/losses/${type}/${id}?${queryOf(asked)}`);

export const getDoubts = () => get<{ items: DoubtRow[] }>("/api/doubts");
export const getEvidence = (meterId: number) => get<DoubtEvidence>(`/api/doubts/${meterId}`);
export const postCorrection = (meterId: number, request: Omit<CorrectionRequest, "value"> & { value?: string }) =>
  call<{ indexWh: number | null; takenBackWh: number }>("POST", `/api/meters/${meterId}/corrections`, {
    body: request,
  });

/** Keys of what the pages keep about reports and doubts. */
export const reportKeys = {
  list: (name: string, asked: Asked) => ["report", name, asked] as const,
  period: (asked: Asked) => ["report", "period", asked] as const,
  meter: (meterId: number, period: string) => ["report", "meter", meterId, period] as const,
  slots: (meterId: number, day: string, minutes: string) => ["report", "slots", meterId, day, minutes] as const,
  curve: (meterId: number, day: string) => ["report", "curve", meterId, day] as const,
  lossPlace: (type: string, id: number, asked: Asked) => ["report", "losses", type, id, asked] as const,
  readings: (meterId: number, day: string) => ["report", "readings", meterId, day] as const,
  doubts: ["doubts"] as const,
  evidence: (meterId: number) => ["doubts", meterId] as const,
};
