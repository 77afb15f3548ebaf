import type { ImageState, InstanceStatus } from "../api/schema";
import classes from "./Status.module.css";

type Tone = "running" | "moving" | "off" | "wrong";

const INSTANCE: Record<InstanceStatus, [string, Tone]> = {
  creating: ["Creating", "moving"],
  stopped: ["Stopped", "off"],
  starting: ["Starting", "moving"],
  running: ["Running", "running"],
  stopping: ["Stopping", "moving"],
  deleting: ["Deleting", "moving"],
  failed: ["Failed", "wrong"],
};

const IMAGE: Record<ImageState, [string, Tone]> = {
  awaiting_content: ["Awaiting content", "off"],
  importing: ["Importing", "moving"],
  ready: ["Ready", "running"],
  failed: ["Failed", "wrong"],
  deleting: ["Deleting", "moving"],
};

export function InstanceState({ status }: { status: InstanceStatus }) {
  const [label, tone] = INSTANCE[status];
  return <Status label={label} tone={tone} />;
}

export function ImageStateMark({ state }: { state: ImageState }) {
  const [label, tone] = IMAGE[state];
  return <Status label={label} tone={tone} />;
}

/** A state as a mark and a word: colour is never the only sign. */
export function Status({ label, tone }: { label: string; tone: Tone }) {
  return (
    <span className={classes.status} data-tone={tone}>
      <span className={classes.mark} aria-hidden="true" />
      {label}
    </span>
  );
}
