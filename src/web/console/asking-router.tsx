import { type ReactNode, useEffect, useState } from "react";
import { unstable_HistoryRouter as HistoryRouter, UNSAFE_createBrowserHistory } from "react-router";
import { askingHistory, type Leaving } from "./asking-history.ts";
import { UnsavedDialog } from "./dialog.tsx";
import { typedFields } from "./typed.ts";

/** The addresses of the console. Whoever is about to lose what he typed, by a link, back, forward or closing the window, is asked first. */
export function AskingRouter({ children }: { children: ReactNode }) {
  const [leaving, setLeaving] = useState<Leaving | null>(null);
  const [history] = useState(() =>
    askingHistory(UNSAFE_createBrowserHistory({ v5Compat: true }), {
      holds: () => typedFields.any(),
      ask: (asked) => setLeaving(asked),
    }),
  );
  useEffect(() => {
    const onUnload = (event: BeforeUnloadEvent): void => {
      if (typedFields.any()) event.preventDefault(); // the browser asks in its own words
    };
    document.addEventListener("beforeinput", typedFields.beforeInput, true);
    window.addEventListener("beforeunload", onUnload);
    return () => {
      document.removeEventListener("beforeinput", typedFields.beforeInput, true);
      window.removeEventListener("beforeunload", onUnload);
    };
  }, []);
  const leave = (): void => {
    typedFields.forget();
    setLeaving(null);
    leaving?.leave();
  };
  return (
    <HistoryRouter history={history}>
      {children}
      {leaving === null ? null : <UnsavedDialog onStay={() => setLeaving(null)} onLeave={leave} />}
    </HistoryRouter>
  );
}
