import type { Instant } from "#base/time.ts";

/** The steps of the set-up assistant (开通向导), in the order in which they are offered; any of them may be done first. */
export const setupSteps = ["project", "areas", "meters", "concentrators", "readings", "messages", "people"] as const;
export type SetupStep = (typeof setupSteps)[number];

/** Steps without which an installation still reads meters: they may be skipped, and taken up again. */
export const skippableSteps = ["readings", "messages", "people"] as const satisfies readonly SetupStep[];
export type SkippableStep = (typeof skippableSteps)[number];

/** How a step stands. `waiting`: nobody here can do anything about it at this moment but wait. */
export const setupStates = ["done", "open", "waiting", "problem", "skipped"] as const;
export type SetupState = (typeof setupStates)[number];

/** Why a step stands as it does; the page has a sentence for each. */
export const setupWhys = [
  "done",
  "no_project",
  "no_price",
  "no_areas",
  "no_meters",
  "import_checking",
  "import_unconfirmed",
  "import_running",
  "import_wrong",
  "import_stopped",
  "no_concentrators",
  "no_collector",
  "refused",
  "never_seen",
  "offline",
  "not_compared",
  "different",
  "unavailable",
  "one_administrator",
] as const;
export type SetupWhy = (typeof setupWhys)[number];

/** What the steps are judged by, all of it counted in the data. */
export type SetupFacts = {
  projects: number;
  /** The usual price of electricity was entered. */
  priced: boolean;
  /** Areas below the top of a project. */
  areas: number;
  meters: number;
  /** The newest import, while it is not over. */
  importing: "checking" | "unconfirmed" | "running" | "wrong" | "stopped" | null;
  concentrators: number;
  /** Of them: heard at least once; on line now; never heard while somebody was refused under their code. */
  seen: number;
  online: number;
  refused: number;
  collectorUp: boolean;
  /** Meters of which the face was compared, and those where the last comparison differs. */
  compared: number;
  different: number;
  /** Active users who may do everything everywhere. */
  administrators: number;
  skipped: ReadonlySet<SetupStep>;
};

/** How one step stands, and why. */
export type SetupJudgement = { step: SetupStep; state: SetupState; why: SetupWhy };

/** How every step stands, from the data alone: what was done in another way, or by somebody else, counts as well. */
export function judgeSetup(facts: SetupFacts): SetupJudgement[] {
  return setupSteps.map((step) => {
    const [state, why] = judges[step](facts);
    const mayBeSkipped = state !== "done" && facts.skipped.has(step);
    return { step, state: mayBeSkipped ? "skipped" : state, why };
  });
}

/** The first step that is neither done nor skipped; null when the assistant has come to its end. */
export function nextSetupStep(steps: readonly SetupJudgement[]): SetupStep | null {
  return steps.find(({ state }) => state !== "done" && state !== "skipped")?.step ?? null;
}

type Judge = (facts: SetupFacts) => readonly [SetupState, SetupWhy];
const DONE = ["done", "done"] as const;

const judges: Readonly<Record<SetupStep, Judge>> = {
  // Meters bring prices of their own: whoever has meters has been there.
  project: ({ projects, priced, meters }) =>
    projects === 0 ? ["open", "no_project"] : priced || meters > 0 ? DONE : ["open", "no_price"],
  areas: ({ areas }) => (areas > 0 ? DONE : ["open", "no_areas"]),
  meters: ({ meters, importing }) =>
    importing === "wrong" || importing === "stopped"
      ? ["problem", `import_${importing}`]
      : importing === "unconfirmed"
        ? ["open", "import_unconfirmed"]
        : importing !== null
          ? ["waiting", `import_${importing}`]
          : meters > 0
            ? DONE
            : ["open", "no_meters"],
  concentrators: ({ concentrators, seen, online, refused, collectorUp }) =>
    concentrators === 0
      ? ["open", "no_concentrators"]
      : !collectorUp
        ? ["problem", "no_collector"]
        : refused > 0
          ? ["problem", "refused"]
          : seen < concentrators
            ? ["waiting", "never_seen"]
            : online === 0
              ? ["problem", "offline"]
              : DONE,
  readings: ({ compared, different }) =>
    different > 0 ? ["problem", "different"] : compared > 0 ? DONE : ["open", "not_compared"],
  messages: () => ["open", "unavailable"],
  people: ({ administrators }) => (administrators >= 2 ? DONE : ["open", "one_administrator"]),
};

/** Meters that are offered to be compared. */
export const FACE_METERS = 10;
/** A reading that is older is not compared any more: who knows what was used since. */
export const FACE_READING_MS_MAX = 15 * 60_000;

/** Whether what the meter shows is what was read: to the last digit typed, as far as it may have used meanwhile, or not. */
export const faceVerdicts = ["same", "used", "different"] as const;
export type FaceVerdict = (typeof faceVerdicts)[number];
/** What a difference looks like: a decimal point that moved, the transformers' ratio, or neither. */
export const faceHints = ["none", "decimal", "ratio"] as const;
export type FaceHint = (typeof faceHints)[number];

/** A number as it was typed from the face of a meter (表面示数): its value in thousandths of a unit, and its last digit's worth. */
export type FaceTyped = { wh: number; digitWh: number };

const HOUR_MS = 3_600_000;

/** Compares the face of a meter with what was read from it. `powerMaxW` is before the transformers, litres an hour for water. */
export function judgeFace(input: {
  typed: FaceTyped;
  typedAt: Instant;
  readWh: number;
  readAt: Instant;
  powerMaxW: number;
  ratio: number;
}): { verdict: FaceVerdict; hint: FaceHint; differenceWh: number } {
  const { typed, readWh, ratio } = input;
  const differenceWh = typed.wh - readWh;
  const hours = Math.abs(input.typedAt - input.readAt) / HOUR_MS;
  const usedWh = Math.ceil((input.powerMaxW / ratio) * hours);
  // Faces cut their last digit off, they do not round it; and registers are read to a hundredth.
  const digitWh = Math.max(typed.digitWh, 10);
  if (Math.abs(differenceWh) < digitWh) return { verdict: "same", hint: "none", differenceWh };
  if (Math.abs(differenceWh) < digitWh + usedWh) return { verdict: "used", hint: "none", differenceWh };
  const fits = (factor: number) => {
    const [big, small] = [typed.wh * factor, readWh];
    return (
      Math.abs(big - small) < digitWh * factor + usedWh ||
      Math.abs(typed.wh - readWh * factor) < digitWh + usedWh * factor
    );
  };
  const isReal = typed.wh > 0 && readWh > 0;
  const hint = !isReal ? "none" : ratio > 1 && fits(ratio) ? "ratio" : [10, 100, 1_000].some(fits) ? "decimal" : "none";
  return { verdict: "different", hint, differenceWh };
}
