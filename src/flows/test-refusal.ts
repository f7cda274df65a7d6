import { AppError } from "#base/errors.ts";

/** The code with which something was refused; `nothing` when it was not, and the error itself as text when it was no refusal. */
export const refusal = (doing: Promise<unknown>): Promise<string> =>
  doing.then(
    () => "nothing",
    (error) => (error instanceof AppError ? error.code : String(error)),
  );
