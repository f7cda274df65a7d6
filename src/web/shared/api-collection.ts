import type {
  BusFrames,
  ChannelRequest,
  ClockRequest,
  CollectionPlaces,
  CollectionSettings,
  Collectors,
  ConcentratorAdd,
  ConcentratorEdit,
  ConcentratorLinkRequest,
  ConcentratorList,
  ConcentratorMade,
  ConcentratorQuery,
  ConcentratorReplace,
  ConcentratorView,
  DefaultsRequest,
  ItemSetRequest,
  MeterAdd,
  MeterEdit,
  MeterMove,
  MeterProtocol,
  RetireRequest,
} from "#contract/collection.ts";
import { call, get } from "./api.ts";

/** The part of an address that says which concentrators are meant. */
export function concentratorFilter(query: ConcentratorQuery): string {
  const entries = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  return new URLSearchParams(entries.map(([name, value]) => [name, String(value)])).toString();
}

export const getConcentrators = (query: ConcentratorQuery) =>
  get<ConcentratorList>(`/api/concentrators?${concentratorFilter(query)}`);
export const getConcentrator = (id: number) => get<ConcentratorView>(`/api/concentrators/${id}`);
export const getBusFrames = (id: number, since: number, meterId: number | null) =>
  get<BusFrames>(`/api/concentrators/${id}/frames?since=${since}${meterId === null ? "" : `&meterId=${meterId}`}`);
export const getCollectors = () => get<Collectors>("/api/collectors");
export const getCollection = () => get<CollectionSettings>("/api/collection");
export const getCollectionPlaces = () => get<CollectionPlaces>("/api/collection/places");

const post = <T>(path: string, body: object) => call<T>("POST", path, { body });
export const postConcentrator = (body: ConcentratorAdd) => post<ConcentratorMade>("/api/concentrators", body);
export const postConcentratorEdit = (id: number, body: ConcentratorEdit) =>
  post<ConcentratorView>(`/api/concentrators/${id}/edit`, body);
export const postConcentratorLink = (id: number, body: ConcentratorLinkRequest) =>
  post<ConcentratorView>(`/api/concentrators/${id}/link`, body);
export const postConcentratorReplace = (id: number, body: ConcentratorReplace) =>
  post<ConcentratorMade>(`/api/concentrators/${id}/replace`, body);
export const postConcentratorRetire = (id: number, body: RetireRequest) =>
  post<ConcentratorView>(`/api/concentrators/${id}/retire`, body);
export const postChannel = (id: number, body: ChannelRequest) =>
  post<ConcentratorView>(`/api/concentrators/${id}/channels`, body);
export const postMeter = (body: MeterAdd) => post<{ meterId: number }>("/api/meters", body);
export const postMeterEdit = (id: number, body: MeterEdit) => post<void>(`/api/meters/${id}/edit`, body);
export const postMeterProtocol = (id: number, body: MeterProtocol) => post<void>(`/api/meters/${id}/protocol`, body);
export const postMeterMove = (id: number, body: MeterMove) => post<void>(`/api/meters/${id}/move`, body);
export const postMeterRetire = (id: number, body: RetireRequest) => post<void>(`/api/meters/${id}/retire`, body);
export const postDefaults = (body: DefaultsRequest) => post<CollectionSettings>("/api/collection/defaults", body);
export const postClockMode = (body: ClockRequest) => post<CollectionSettings>("/api/collection/clock", body);
export const postItemSet = (body: ItemSetRequest) => post<CollectionSettings>("/api/collection/item-sets", body);
export const postItemSetRemove = (id: number, version: number) =>
  post<CollectionSettings>(`/api/collection/item-sets/${id}/remove`, { version });

/** Keys of what the pages keep about concentrators and how they are read. */
export const collectionKeys = {
  list: (query: ConcentratorQuery) => ["concentrators", query] as const,
  all: ["concentrators"] as const,
  one: (id: number) => ["concentrators", "one", id] as const,
  collectors: ["collectors"] as const,
  settings: ["collection"] as const,
  places: ["collection-places"] as const,
};
