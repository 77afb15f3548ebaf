import { describe, expect, it } from "vitest";

import { currentStep, instanceMoves, newestBySubject } from "./motion";
import type { Instance, Operation } from "./schema";

const instance = (status: Instance["status"], desired: Instance["desired"]): Instance => ({
  id: "i",
  name: "i",
  status,
  desired,
  vcpus: 1,
  memory: 1,
  disk: 1,
  firmware: "bios",
  created_at: 0,
});
const operation = (id: string, created_at: number, steps: Operation["steps"] = []): Operation => ({
  id,
  kind: "instance_start",
  subject: "i",
  status: "running",
  steps,
  percent: 0,
  created_at,
});

describe("what is in motion", () => {
  it.each<[Instance["status"], Instance["desired"], boolean]>([
    ["running", "running", false],
    ["stopped", "stopped", false],
    ["starting", "running", true],
    ["stopped", "running", true],
    ["running", "stopped", true],
    ["failed", "running", false],
    ["deleting", "stopped", true],
  ])("%s while it should be %s: %s", (status, desired, moves) => {
    expect(instanceMoves(instance(status, desired))).toBe(moves);
  });

  it("takes the newest operation of a subject, whatever the order", () => {
    const newest = newestBySubject([operation("a", 1), operation("c", 3), operation("b", 2)]);
    expect(newest.get("i")?.id).toBe("c");
  });

  it("names the step at work", () => {
    const done = { name: "copy", status: "succeeded" } as const;
    expect(currentStep(operation("a", 1, [done, { name: "start", status: "running" }]))).toBe("start");
    expect(currentStep(operation("a", 1, [done, { name: "start", status: "pending" }]))).toBe("copy");
    expect(currentStep(operation("a", 1, [{ name: "copy", status: "pending" }]))).toBe("copy");
    expect(currentStep(operation("a", 1))).toBeNull();
  });
});
