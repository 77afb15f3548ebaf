import type { SystemSlot } from "../../api/schema";
import { SLOT_STATES } from "../../lib/updates";
import { Status } from "../Status";
import classes from "./Updates.module.css";

/** The two places on the disk that hold a complete system. */
export function Slots({ slots }: { slots: readonly SystemSlot[] }) {
  return (
    <ul className={classes.slots}>
      {slots.map((slot) => {
        const [label, tone] = SLOT_STATES[slot.state];
        const facts = [slot.running && "runs now", slot.next && "starts next"].filter(Boolean).join(", ");
        return (
          <li key={slot.slot} className={classes.slot} data-running={slot.running}>
            <p className={classes.dim}>
              Slot {slot.slot.toUpperCase()}
              {facts !== "" && ` · ${facts}`}
            </p>
            <span className={classes.version}>{slot.version ?? "No version"}</span>
            <Status label={label} tone={tone} />
          </li>
        );
      })}
    </ul>
  );
}
