import { Alert, Button, Modal, Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { CircleAlert, CircleCheck, Undo2 } from "lucide-react";
import { useState } from "react";

import { asApiError, sentence } from "../../api/problem";
import { journalQuery } from "../../api/queries";
import type { LastTrial } from "../../api/schema";
import { formatTime } from "../../lib/format";
import { ProblemAlert } from "../ProblemAlert";
import classes from "./Updates.module.css";

const OUTCOMES = {
  committed: { title: "works", color: "peacock", icon: CircleCheck },
  failed: { title: "did not do its job", color: "laterite", icon: CircleAlert },
  rolled_back: { title: "was left by hand", color: "marigold", icon: Undo2 },
} as const;

/** How the last update ended, why, and what became of the data. */
export function LastUpdate({ last }: { last: LastTrial }) {
  const [open, setOpen] = useState(false);
  const { title, color, icon: Icon } = OUTCOMES[last.outcome];
  return (
    <Alert color={color} variant="light" icon={<Icon size={20} />} title={`${last.version} ${title}`}>
      <p className={classes.line}>
        {formatTime(last.at)}, coming from {last.from_version}. {sentence(last.reason)}
        {last.outcome === "failed" && ` The machine went back to ${last.from_version} by itself.`}
      </p>
      {last.data && <p className={classes.line}>{sentence(last.data)}</p>}
      {last.checks.length > 0 && (
        <dl className={classes.checks}>
          {last.checks.map((check) => (
            <Check key={check.name} name={check.name} passed={check.passed} detail={check.detail} />
          ))}
        </dl>
      )}
      {last.journal && (
        <Button variant="default" size="compact-sm" mt={10} onClick={() => setOpen(true)}>
          Journal of the failed start
        </Button>
      )}
      {open && <Journal onClose={() => setOpen(false)} />}
    </Alert>
  );
}

function Check({ name, passed, detail }: { name: string; passed: boolean; detail: string }) {
  return (
    <>
      <dt>
        {passed ? "✓" : "✗"} {name}
      </dt>
      <dd>{sentence(detail)}</dd>
    </>
  );
}

function Journal({ onClose }: { onClose: () => void }) {
  const journal = useQuery(journalQuery);
  return (
    <Modal opened onClose={onClose} size="xl" title="Journal of the failed start">
      {journal.isPending && <Skeleton height={240} />}
      {journal.isError && <ProblemAlert error={asApiError(journal.error)} />}
      {journal.data && (
        <pre className={classes.journal} tabIndex={0}>
          {journal.data.truncated && "… the beginning is left out\n"}
          {journal.data.text}
        </pre>
      )}
    </Modal>
  );
}
