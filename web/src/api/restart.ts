import type { Restart } from "../lib/updates";

/** The restart that this tab waits for; it survives a reload of the page. */
const KEY = "meghos.restart";
const listeners = new Set<() => void>();
let current: Restart | null = read();

export function awaitRestart(restart: Restart | null): void {
  current = restart;
  try {
    if (restart) sessionStorage.setItem(KEY, JSON.stringify(restart));
    else sessionStorage.removeItem(KEY);
  } catch {
    // Without storage only a reload forgets it.
  }
  for (const listener of listeners) listener();
}

export function awaitedRestart(): Restart | null {
  return current;
}

export function watchRestart(listener: () => void): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

function read(): Restart | null {
  try {
    const text = sessionStorage.getItem(KEY);
    return text === null ? null : (JSON.parse(text) as Restart);
  } catch {
    return null;
  }
}
