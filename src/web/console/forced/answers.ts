import type { Refusal } from "#contract/session.ts";
import { emptied } from "./emptied.ts";
import { type ForcedState, forcedState, whenForced } from "./state.ts";

/** Who is logged in is always the truth, and who wants to may log in and out. */
const TRUE_ALWAYS = /^\/api\/session$/;

type Send = typeof fetch;
type Told = {
  /** What somebody reads who wanted to save something meanwhile. */
  refusal: () => string;
  /** An answer was let through that counts as old from now on. */
  grewOld: () => void;
};

/**
 * Puts itself between the pages and the server. What is asked for (GET) is answered as the forced state says; whatever would write is
 * not sent while one is forced.
 */
export function forcedFetch(send: Send, { refusal, grewOld }: Told): Send {
  const old = new Set<string>();
  whenForced(() => old.clear());
  return async function answer(input, init): Promise<Response> {
    const url = new URL(input instanceof Request ? input.url : input, location.href);
    const path = url.pathname + url.search;
    const state = forcedState();
    if (state === "none" || !path.startsWith("/api/") || TRUE_ALWAYS.test(path)) return send(input, init);
    if ((init?.method ?? "GET") !== "GET") return refused(409, "states_forced", refusal(), "");
    if (state === "loading") {
      await another(state, init?.signal ?? null);
      return answer(input, init);
    }
    if (state === "stale") {
      if (old.has(path)) return new Response("", { status: 503 });
      old.add(path);
      grewOld();
      return send(input, init);
    }
    const real = await send(input, init);
    if (!real.ok || !isJson(real)) return real;
    if (state === "failed") return refused(500, "internal", "", real.headers.get("x-request-id") ?? "");
    return Response.json(emptied(path, await real.json()));
  };
}

function refused(status: number, code: string, message: string, requestId: string): Response {
  const body: Refusal = { code, message, requestId, details: {} };
  return Response.json(body, { status });
}

const isJson = (response: Response) => (response.headers.get("content-type") ?? "").includes("json");

/** Resolves once something else is forced; rejects when nobody waits any more. To have waited too long does not count: it shall last. */
function another(state: ForcedState, signal: AbortSignal | null): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = whenForced(() => {
      if (forcedState() === state) return;
      stop();
      resolve();
    });
    signal?.addEventListener("abort", () => {
      if (signal.reason instanceof DOMException && signal.reason.name === "TimeoutError") return;
      stop();
      reject(signal.reason);
    });
  });
}

/**
 * A stream of live events that is cut while pages are forced to be stale, and tells only that it lives while they are forced otherwise:
 * what is heard would fill an empty list.
 */
export function forcedStream(Real: typeof EventSource): typeof EventSource {
  return class extends Real {
    constructor(url: string | URL, init?: EventSourceInit) {
      super(url, init);
      this.addEventListener("message", (event) => {
        const isBeat = String(event.data).includes('"beat"');
        if (forcedState() === "stale" || (forcedState() !== "none" && !isBeat)) event.stopImmediatePropagation();
      });
      this.addEventListener("open", (event) => {
        if (forcedState() !== "stale") return;
        event.stopImmediatePropagation();
        this.dispatchEvent(new Event("error"));
      });
      whenForced(() => forcedState() === "stale" && this.dispatchEvent(new Event("error")));
    }
  };
}
