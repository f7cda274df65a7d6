import { ApiError } from "./api.ts";

const TRIES = 3;
const RETRY_MS = 1_500;

/** Tries again by itself when no answer came: the key of what is sent makes that safe. A refusal is final at once. */
export async function persist<T>(send: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await send();
    } catch (error) {
      const isNetwork = error instanceof ApiError && error.failure.kind === "network";
      if (!isNetwork || attempt >= TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS * attempt));
    }
  }
}
