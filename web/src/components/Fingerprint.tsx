import { ShieldCheck } from "lucide-react";

import classes from "./Fingerprint.module.css";

/**
 * Tells how to make sure that this is the machine in front of you. A page
 * cannot read the certificate it came with, so people must compare.
 */
export function Fingerprint() {
  return (
    <details className={classes.hint}>
      <summary className={classes.summary}>
        <ShieldCheck size={18} aria-hidden="true" />
        First compare the fingerprint
      </summary>
      <p>
        The browser warned you because this certificate was made by the machine itself. To be sure that no other
        machine stands between:
      </p>
      <ol>
        <li>Open the certificate: click what is left of the address, then “Certificate”.</li>
        <li>Find its SHA-256 fingerprint.</li>
        <li>Compare it with the line “Fingerprint” on the machine’s own screen. All 32 pairs must agree.</li>
      </ol>
    </details>
  );
}
