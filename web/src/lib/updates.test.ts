import { describe, expect, it } from "vitest";

import type { LastTrial, SystemUpdate, UpdateTask } from "../api/schema";
import {
  describeProgress,
  judgeRestart,
  progressPercent,
  restartOf,
  settingsErrors,
  settingsForm,
  toSettings,
  updateMoves,
} from "./updates";

const update = (change: Partial<SystemUpdate> = {}): SystemUpdate => ({
  version: "1.0.0",
  slots: [
    { slot: "a", state: "good", version: "1.0.0", running: true, next: true },
    { slot: "b", state: "staged", version: "1.1.0", running: false, next: false },
  ],
  staged: { version: "1.1.0", slot: "b", at: 1, fetched: 1, size: 2 },
  settings: { policy: "manual" },
  problems: [],
  ...change,
});
const task = (status: UpdateTask["status"]): UpdateTask => ({ kind: "apply", status, started_at: 0 });
const last = (outcome: LastTrial["outcome"], at: number): LastTrial => ({
  version: "1.1.0",
  from_version: "1.0.0",
  outcome,
  reason: "the pool is away",
  at,
  checks: [],
  journal: true,
});
const trial = { version: "1.1.0", attempt: 1, checks: [] };

describe("progress", () => {
  it("says how far, how fast and how long", () => {
    const progress = { phase: "writing", done: 1024, total: 4096, fetched: 512, rate: 256, eta: 12 } as const;
    expect(describeProgress(progress)).toBe("Fetching and writing · 1 KiB of 4 KiB · 512 B fetched · 256 B/s · 12 s left");
    expect(progressPercent(progress)).toBe(25);
  });

  it("says only the phase while nothing else is known", () => {
    const progress = { phase: "checking", done: 0, total: 0, fetched: 0, rate: 0, eta: null } as const;
    expect(describeProgress(progress)).toBe("Checking the release");
    expect(progressPercent(progress)).toBeNull();
  });

  it("is followed closely while something is under way", () => {
    expect(updateMoves(update())).toBe(false);
    expect(updateMoves(update({ task: task("running") }))).toBe(true);
    expect(updateMoves(update({ task: task("failed") }))).toBe(false);
    expect(updateMoves(update({ trial }))).toBe(true);
  });
});

describe("a restart", () => {
  const before = update({ last_trial: last("failed", 5) });
  const restart = restartOf("apply", before);

  it("knows what was before and what is wanted", () => {
    expect(restart).toEqual({ kind: "apply", from: "1.0.0", to: "1.1.0", lastTrialAt: 5 });
    expect(restartOf("rollback", update({ staged: null })).to).toBe("1.1.0");
  });

  it.each<[string, SystemUpdate, string]>([
    ["an old failure", before, "waiting"],
    ["a command at work", update({ task: task("running") }), "waiting"],
    ["a refused command", update({ task: task("failed") }), "refused"],
    ["a trial", update({ version: "1.1.0", trial }), "trial"],
    ["a commit", update({ version: "1.1.0", last_trial: last("committed", 9) }), "done"],
    ["a failure", update({ last_trial: last("failed", 9) }), "failed"],
    ["another version", update({ version: "1.1.0", last_trial: last("failed", 5) }), "done"],
  ])("is judged by %s", (_name, now, verdict) => {
    expect(judgeRestart(restart, now)).toBe(verdict);
  });
});

describe("the settings", () => {
  it("come back as they were", () => {
    const settings = {
      source: "https://updates.example/meghos",
      channel: "candidate",
      policy: "automatic",
      window: { from_minute: 1320, to_minute: 245 },
      bandwidth: 2 * 1024 ** 2,
    } as const;
    const form = settingsForm(settings);
    expect([form.from, form.to, form.bandwidth]).toEqual(["22:00", "04:05", 2]);
    expect(toSettings(form, settings)).toEqual(settings);
    expect(toSettings({ ...form, bandwidth: 3 }, settings).bandwidth).toBe(3 * 1024 ** 2);
    expect(toSettings({ ...form, bandwidth: "" }, settings).bandwidth).toBeNull();
  });

  it("are nothing where nothing is set", () => {
    const form = settingsForm({ policy: "manual" });
    expect(settingsErrors(form)).toEqual({});
    expect(toSettings(form, { policy: "manual" })).toEqual({ source: null, channel: "stable", policy: "manual", window: null, bandwidth: null });
  });

  it("keep a limit that is finer than what the form shows", () => {
    const settings = { policy: "manual", bandwidth: 16_384 } as const;
    expect(toSettings(settingsForm(settings), settings).bandwidth).toBe(16_384);
  });

  it("are refused by field", () => {
    const form = { ...settingsForm({ policy: "manual" }), anyTime: false, from: "24:00", to: "4", source: "ftp://x", bandwidth: 0 };
    expect(Object.keys(settingsErrors(form)).sort()).toEqual(["bandwidth", "from", "source", "to"]);
    expect(settingsErrors({ ...form, source: "https:///x" }).source).toBeDefined();
  });
});
