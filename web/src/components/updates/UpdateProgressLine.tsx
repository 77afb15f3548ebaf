import { Progress } from "@mantine/core";

import type { SystemUpdate, UpdateTaskKind } from "../../api/schema";
import { describeProgress, progressPercent } from "../../lib/updates";
import { Status } from "../Status";
import classes from "./Updates.module.css";

const AT_WORK: Record<UpdateTaskKind, string> = {
  check: "Looking for newer releases",
  stage: "Staging",
  apply: "About to restart",
  rollback: "About to restart",
};

/** How far the updater is: share, bytes, rate and time left; or the checks of a trial. */
export function UpdateProgressLine({ update }: { update: SystemUpdate }) {
  const { progress, trial, task } = update;
  if (progress) {
    const percent = progressPercent(progress);
    return (
      <div role="status">
        <Progress value={percent ?? 100} animated={percent === null} size={8} radius="xl" aria-label="Progress of the update" />
        <p className={`${classes.dim ?? ""} tabular`}>{describeProgress(progress)}</p>
      </div>
    );
  }
  if (trial) {
    const passed = trial.checks.filter((check) => check.passed).length;
    const waiting = trial.checks.filter((check) => !check.passed);
    return (
      <div role="status">
        <Status label={`${trial.version} is on trial, start ${trial.attempt} of 3`} tone="moving" />
        <p className={classes.dim}>
          {passed} of {trial.checks.length} checks passed.
          {waiting.length > 0 && ` Waiting for ${waiting.map((check) => `${check.name} (${check.detail})`).join(", ")}.`}
        </p>
      </div>
    );
  }
  if (task?.status === "running") return <Status label={AT_WORK[task.kind]} tone="moving" />;
  return null;
}
