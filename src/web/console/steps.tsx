import { useTranslation } from "react-i18next";

export type StepState = "waiting" | "doing" | "done" | "failed" | "stopped";
/** One stop on the way of a command or an order; `time` is empty until it was passed. */
export type Step = { name: string; state: StepState; time: string };

const marks: Record<StepState, string> = { waiting: "", doing: "…", done: "✓", failed: "✕", stopped: "!" };

/** The stops in their order, each with a number, a word and the time at which it was passed. */
export function Steps({ steps }: { steps: readonly Step[] }) {
  const { t } = useTranslation();
  return (
    <ol className="steps">
      {steps.map((step, at) => (
        <li key={step.name} className={`step step-${step.state}`} data-step={step.state}>
          <span className="step-mark" aria-hidden="true">
            {marks[step.state] || String(at + 1)}
          </span>
          <span className="step-name">
            {step.name}
            <span className="unseen">{` ${t(`recharge.stepState.${step.state}`)}`}</span>
          </span>
          <span className="step-time">{step.time}</span>
        </li>
      ))}
    </ol>
  );
}
