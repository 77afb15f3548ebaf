import { queryOptions } from "@tanstack/react-query";

import { allPages, answerOf, api, PROJECT } from "./client";
import { imageMoves, instanceMoves, MOVING_MS, STILL_MS } from "./motion";
import { ApiError } from "./problem";
import { awaitedRestart } from "./restart";
import type { Session } from "./schema";
import { readTrialJournal } from "./updates";
import { updateMoves } from "../lib/updates";

const LIMIT = 1000;

export const healthQuery = queryOptions({
  queryKey: ["health"],
  queryFn: () => answerOf(api.GET("/api/v1/health")),
});

/** The session of this browser; null when there is none. */
export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: async (): Promise<Session | null> => {
    try {
      return (await readSessions()).find((session) => session.current) ?? null;
    } catch (error) {
      if (error instanceof ApiError && error.code === "not_authenticated") return null;
      throw error;
    }
  },
  staleTime: Infinity,
});

export const sessionsQuery = queryOptions({
  queryKey: ["sessions"],
  queryFn: readSessions,
  refetchInterval: STILL_MS,
});

export const systemQuery = queryOptions({
  queryKey: ["system"],
  queryFn: () => answerOf(api.GET("/api/v1/system")),
  refetchInterval: STILL_MS,
});

export const updateQuery = queryOptions({
  queryKey: ["update"],
  queryFn: () => answerOf(api.GET("/api/v1/system/update")),
  refetchInterval: (query) =>
    awaitedRestart() !== null || (query.state.data && updateMoves(query.state.data)) ? MOVING_MS : STILL_MS,
});

export const journalQuery = queryOptions({
  queryKey: ["update", "journal"],
  queryFn: readTrialJournal,
});

export const imagesQuery = queryOptions({
  queryKey: ["images"],
  queryFn: () =>
    allPages((after) =>
      answerOf(
        api.GET("/api/v1/projects/{project}/images", {
          params: { path: { project: PROJECT }, query: { limit: LIMIT, ...cursor(after) } },
        }),
      ),
    ),
  refetchInterval: (query) => (query.state.data?.some(imageMoves) ? MOVING_MS : STILL_MS),
});

export const instancesQuery = queryOptions({
  queryKey: ["instances"],
  queryFn: () =>
    allPages((after) =>
      answerOf(
        api.GET("/api/v1/projects/{project}/instances", {
          params: { path: { project: PROJECT }, query: { limit: LIMIT, ...cursor(after) } },
        }),
      ),
    ),
  refetchInterval: (query) => (query.state.data?.some(instanceMoves) ? MOVING_MS : STILL_MS),
});

export const instanceQuery = (instance: string) =>
  queryOptions({
    queryKey: ["instances", instance],
    queryFn: () =>
      answerOf(
        api.GET("/api/v1/projects/{project}/instances/{instance}", {
          params: { path: { project: PROJECT, instance } },
        }),
      ),
    refetchInterval: (query) => {
      if (query.state.error) return false;
      return query.state.data && instanceMoves(query.state.data) ? MOVING_MS : STILL_MS;
    },
  });

/** Operations, read often while `moving`. */
export const operationsQuery = (moving: boolean) =>
  queryOptions({
    queryKey: ["operations"],
    queryFn: () =>
      answerOf(
        api.GET("/api/v1/projects/{project}/operations", {
          params: { path: { project: PROJECT }, query: { limit: LIMIT } },
        }),
      ).then((page) => page.items),
    refetchInterval: moving ? MOVING_MS : false,
  });

function readSessions(): Promise<Session[]> {
  return allPages((after) =>
    answerOf(api.GET("/api/v1/sessions", { params: { query: { limit: LIMIT, ...cursor(after) } } })),
  );
}

function cursor(after: string | undefined): { after?: string } {
  return after === undefined ? {} : { after };
}
