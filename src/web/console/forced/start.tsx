import { useSyncExternalStore } from "react";
import { createRoot } from "react-dom/client";
import { currentLanguage } from "#web/shared/i18n.ts";
import { keys } from "#web/shared/live-cache.ts";
import { forcedStatesEn } from "#web/shared/locales/forced-states.en.ts";
import { forcedStatesZh } from "#web/shared/locales/forced-states.zh-CN.ts";
import { client } from "../query-client.ts";
import { forcedFetch, forcedStream } from "./answers.ts";
import { type ForcedState, force, forcedState, forcedStates, whenForced } from "./state.ts";
import "./forced.css";

/** In the address: what shall be forced from the start. */
const ASKED = "force";
/** After it nothing more of a page is on its way. */
const QUIET_MS = 400;

/**
 * A developer's switch: has every list, table and chart of the pages show itself as it loads, when it is empty, when it failed and when
 * it has grown old. Started only on a page that the server marked; a bar says on every page what is forced.
 */
export function startForcing(): void {
  const asked = new URLSearchParams(location.search).get(ASKED);
  const growOld = later(() => void client.invalidateQueries());
  window.fetch = forcedFetch(window.fetch.bind(window), { refusal: () => words().refused, grewOld: growOld });
  window.EventSource = forcedStream(window.EventSource);
  const place = document.body.appendChild(document.createElement("div"));
  createRoot(place).render(<Bar />);
  whenForced(() => {
    document.documentElement.dataset.forced = forcedState();
  });
  const isOne = (text: string | null): text is ForcedState => forcedStates.some((state) => state === text);
  force(isOne(asked) ? asked : "none");
}

function words(): typeof forcedStatesZh {
  return currentLanguage() === "en" ? forcedStatesEn : forcedStatesZh;
}

/** Does it once nobody has asked for a while. */
function later(act: () => void): () => void {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = window.setTimeout(act, QUIET_MS);
  };
}

function choose(state: ForcedState): void {
  const before = forcedState();
  force(state);
  // What failed waits for its own button: whether that works is to be seen.
  if (state !== "none") void forget();
  else if (before !== "failed") void client.invalidateQueries();
}

/** Everything comes anew, as the forced state has it; who is logged in stays known. */
function forget(): Promise<void> {
  const isOther = ({ queryKey }: { queryKey: readonly unknown[] }) => queryKey[0] !== keys.session[0];
  client.removeQueries({ type: "inactive", predicate: isOther });
  return client.resetQueries({ type: "active", predicate: isOther });
}

function Bar() {
  const state = useSyncExternalStore(whenForced, forcedState);
  const { label, states, off, on } = words();
  return (
    <aside className={`forced-bar${state === "none" ? "" : " forced-on"}`} aria-label={label} data-testid="forced-bar">
      <span role="status">{state === "none" ? off : on}</span>
      <span className="forced-choices">
        {forcedStates.map((each) => (
          <button
            key={each}
            type="button"
            aria-pressed={each === state}
            onClick={() => choose(each)}
            data-testid={`force-${each}`}
          >
            {states[each]}
          </button>
        ))}
      </span>
    </aside>
  );
}
