import { Alert, Loader } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useEffect, useSyncExternalStore } from "react";

import { sentence } from "../../api/problem";
import { isReachable, watchReachable } from "../../api/reachability";
import { awaitRestart } from "../../api/restart";
import type { SystemUpdate } from "../../api/schema";
import { judgeRestart, type Restart, type Verdict } from "../../lib/updates";

/** Follows a restart of the machine to its result, through the time that it is away. */
export function RestartNotice({ restart, update }: { restart: Restart; update: SystemUpdate }) {
  const reachable = useSyncExternalStore(watchReachable, isReachable);
  const verdict = judgeRestart(restart, update);
  const ended = reachable && (verdict === "done" || verdict === "failed" || verdict === "refused");

  useEffect(() => {
    if (!ended) return;
    awaitRestart(null);
    announce(verdict, update);
  }, [ended, verdict, update]);

  if (ended) return null;
  return (
    <Alert
      variant="light"
      icon={<Loader size={18} />}
      title={reachable ? title(verdict, restart) : "The appliance restarts …"}
      role="status"
      withCloseButton
      closeButtonLabel="Do not wait for it"
      onClose={() => awaitRestart(null)}
    >
      {reachable && verdict === "trial"
        ? `It stays when all its checks pass; otherwise the machine goes back to ${restart.from}.`
        : "This takes a few minutes. The page goes on by itself when the appliance is back, and shows how it went."}
    </Alert>
  );
}

function title(verdict: Verdict, restart: Restart): string {
  if (verdict === "trial") return `${restart.to ?? "The new version"} has started and is on trial`;
  return "The appliance is about to restart …";
}

function announce(verdict: Verdict, update: SystemUpdate): void {
  const last = update.last_trial;
  if (verdict === "done") {
    notifications.show({
      color: "peacock",
      title: `The appliance runs ${update.version}`,
      message: "Reload this page to get the pages of this version too.",
      autoClose: 12_000,
    });
  } else if (verdict === "failed" && last) {
    notifications.show({
      color: "laterite",
      title: `${last.version} did not do its job`,
      message: `${sentence(last.reason)} The appliance runs ${update.version}.`,
      autoClose: false,
    });
  }
}
