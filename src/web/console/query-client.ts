import { MutationCache, QueryClient } from "@tanstack/react-query";
import { ApiError } from "#web/shared/api.ts";
import { typedFields } from "./typed.ts";

/** Everything that the pages keep of what the server said. */
export const client = new QueryClient({
  mutationCache: new MutationCache({
    // Before the page hears of it, which may go elsewhere at once.
    onSuccess: (_answer, _asked, _context, mutation) => {
      if (mutation.meta?.keepsTyped !== true) typedFields.forget();
    },
  }),
  defaultOptions: {
    queries: {
      networkMode: "always", // a site without Internet still has its server
      staleTime: 10_000,
      retry: (failures, error) => failures < 2 && error instanceof ApiError && error.failure.kind === "network",
    },
    mutations: { networkMode: "always" },
  },
});
