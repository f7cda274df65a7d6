import type { unstable_HistoryRouter } from "react-router";

/** The browser's history as the router wants it. */
export type History = Parameters<typeof unstable_HistoryRouter>[0]["history"];

type Listener = Parameters<History["listen"]>[0];

/** Going somewhere that waits for an answer: `leave` goes, anything else stays. */
export type Leaving = { leave(): void };

/**
 * A history that does not go anywhere while `holds()`, but asks: a link is not followed yet, and a step back or forward, which the browser has
 * taken already, is taken back until the answer. The router's own way to do this weighs 18 kB more.
 */
export function askingHistory(
  history: History,
  { holds, ask }: { holds(): boolean; ask(leaving: Leaving): void },
): History {
  const guarded = (go: () => void): void => (holds() ? ask({ leave: go }) : go());
  /** How far the browser's address is from the page, while steps are taken back. */
  let away = 0;
  let isLeaving = false;
  const goNow = (delta: number): void => {
    isLeaving = true;
    history.go(delta);
  };
  return {
    get action() {
      return history.action;
    },
    get location() {
      return history.location;
    },
    createHref: (to) => history.createHref(to),
    createURL: (to) => history.createURL(to),
    encodeLocation: (to) => history.encodeLocation(to),
    push: (to, state) => guarded(() => history.push(to, state)),
    replace: (to, state) => guarded(() => history.replace(to, state)),
    go: (delta) => guarded(() => goNow(delta)),
    listen(listener: Listener) {
      return history.listen((update) => {
        const { action, delta } = update;
        if (away !== 0) {
          // The page never left. Somebody may have stepped once more meanwhile, and the browser may have dropped our step for it.
          away += delta ?? 0;
          if (away !== 0) history.go(-away);
          return;
        }
        const isStep = action === "POP" && delta !== null && delta !== 0;
        if (isStep && !isLeaving && holds()) {
          away = delta;
          history.go(-away);
          ask({ leave: () => goNow(delta) });
          return;
        }
        isLeaving = false;
        listener(update);
      });
    },
  };
}
