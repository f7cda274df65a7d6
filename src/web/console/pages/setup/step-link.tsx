import { Link } from "react-router";
import type { SetupStep } from "#domain/setup.ts";
import { rememberStep } from "../../setup-back.tsx";

type Props = { to: string; step: SetupStep; children: string; testId?: string };

/** A link to another page, which then shows the way back to this step. */
export function StepLink({ to, step, children, testId }: Props) {
  return (
    <Link className="link-button" to={to} onClick={() => rememberStep(step)} data-testid={testId}>
      {children}
    </Link>
  );
}
