import { problemFrom, unreachable } from "../api/problem";
import { reportReachable } from "../api/reachability";

/**
 * Sends a file with PUT and tells how far it is. XMLHttpRequest, because
 * `fetch` does not report the progress of a request body.
 */
export function sendFile(options: {
  url: string;
  file: Blob;
  signal: AbortSignal;
  onProgress: (sent: number) => void;
}): Promise<void> {
  const { url, file, signal, onProgress } = options;
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", url);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.onprogress = (event) => onProgress(event.loaded);
    request.onload = () => {
      reportReachable(true);
      if (request.status >= 200 && request.status < 300) resolve();
      else reject(problemFrom(request.status, parsed(request.responseText)));
    };
    request.onerror = () => reject(unreachable());
    request.onabort = () => reject(new DOMException("The upload was cancelled.", "AbortError"));
    signal.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
