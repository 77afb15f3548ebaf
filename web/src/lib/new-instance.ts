import type { Firmware, Image, NewInstance } from "../api/schema";
import { nameError } from "./names";

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/** The form of a new instance: sizes in the units that people type. */
export interface InstanceForm {
  name: string;
  image: string | null;
  vcpus: number | string;
  memoryMiB: number | string;
  /** Empty for the image's own size. */
  diskGiB: number | string;
  firmware: Firmware;
  start: boolean;
}

type Errors = Partial<Record<keyof InstanceForm, string>>;

/** What is wrong with the form, by field. */
export function instanceErrors(form: InstanceForm, images: readonly Image[], taken: readonly string[]): Errors {
  const errors: Errors = {};
  const name = nameError(form.name) ?? (taken.includes(form.name) ? "There is an instance of this name." : null);
  if (name !== null) errors.name = name;
  const image = images.find(({ id }) => id === form.image);
  if (!image) errors.image = "Choose an image.";
  if (!wholeWithin(form.vcpus, 1, 64)) errors.vcpus = "A whole number from 1 to 64.";
  if (!wholeWithin(form.memoryMiB, 16, 1024 * 1024)) errors.memoryMiB = "16 MiB to 1 TiB, in whole MiB.";
  if (form.diskGiB !== "") {
    const bytes = Number(form.diskGiB) * GIB;
    const least = image?.virtual_size ?? 0;
    if (!(bytes > 0)) errors.diskGiB = "A size above zero, or nothing.";
    else if (bytes < least) errors.diskGiB = `At least the image’s ${roundedUpGiB(least)} GiB.`;
  }
  return errors;
}

/** The request that a form without errors stands for. */
export function toNewInstance(form: InstanceForm): NewInstance {
  return {
    name: form.name,
    image: form.image ?? "",
    vcpus: Number(form.vcpus),
    memory: Number(form.memoryMiB) * MIB,
    firmware: form.firmware,
    start: form.start,
    ...(form.diskGiB === "" ? {} : { disk: Math.round((Number(form.diskGiB) * GIB) / MIB) * MIB }),
  };
}

/** Gibibytes with two decimals that are never less than `bytes`. */
export function roundedUpGiB(bytes: number): number {
  return Math.ceil((bytes / GIB) * 100) / 100;
}

function wholeWithin(value: number | string, least: number, most: number): boolean {
  const number = value === "" ? NaN : Number(value);
  return Number.isInteger(number) && number >= least && number <= most;
}
