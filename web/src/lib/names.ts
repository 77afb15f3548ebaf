const INSTANCE = /^[a-z][a-z0-9-]{0,62}$/;
const IMAGE = /^[a-z0-9.-]{1,63}$/;

/** What is wrong with the name of a user or instance; null when nothing is. */
export function nameError(name: string): string | null {
  if (name === "") return "Give it a name.";
  if (name.length > 63) return "At most 63 characters.";
  if (!/^[a-z]/.test(name)) return "Begin with a lower-case letter.";
  if (!INSTANCE.test(name)) return "Use lower-case letters, digits and dashes.";
  return null;
}

/** What is wrong with the name of an image; null when nothing is. */
export function imageNameError(name: string): string | null {
  if (name === "") return "Give it a name.";
  if (name.length > 63) return "At most 63 characters.";
  if (!IMAGE.test(name)) return "Use lower-case letters, digits, dots and dashes.";
  return null;
}

/** A name for the image in a file: `Debian 13_generic.qcow2` becomes `debian-13-generic`. */
export function nameFromFile(file: string): string {
  return file
    .toLowerCase()
    .replace(/\.(qcow2|img|raw|iso|bin)$/, "")
    .replace(/[^a-z0-9.]+/g, "-")
    .replace(/^[-.]+|[-.]+$/g, "")
    .slice(0, 63);
}

/** The first of `base-1`, `base-2` … that is not taken. */
export function freeName(base: string, taken: readonly string[]): string {
  for (let n = 1; ; n += 1) {
    const name = `${base}-${n}`;
    if (!taken.includes(name)) return name;
  }
}
