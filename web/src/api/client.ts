import createClient from "openapi-fetch";

import { asApiError, problemFrom, unreachable, type ApiError } from "./problem";
import { reportReachable } from "./reachability";
import type { paths } from "./schema";

/** The one project of this release. */
export const PROJECT = "default";

interface Answer<T> { data?: T; error?: unknown; response: Response }

/** A typed client of the API at an origin. */
export function createApi(origin: string, send: (request: Request) => Promise<Response> = (r) => fetch(r)) {
  return createClient<paths>({ baseUrl: origin, fetch: (request) => watched(request, send) });
}

/** The client of the appliance that served this page. */
export const api = createApi(typeof window === "undefined" ? "http://localhost" : window.location.origin);

/** The body of a successful answer; throws `ApiError` otherwise. */
export async function answerOf<T>(pending: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await pending.catch((cause: unknown) => {
    throw asApiError(cause);
  });
  if (!response.ok) throw problemFrom(response.status, error);
  return data as T;
}

/**
 * Sends a request that must not happen twice. When no answer comes, it is sent
 * once more with the same key: the appliance then repeats its first answer.
 */
export async function once<T>(send: (headers: { "Idempotency-Key": string }) => Promise<T>, pause = 1000): Promise<T> {
  const headers = { "Idempotency-Key": crypto.randomUUID() };
  try {
    return await send(headers);
  } catch (error) {
    if ((error as ApiError).code !== "unreachable") throw error;
    await new Promise((resolve) => setTimeout(resolve, pause));
    return send(headers);
  }
}

interface Page<T> {
  items: T[];
  next?: string | null;
}

/** Reads a list to its end. */
export async function allPages<T>(read: (after: string | undefined) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = [];
  let after: string | undefined;
  do {
    const page = await read(after);
    items.push(...page.items);
    after = page.next ?? undefined;
  } while (after !== undefined);
  return items;
}

async function watched(request: Request, send: (request: Request) => Promise<Response>): Promise<Response> {
  try {
    const response = await send(request);
    reportReachable(true);
    return response;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    reportReachable(false);
    throw unreachable();
  }
}
