/** What the run is told by its environment. */
export const settings = {
  url: required("MEGHOS_URL"),
  claimCode: required("MEGHOS_CLAIM_CODE"),
  image: required("MEGHOS_IMAGE"),
  expected: required("MEGHOS_EXPECT"),
  shots: process.env.MEGHOS_SHOTS ?? "test-results/shots",
  firmware: process.env.MEGHOS_FIRMWARE === "uefi" ? "UEFI" : "BIOS",
  /** Whether the guest prints what is typed. */
  echoes: process.env.MEGHOS_ECHO === "1",
  /** A site with a release, seen from the appliance, and the release's version. */
  updateSource: required("MEGHOS_UPDATE_SOURCE"),
  updateVersion: required("MEGHOS_UPDATE_VERSION"),
  admin: "admin",
  password: "monsoon peacock lantern 42",
};

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") throw new Error(`${name} is not set: see README.md, “Browser test”`);
  return value;
}
