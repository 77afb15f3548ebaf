import { describe, expect, it } from "vitest";

import { addSample, secondsLeft, speedOf, type Sample } from "./rate";

const run = (samples: Sample[]) => samples.reduce<Sample[]>((kept, sample) => addSample(kept, sample), []);

describe("the speed of an upload", () => {
  it("is unknown at first", () => {
    expect(speedOf([])).toBeNull();
    expect(speedOf(run([{ at: 0, bytes: 0 }]))).toBeNull();
    expect(speedOf(run([{ at: 0, bytes: 0 }, { at: 100, bytes: 9 }]))).toBeNull();
  });

  it("is bytes per second", () => {
    expect(speedOf(run([{ at: 0, bytes: 0 }, { at: 2000, bytes: 4000 }]))).toBe(2000);
  });

  it("forgets what is long ago", () => {
    const samples = run([
      { at: 0, bytes: 0 },
      { at: 1000, bytes: 1_000_000 },
      { at: 20_000, bytes: 1_000_000 },
      { at: 21_000, bytes: 1_000_500 },
    ]);
    expect(speedOf(samples)).toBe(500);
  });

  it("says how long it takes still", () => {
    expect(secondsLeft(250, 1000, 250)).toBe(3);
    expect(secondsLeft(1000, 1000, 250)).toBe(0);
    expect(secondsLeft(0, 1000, null)).toBeNull();
    expect(secondsLeft(0, 1000, 0)).toBeNull();
  });
});
