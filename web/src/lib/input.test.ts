import { describe, expect, it } from "vitest";

import { claimCodeError, formatClaimCode } from "./claim-code";
import { freeName, imageNameError, nameError, nameFromFile } from "./names";
import { safeNext } from "./next-path";
import { passwordError, strengthOf } from "./password";

describe("names", () => {
  it.each(["a", "web-1", "a".repeat(63)])("takes %s", (name) => {
    expect(nameError(name)).toBeNull();
  });
  it.each(["", "1a", "-a", "Web", "a_b", "a.b", "a".repeat(64)])("refuses '%s'", (name) => {
    expect(nameError(name)).not.toBeNull();
  });
  it("lets images begin with a digit and hold dots", () => {
    expect(imageNameError("13.1-debian")).toBeNull();
    expect(imageNameError("a b")).not.toBeNull();
  });
  it.each([
    ["Debian 13_generic.qcow2", "debian-13-generic"],
    ["noble-server-cloudimg-amd64.img", "noble-server-cloudimg-amd64"],
    ["...hidden.raw", "hidden"],
    ["x".repeat(90), "x".repeat(63)],
  ])("makes a name of the file %s", (file, name) => {
    expect(nameFromFile(file)).toBe(name);
  });
  it("finds a free name", () => {
    expect(freeName("vm", ["vm-1", "vm-3"])).toBe("vm-2");
  });
});

describe("the claim code", () => {
  it("is written as on the console, however it was typed", () => {
    expect(formatClaimCode("7kq2m9d4xw")).toBe("7KQ2M-9D4XW");
    expect(formatClaimCode(" 7KQ2M - 9D4XW99 ")).toBe("7KQ2M-9D4XW");
    expect(formatClaimCode("7kq2m-")).toBe("7KQ2M");
  });
  it("must be whole", () => {
    expect(claimCodeError("7KQ2M-9D4XW")).toBeNull();
    expect(claimCodeError("7KQ2M-9D4X")).not.toBeNull();
  });
});

describe("passwords", () => {
  it("counts characters, not code units", () => {
    expect(passwordError("a".repeat(11))).not.toBeNull();
    expect(passwordError("a".repeat(12))).toBeNull();
    expect(passwordError("🌧".repeat(256))).toBeNull();
    expect(passwordError("a".repeat(257))).not.toBeNull();
  });
  it.each([
    ["short", 0],
    ["aaaaaaaaaaaaaaaa", 1],
    ["abcdefghijklmnop", 1],
    ["password123456", 1],
    ["correct horse battery staple", 4],
  ])("rates %s with %d", (password, score) => {
    expect(strengthOf(password, "admin").score).toBe(score);
  });
  it("does not count the user's own name", () => {
    expect(strengthOf("margarethe!!", "margarethe").score).toBe(1);
  });
});

describe("where to go after login", () => {
  it.each(["/images", "/instances/web-1?x=1"])("goes to %s", (path) => {
    expect(safeNext(path)).toBe(path);
  });
  it.each(["https://evil.example", "//evil.example", "/\\evil.example", "", undefined, 3, "/login?next=/x"])(
    "does not go to %s",
    (path) => {
      expect(safeNext(path)).toBe("/");
    },
  );
});
