import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { asApiError } from "../../api/problem";
import { instancesQuery, updateQuery } from "../../api/queries";
import { awaitRestart } from "../../api/restart";
import type { SystemUpdate } from "../../api/schema";
import { applyUpdate, rollBackUpdate } from "../../api/updates";
import { restartOf } from "../../lib/updates";
import { Confirm } from "../Confirm";

/** Says what a restart means before it is asked for. */
export function RestartDialog(props: { kind: "apply" | "rollback"; update: SystemUpdate; onClose: () => void }) {
  const { kind, update, onClose } = props;
  const queryClient = useQueryClient();
  const instances = useQuery(instancesQuery);
  const running = instances.data?.filter((instance) => instance.status === "running").length;
  const restart = restartOf(kind, update);
  const to = restart.to ?? "the other version";
  const go = useMutation({
    mutationFn: kind === "apply" ? applyUpdate : rollBackUpdate,
    onSuccess: (answer) => {
      awaitRestart(restart);
      queryClient.setQueryData(updateQuery.queryKey, answer);
      onClose();
    },
  });
  const guests =
    running === undefined
      ? "Running instances are stopped and started again by themselves."
      : running === 0
        ? "No instance runs now."
        : `${running === 1 ? "The one running instance is" : `The ${running} running instances are`} stopped and started again by themselves.`;
  const back =
    kind === "apply"
      ? `If ${to} does not do its job, the machine comes back with ${update.version} by itself.`
      : `${update.version} stays in its slot.`;
  return (
    <Confirm
      title={kind === "apply" ? `Restart into ${to}?` : `Go back to ${to}?`}
      text={`The machine restarts and is away for a few minutes, with everything on it. ${guests} ${back}`}
      action="Restart the machine"
      busy={go.isPending}
      error={go.error && asApiError(go.error)}
      onConfirm={() => go.mutate()}
      onClose={onClose}
    />
  );
}
