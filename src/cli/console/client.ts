import type {
  BusFrames,
  CollectionSettings,
  Collectors,
  ConcentratorList,
  ConcentratorView,
} from "#contract/collection.ts";
import type { Command } from "#contract/metering.ts";

/** What the collector's door answered instead of what was asked for: a sentence for people, and its code. */
export class Refused extends Error {
  readonly code: string;

  constructor(code: string, sentence: string) {
    super(sentence);
    this.name = "Refused";
    this.code = code;
  }
}

/** The keyed interface of a collector's door, over the network. */
export type Client = {
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body: object): Promise<T>;
  collectors(): Promise<Collectors>;
  settings(): Promise<CollectionSettings>;
  concentrators(): Promise<ConcentratorList>;
  concentrator(id: number): Promise<ConcentratorView>;
  frames(id: number, since: number): Promise<BusFrames>;
  command(id: string): Promise<Command>;
};

/** A door that does not answer within this is not there. */
const ANSWER_MS_MAX = 15_000;

/** A client of the door at `url` (http://host:6202) that shows this key. Throws {@link Refused}. */
export function consoleClient(url: string, key: string): Client {
  const base = url.replace(/\/+$/, "");

  async function ask<T>(method: "GET" | "POST", path: string, body?: object): Promise<T> {
    const answer = await fetch(`${base}/console${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, ...(body && { "content-type": "application/json" }) },
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
      ...(body && { body: JSON.stringify(body) }),
    }).catch((error: unknown) => {
      throw new Refused("unreachable", `连不上前置机 ${base} (no answer from the collector): ${causeOf(error)}`);
    });
    const told = (await answer.json().catch(() => ({}))) as { code?: string; message?: string };
    if (!answer.ok) throw new Refused(told.code ?? String(answer.status), told.message ?? `HTTP ${answer.status}`);
    return told as T;
  }

  const get = <T>(path: string) => ask<T>("GET", path);
  return {
    get,
    post: (path, body) => ask("POST", path, body),
    collectors: () => get("/collectors"),
    settings: () => get("/settings"),
    concentrators: () => get("/concentrators?sort=name"),
    concentrator: (id) => get(`/concentrators/${id}`),
    frames: (id, since) => get(`/concentrators/${id}/frames?since=${since}`),
    command: (id) => get(`/commands/${encodeURIComponent(id)}`),
  };
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
