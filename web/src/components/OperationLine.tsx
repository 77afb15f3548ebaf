import { Progress } from "@mantine/core";

import { currentStep } from "../api/motion";
import { sentence } from "../api/problem";
import type { Operation } from "../api/schema";
import classes from "./OperationLine.module.css";

/** How far an operation is, on one line. */
export function OperationLine({ operation }: { operation: Operation }) {
  const step = currentStep(operation);
  const done = operation.steps.filter((s) => s.status === "succeeded").length;
  return (
    <div className={classes.line}>
      <Progress value={Math.max(operation.percent, 3)} color="marigold" size={5} aria-label="Progress" />
      <span className={classes.text}>
        {step === null ? "Waiting" : sentence(step).replace(/\.$/, "")}
        {operation.steps.length > 1 && (
          <span className={classes.count}>
            {" "}
            · step {Math.min(done + 1, operation.steps.length)} of {operation.steps.length}
          </span>
        )}
      </span>
    </div>
  );
}
