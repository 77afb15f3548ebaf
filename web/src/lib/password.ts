/** The rules of the API for a new password. */
export const PASSWORD_MIN = 12;
export const PASSWORD_MAX = 256;

export interface Strength {
  /** 0 to 4. */
  score: number;
  /** In a word. */
  word: string;
}

const WORDS = ["too short", "weak", "fair", "good", "strong"] as const;
const COMMON = ["password", "passwort", "qwerty", "letmein", "welcome", "admin", "meghos", "123456", "abc123", "iloveyou"];

/** What is wrong with a new password; null when it will be accepted. */
export function passwordError(password: string): string | null {
  const length = Array.from(password).length;
  if (length < PASSWORD_MIN) return `At least ${PASSWORD_MIN} characters.`;
  if (length > PASSWORD_MAX) return `At most ${PASSWORD_MAX} characters.`;
  return null;
}

/**
 * A rough measure, to nudge and never to refuse: bits of an equally long random
 * text of the same kinds of characters, where repeated and known parts do not count.
 */
export function strengthOf(password: string, userName: string): Strength {
  if (passwordError(password) !== null) return { score: 0, word: password.length > PASSWORD_MAX ? "too long" : WORDS[0] };
  const bits = countedLength(password, userName) * Math.log2(alphabet(password));
  const score = bits < 45 ? 1 : bits < 62 ? 2 : bits < 80 ? 3 : 4;
  return { score, word: WORDS[score] };
}

function countedLength(password: string, userName: string): number {
  let rest = password.toLowerCase();
  for (const known of [...COMMON, userName.toLowerCase()]) if (known.length > 2) rest = rest.replaceAll(known, "\0");
  let counted = 0;
  for (let i = 0; i < rest.length; i += 1) {
    const step = i === 0 ? NaN : rest.charCodeAt(i) - rest.charCodeAt(i - 1);
    const predictable = step === 0 || step === 1 || step === -1;
    counted += predictable ? 0.25 : 1;
  }
  const distinct = new Set(rest).size;
  return Math.min(counted, distinct * 2);
}

function alphabet(password: string): number {
  let size = 0;
  if (/[a-z]/.test(password)) size += 26;
  if (/[A-Z]/.test(password)) size += 26;
  if (/[0-9]/.test(password)) size += 10;
  if (/[^a-zA-Z0-9]/.test(password)) size += 30;
  return Math.max(size, 2);
}
