import type { TrialState } from "#domain/trial.ts";
import { trialStateNames } from "#domain/trial-words.ts";
import { inLanguage } from "#web/shared/i18n.ts";

const tones: Readonly<Record<TrialState, string>> = {
  running: "tag-doing",
  cancelling: "tag-warn",
  finished: "tag-warn",
  cancelled: "",
  signed: "tag-good",
};

/** How far a trial run is. */
export function TrialTag({ state }: { state: TrialState }) {
  return (
    <span className={`tag ${tones[state]}`} data-state={state}>
      {inLanguage(trialStateNames[state])}
    </span>
  );
}
