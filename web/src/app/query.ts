import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";

import { ApiError } from "../api/problem";

/** Makes the cache of what the API said. `onLost` hears of sessions that ended. */
export function createQueryClient(onLost: (code: "not_authenticated" | "not_claimed") => void): QueryClient {
  const listen = (error: Error) => {
    if (!(error instanceof ApiError)) return;
    if (error.code === "not_authenticated" || error.code === "not_claimed") onLost(error.code);
  };
  return new QueryClient({
    queryCache: new QueryCache({ onError: listen }),
    mutationCache: new MutationCache({ onError: listen }),
    defaultOptions: {
      queries: {
        // A machine in the next room is reachable without the internet.
        networkMode: "always",
        retry: (count, error) => error instanceof ApiError && error.code === "unreachable" && count < 1,
        retryDelay: 800,
        staleTime: 1000,
      },
      mutations: { networkMode: "always", retry: false },
    },
  });
}
