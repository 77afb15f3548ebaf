import { useSyncExternalStore } from "react";

import { currentUploads, watchUploads } from "./store";

/** The uploads of this tab, by image id. */
export function useUploads() {
  return useSyncExternalStore(watchUploads, currentUploads);
}
