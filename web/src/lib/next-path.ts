/** A path of this site to go to after login; anything else becomes the start page. */
export function safeNext(next: unknown): string {
  if (typeof next !== "string" || !next.startsWith("/") || /^\/[/\\]/.test(next)) return "/";
  return next.startsWith("/login") || next.startsWith("/claim") ? "/" : next;
}
