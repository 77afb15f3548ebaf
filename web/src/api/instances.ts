import { answerOf, api, once, PROJECT } from "./client";
import type { AcceptedInstance, ConsoleTicket, NewInstance } from "./schema";

const at = (instance: string) => ({ project: PROJECT, instance });

export function createInstance(body: NewInstance): Promise<AcceptedInstance> {
  return once((header) =>
    answerOf(
      api.POST("/api/v1/projects/{project}/instances", { params: { path: { project: PROJECT }, header }, body }),
    ),
  );
}

export function startInstance(instance: string): Promise<AcceptedInstance> {
  return once((header) =>
    answerOf(
      api.POST("/api/v1/projects/{project}/instances/{instance}/start", { params: { path: at(instance), header } }),
    ),
  );
}

/** Asks the guest to stop, or cuts its power. */
export function stopInstance(instance: string, force: boolean): Promise<AcceptedInstance> {
  return once((header) =>
    answerOf(
      api.POST("/api/v1/projects/{project}/instances/{instance}/stop", {
        params: { path: at(instance), header },
        body: { force },
      }),
    ),
  );
}

export function deleteInstance(instance: string): Promise<AcceptedInstance> {
  return answerOf(
    api.DELETE("/api/v1/projects/{project}/instances/{instance}", { params: { path: at(instance) } }),
  );
}

/** A one-use ticket for the serial console's WebSocket. */
export function openConsole(instance: string): Promise<ConsoleTicket> {
  return answerOf(
    api.POST("/api/v1/projects/{project}/instances/{instance}/console", { params: { path: at(instance) } }),
  );
}
