import { contentPath } from "../api/images";
import { asApiError, type ApiError } from "../api/problem";
import { addSample, type Sample } from "../lib/rate";
import { sendFile } from "./send";

/** An upload of this browser tab. It goes on while other pages are looked at. */
export interface Upload {
  file: string;
  total: number;
  sent: number;
  samples: readonly Sample[];
  /** Why it ended without success. */
  error: ApiError | null;
}

type Uploads = ReadonlyMap<string, Upload>;

let uploads: Uploads = new Map();
const aborts = new Map<string, AbortController>();
const listeners = new Set<() => void>();

export function currentUploads(): Uploads {
  return uploads;
}

export function watchUploads(listener: () => void): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

/** Sends a file as the content of an image; resolves however it ends. */
export async function startUpload(image: string, file: File): Promise<void> {
  const abort = new AbortController();
  aborts.set(image, abort);
  put(image, { file: file.name, total: file.size, sent: 0, samples: [], error: null });
  window.addEventListener("beforeunload", warnBeforeLeaving);
  try {
    await sendFile({
      url: contentPath(image),
      file,
      signal: abort.signal,
      onProgress: (sent) => progress(image, sent),
    });
    forgetUpload(image);
  } catch (error) {
    const upload = uploads.get(image);
    if (abort.signal.aborted || !upload) forgetUpload(image);
    else put(image, { ...upload, error: asApiError(error) });
  } finally {
    aborts.delete(image);
    if (aborts.size === 0) window.removeEventListener("beforeunload", warnBeforeLeaving);
  }
}

export function cancelUpload(image: string): void {
  aborts.get(image)?.abort();
}

/** Takes a finished or failed upload out of the list. */
export function forgetUpload(image: string): void {
  const rest = new Map(uploads);
  rest.delete(image);
  publish(rest);
}

function progress(image: string, sent: number): void {
  const upload = uploads.get(image);
  if (!upload) return;
  put(image, { ...upload, sent, samples: addSample(upload.samples, { at: performance.now(), bytes: sent }) });
}

function put(image: string, upload: Upload): void {
  publish(new Map(uploads).set(image, upload));
}

function publish(next: Uploads): void {
  uploads = next;
  for (const listener of listeners) listener();
}

function warnBeforeLeaving(event: BeforeUnloadEvent): void {
  event.preventDefault();
}
