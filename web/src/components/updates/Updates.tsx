import { Alert, Button, Group, Skeleton } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Settings2, TriangleAlert } from "lucide-react";
import { useState, useSyncExternalStore } from "react";

import { asApiError, sentence } from "../../api/problem";
import { updateQuery } from "../../api/queries";
import { awaitedRestart, watchRestart } from "../../api/restart";
import type { SystemUpdate } from "../../api/schema";
import { checkUpdate } from "../../api/updates";
import { updateMoves } from "../../lib/updates";
import { ProblemAlert } from "../ProblemAlert";
import { showError } from "../toast";
import { LastUpdate } from "./LastUpdate";
import { Offers } from "./Offers";
import { RestartDialog } from "./RestartDialog";
import { RestartNotice } from "./RestartNotice";
import { SettingsDialog } from "./SettingsDialog";
import { Slots } from "./Slots";
import { UpdateProgressLine } from "./UpdateProgressLine";
import classes from "./Updates.module.css";

/** Versions, updates and the way back. */
export function Updates() {
  const update = useQuery(updateQuery);
  return (
    <section className={classes.card} aria-labelledby="updates">
      <h2 id="updates">Updates</h2>
      {update.isPending && <Skeleton height={120} radius="md" />}
      {update.isError && !update.data && <ProblemAlert error={asApiError(update.error)} />}
      {update.data && <Content update={update.data} />}
    </section>
  );
}

type Open = "apply" | "rollback" | "settings" | null;

function Content({ update }: { update: SystemUpdate }) {
  const [open, setOpen] = useState<Open>(null);
  const restart = useSyncExternalStore(watchRestart, awaitedRestart);
  const queryClient = useQueryClient();
  const check = useMutation({
    mutationFn: checkUpdate,
    onSuccess: (now) => queryClient.setQueryData(updateQuery.queryKey, now),
    onError: showError,
  });
  const busy = updateMoves(update) || restart !== null;
  const back = update.slots.find((slot) => !slot.running && slot.state === "good");
  const failed = update.task?.status === "failed" ? update.task : null;

  return (
    <>
      {restart && <RestartNotice restart={restart} update={update} />}
      <Slots slots={update.slots} />
      <UpdateProgressLine update={update} />
      {failed && (
        <Alert color="laterite" variant="light" icon={<TriangleAlert size={20} />} title="The updater refused" role="alert">
          {sentence(failed.error ?? "It does not say why")} {sentence(failed.hint ?? "")}
        </Alert>
      )}
      {update.problems.map((problem) => (
        <Alert key={problem} color="marigold" variant="light" icon={<TriangleAlert size={20} />} title="Can be mended">
          {sentence(problem)}
        </Alert>
      ))}
      {update.last_trial && <LastUpdate last={update.last_trial} />}
      <Offers update={update} busy={busy} />
      <Group gap="xs">
        {update.staged && (
          <Button disabled={busy} onClick={() => setOpen("apply")}>
            Restart into {update.staged.version}
          </Button>
        )}
        <Button
          variant={update.staged ? "default" : "filled"}
          disabled={busy}
          loading={check.isPending}
          onClick={() => check.mutate()}
        >
          Look for updates
        </Button>
        {back && (
          <Button variant="default" disabled={busy} onClick={() => setOpen("rollback")}>
            Go back to {back.version ?? "the other version"}
          </Button>
        )}
        <Button variant="subtle" color="gray" leftSection={<Settings2 size={18} />} onClick={() => setOpen("settings")}>
          Settings
        </Button>
      </Group>
      {(open === "apply" || open === "rollback") && (
        <RestartDialog kind={open} update={update} onClose={() => setOpen(null)} />
      )}
      {open === "settings" && <SettingsDialog settings={update.settings} onClose={() => setOpen(null)} />}
    </>
  );
}
