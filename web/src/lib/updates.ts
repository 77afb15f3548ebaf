import type { SlotState, SystemUpdate, UpdatePhase, UpdateProgress, UpdateSettings } from "../api/schema";
import { formatBytes, formatDuration } from "./format";

const MIB = 1024 ** 2;

const PHASES: Record<UpdatePhase, string> = {
  checking: "Checking the release",
  preparing: "Preparing the slot",
  writing: "Fetching and writing",
  verifying: "Reading it back",
  activating: "Activating",
};

/** What a slot holds, for people, with the tone of its mark. */
export const SLOT_STATES: Record<SlotState, [string, "running" | "moving" | "off" | "wrong"]> = {
  empty: ["Empty", "off"],
  incomplete: ["Incomplete", "off"],
  staged: ["Ready to start", "off"],
  on_trial: ["On trial", "moving"],
  good: ["Good", "running"],
  failed: ["Failed", "wrong"],
};

/** Whether something is under way that a page should follow closely. */
export function updateMoves(update: SystemUpdate): boolean {
  return update.task?.status === "running" || Boolean(update.progress) || Boolean(update.trial);
}

/** Share of the phase that is done, 0 to 100; null while it cannot be told. */
export function progressPercent(progress: UpdateProgress): number | null {
  return progress.total > 0 ? Math.min(100, (progress.done / progress.total) * 100) : null;
}

/** How far the updater is, in one line. */
export function describeProgress(progress: UpdateProgress): string {
  const parts = [PHASES[progress.phase]];
  if (progress.total > 0) parts.push(`${formatBytes(progress.done)} of ${formatBytes(progress.total)}`);
  if (progress.fetched > 0) parts.push(`${formatBytes(progress.fetched)} fetched`);
  if (progress.rate > 0) parts.push(`${formatBytes(progress.rate)}/s`);
  if (typeof progress.eta === "number") parts.push(`${formatDuration(progress.eta)} left`);
  return parts.join(" · ");
}

/** A restart that was asked for in this tab, and what was so before. */
export interface Restart {
  kind: "apply" | "rollback";
  from: string;
  to: string | null;
  lastTrialAt: number | null;
}

/** The restart that is about to be asked for. */
export function restartOf(kind: Restart["kind"], update: SystemUpdate): Restart {
  const other = update.slots.find((slot) => !slot.running)?.version;
  const to = kind === "apply" ? update.staged?.version : other;
  return { kind, from: update.version, to: to ?? null, lastTrialAt: update.last_trial?.at ?? null };
}

export type Verdict = "waiting" | "trial" | "done" | "failed" | "refused";

/** How a restart went, as far as it can be told. */
export function judgeRestart(restart: Restart, now: SystemUpdate): Verdict {
  const task = now.task?.kind === restart.kind ? now.task : null;
  if (task?.status === "failed") return "refused";
  if (task?.status === "running") return "waiting";
  if (now.trial) return "trial";
  const last = now.last_trial;
  if (last && last.at !== restart.lastTrialAt) return last.outcome === "failed" ? "failed" : "done";
  return now.version === restart.from ? "waiting" : "done";
}

/** The settings in the units that people type. */
export interface SettingsForm {
  source: string;
  channel: string;
  policy: UpdateSettings["policy"];
  anyTime: boolean;
  /** `22:00`, UTC. */
  from: string;
  to: string;
  /** MiB per second; empty for no limit. */
  bandwidth: number | string;
}

export function settingsForm(settings: UpdateSettings): SettingsForm {
  const { window } = settings;
  return {
    source: settings.source ?? "",
    channel: settings.channel ?? "stable",
    policy: settings.policy,
    anyTime: !window,
    from: timeOf(window?.from_minute ?? 2 * 60),
    to: timeOf(window?.to_minute ?? 4 * 60),
    bandwidth: typeof settings.bandwidth === "number" ? Math.round((settings.bandwidth / MIB) * 100) / 100 : "",
  };
}

/** What is wrong with the form, by field. */
export function settingsErrors(form: SettingsForm): Partial<Record<keyof SettingsForm, string>> {
  const errors: Partial<Record<keyof SettingsForm, string>> = {};
  if (form.source !== "" && !/^https?:\/\/[^/\s?#][^\s?#]*$/.test(form.source)) {
    errors.source = "An address, https://… or http://…, or nothing.";
  }
  if (!form.anyTime && minuteOf(form.from) === null) errors.from = "A time, as 22:00.";
  if (!form.anyTime && minuteOf(form.to) === null) errors.to = "A time, as 04:00.";
  if (form.bandwidth !== "" && !(Number(form.bandwidth) * MIB >= 16 * 1024)) {
    errors.bandwidth = "At least 0.02 MiB per second, or nothing.";
  }
  return errors;
}

/** The settings that a form without errors stands for, made from those before. */
export function toSettings(form: SettingsForm, before: UpdateSettings): UpdateSettings {
  // The form shows a rounded number; one that nobody touched is no other limit.
  const untouched = form.bandwidth === settingsForm(before).bandwidth;
  return {
    source: form.source === "" ? null : form.source,
    channel: form.channel,
    policy: form.policy,
    window: form.anyTime
      ? null
      : { from_minute: minuteOf(form.from) ?? 0, to_minute: minuteOf(form.to) ?? 0 },
    bandwidth: untouched ? (before.bandwidth ?? null) : bytesOf(form.bandwidth),
  };
}

function bytesOf(mebibytes: number | string): number | null {
  return mebibytes === "" ? null : Math.round(Number(mebibytes) * MIB);
}

function timeOf(minute: number): string {
  const two = (number: number) => String(number).padStart(2, "0");
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
}

function minuteOf(time: string): number | null {
  const match = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(time);
  return match ? Number(match[1]) * 60 + Number(match[2]) : null;
}
