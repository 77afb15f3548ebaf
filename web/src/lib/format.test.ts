import { describe, expect, it } from "vitest";

import { formatAgo, formatBytes, formatDuration } from "./format";

describe("formatBytes", () => {
  it.each([
    [0, "0 B"],
    [512, "512 B"],
    [1023, "1023 B"],
    [1024, "1 KiB"],
    [1536, "1.5 KiB"],
    [1024 ** 2 - 1, "1 MiB"],
    [128 * 1024 ** 2, "128 MiB"],
    [2.25 * 1024 ** 3, "2.3 GiB"],
    [5000 * 1024 ** 5, "5000 PiB"],
    [-1, "0 B"],
  ])("%d is %s", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});

describe("formatDuration", () => {
  it.each([
    [0.4, "0 s"],
    [59.4, "59 s"],
    [59.6, "1 min"],
    [61, "1 min 1 s"],
    [3600, "1 h"],
    [7500, "2 h 5 min"],
    [90061, "1 d 1 h"],
  ])("%d is %s", (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });
});

describe("formatAgo", () => {
  const now = 1_800_000_000_000;
  it.each([
    [10, "just now"],
    [-500, "just now"],
    [60, "1 minute ago"],
    [600, "10 minutes ago"],
    [3600, "1 hour ago"],
    [2 * 86400, "2 days ago"],
  ])("%d seconds before is %s", (seconds, text) => {
    expect(formatAgo(now - seconds * 1000, now)).toBe(text);
  });
});
