/** Writes a claim code as the console shows it: `7KQ2M-9D4XW`. */
export function formatClaimCode(typed: string): string {
  const plain = typed.toUpperCase().replace(/[^A-Z0-9]/g, "").slice(0, 10);
  return plain.length > 5 ? `${plain.slice(0, 5)}-${plain.slice(5)}` : plain;
}

/** What is wrong with a claim code; null when it is whole. */
export function claimCodeError(code: string): string | null {
  return code.replaceAll("-", "").length === 10 ? null : "The code has ten characters, such as 7KQ2M-9D4XW.";
}
