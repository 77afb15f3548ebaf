/** What had been sent at a time. */
export interface Sample {
  at: number;
  bytes: number;
}

const WINDOW_MS = 5000;

/** Adds a sample and forgets those older than the window (but keeps two). */
export function addSample(samples: readonly Sample[], sample: Sample): Sample[] {
  const recent = samples.filter((old) => sample.at - old.at <= WINDOW_MS);
  const kept = recent.length > 0 ? recent : samples.slice(-1);
  return [...kept, sample];
}

/** Bytes per second over the window; null until it can be told. */
export function speedOf(samples: readonly Sample[]): number | null {
  const first = samples[0];
  const last = samples.at(-1);
  if (!first || !last || last.at - first.at < 250) return null;
  return ((last.bytes - first.bytes) * 1000) / (last.at - first.at);
}

/** Seconds until `total` at this speed; null when it cannot be told. */
export function secondsLeft(sent: number, total: number, speed: number | null): number | null {
  if (speed === null || speed <= 0) return null;
  return Math.max(0, total - sent) / speed;
}
