import { Button, CloseButton, Progress } from "@mantine/core";

import { sentence } from "../api/problem";
import { formatBytes, formatDuration } from "../lib/format";
import { secondsLeft, speedOf } from "../lib/rate";
import { cancelUpload, forgetUpload, type Upload } from "../uploads/store";
import rows from "./rows.module.css";
import classes from "./UploadLine.module.css";

/** How far an upload is: share, bytes, speed and time left. */
export function UploadLine({ image, upload }: { image: string; upload: Upload }) {
  if (upload.error) {
    return (
      <div className={classes.failed} role="alert">
        <span className={rows.wrong}>
          {sentence(upload.error.message)} {sentence(upload.error.remedy)}
        </span>
        <CloseButton size="sm" aria-label="Hide this message" onClick={() => forgetUpload(image)} />
      </div>
    );
  }
  const { sent, total } = upload;
  const percent = total > 0 ? (sent / total) * 100 : 100;
  return (
    <div className={classes.line}>
      <Progress value={percent} size={7} radius="xl" aria-label={`Upload of ${upload.file}`} />
      <span className={`${classes.text ?? ""} tabular`}>{describe(upload)}</span>
      <Button variant="subtle" color="gray" size="compact-sm" onClick={() => cancelUpload(image)}>
        Cancel
      </Button>
    </div>
  );
}

function describe({ sent, total, samples }: Upload): string {
  if (total > 0 && sent >= total) return "Sent; the appliance is writing it down";
  const speed = speedOf(samples);
  const left = secondsLeft(sent, total, speed);
  const parts = [`${formatBytes(sent)} of ${formatBytes(total)}`];
  if (speed !== null) parts.push(`${formatBytes(speed)}/s`);
  if (left !== null) parts.push(`${formatDuration(left)} left`);
  return parts.join(" · ");
}
