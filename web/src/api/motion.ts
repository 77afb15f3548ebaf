import type { Image, Instance, Operation } from "./schema";

/** How often lists are read again while something in them changes. */
export const MOVING_MS = 1500;
/** How often they are read again otherwise: others may work here too. */
export const STILL_MS = 8000;

/** Whether an instance is on its way to another state. */
export function instanceMoves(instance: Instance): boolean {
  switch (instance.status) {
    case "creating":
    case "starting":
    case "stopping":
    case "deleting":
      return true;
    case "running":
    case "stopped":
      return instance.status !== instance.desired;
    case "failed":
      return false;
  }
}

/** Whether an image is on its way to another state. */
export function imageMoves(image: Image): boolean {
  return image.state === "importing" || image.state === "deleting";
}

/** The newest operation of each image and instance. */
export function newestBySubject(operations: readonly Operation[]): Map<string, Operation> {
  const newest = new Map<string, Operation>();
  for (const operation of operations) {
    const known = newest.get(operation.subject);
    if (known === undefined || known.created_at <= operation.created_at) newest.set(operation.subject, operation);
  }
  return newest;
}

/** The step at work, or the last one begun. */
export function currentStep(operation: Operation): string | null {
  const running = operation.steps.find((step) => step.status === "running");
  if (running) return running.name;
  const begun = operation.steps.filter((step) => step.status !== "pending");
  return begun.at(-1)?.name ?? operation.steps[0]?.name ?? null;
}
