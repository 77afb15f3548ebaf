import { describe, expect, it } from "vitest";

import type { Image } from "../api/schema";
import { instanceErrors, roundedUpGiB, toNewInstance, type InstanceForm } from "./new-instance";

const GIB = 1024 ** 3;
const image: Image = { id: "image-1", name: "debian", state: "ready", created_at: 0, virtual_size: 3 * GIB };
const good: InstanceForm = {
  name: "web-1",
  image: "image-1",
  vcpus: 2,
  memoryMiB: 2048,
  diskGiB: "",
  firmware: "uefi",
  start: true,
};
const errors = (change: Partial<InstanceForm>) => Object.keys(instanceErrors({ ...good, ...change }, [image], ["old"]));

describe("the form of a new instance", () => {
  it("takes what the API takes", () => {
    expect(errors({})).toEqual([]);
    expect(errors({ vcpus: 64, memoryMiB: 16, diskGiB: 3 })).toEqual([]);
  });

  it.each<[Partial<InstanceForm>, string]>([
    [{ name: "old" }, "name"],
    [{ name: "Web" }, "name"],
    [{ image: null }, "image"],
    [{ image: "gone" }, "image"],
    [{ vcpus: 0 }, "vcpus"],
    [{ vcpus: 65 }, "vcpus"],
    [{ vcpus: "" }, "vcpus"],
    [{ memoryMiB: 15 }, "memoryMiB"],
    [{ memoryMiB: 16.5 }, "memoryMiB"],
    [{ diskGiB: 2 }, "diskGiB"],
    [{ diskGiB: 0 }, "diskGiB"],
  ])("refuses %o at %s", (change, field) => {
    expect(errors(change)).toEqual([field]);
  });

  it("becomes a request in bytes", () => {
    expect(toNewInstance({ ...good, diskGiB: 10 })).toEqual({
      name: "web-1",
      image: "image-1",
      vcpus: 2,
      memory: 2 * GIB,
      disk: 10 * GIB,
      firmware: "uefi",
      start: true,
    });
    expect(toNewInstance(good)).not.toHaveProperty("disk");
  });

  it("never rounds a size down", () => {
    expect(roundedUpGiB(3 * GIB)).toBe(3);
    expect(roundedUpGiB(3 * GIB + 1)).toBe(3.01);
  });
});
