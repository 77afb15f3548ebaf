import { answerOf, api } from "./client";
import type { ClaimRequest, LoginRequest, Session } from "./schema";

export function claim(body: ClaimRequest): Promise<Session> {
  return answerOf(api.POST("/api/v1/claim", { body }));
}

export function logIn(body: LoginRequest): Promise<Session> {
  return answerOf(api.POST("/api/v1/sessions", { body }));
}

export async function logOut(): Promise<void> {
  await answerOf(api.DELETE("/api/v1/sessions/current"));
}

export async function revokeSession(session: string): Promise<void> {
  await answerOf(api.DELETE("/api/v1/sessions/{session}", { params: { path: { session } } }));
}
