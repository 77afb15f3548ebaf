import { useQueryClient } from "@tanstack/react-query";
import { CloudOff } from "lucide-react";
import { useEffect, useSyncExternalStore } from "react";

import { answerOf, api } from "../api/client";
import { awaitedRestart, watchRestart } from "../api/restart";
import { isReachable, watchReachable } from "../api/reachability";
import classes from "./UnreachableBanner.module.css";

const TRY_MS = 2500;

/** Says that the appliance does not answer, and goes on trying until it does. */
export function UnreachableBanner() {
  const reachable = useSyncExternalStore(watchReachable, isReachable);
  const restarts = useSyncExternalStore(watchRestart, awaitedRestart) !== null;
  const queryClient = useQueryClient();

  useEffect(() => {
    if (reachable) return;
    const timer = setInterval(() => {
      answerOf(api.GET("/api/v1/health")).then(
        () => void queryClient.invalidateQueries(),
        // Still away: the next tick tries again.
        () => undefined,
      );
    }, TRY_MS);
    return () => clearInterval(timer);
  }, [reachable, queryClient]);

  if (reachable) return null;
  return (
    <div className={classes.banner} role="status">
      <CloudOff size={18} aria-hidden="true" />
      <span>
        {restarts ? (
          <>
            <strong>The appliance restarts …</strong> What you see is old; this page goes on by itself when it is back.
          </>
        ) : (
          <>
            <strong>The appliance does not answer.</strong> What you see may be old; trying again every few seconds.
          </>
        )}
      </span>
    </div>
  );
}
