import { Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";

import { deleteInstance, stopInstance } from "../api/instances";
import { asApiError } from "../api/problem";
import type { Instance } from "../api/schema";
import { formatBytes } from "../lib/format";
import { Confirm } from "./Confirm";

interface Props {
  instance: Instance;
  onDone: () => Promise<void>;
  onClose: () => void;
}

/** Asks, then cuts an instance's power. */
export function ForceOff({ instance, onDone, onClose }: Props) {
  const force = useMutation({
    mutationFn: () => stopInstance(instance.id, true),
    onSuccess: async () => {
      onClose();
      await onDone();
    },
  });
  return (
    <Confirm
      title={`Force ${instance.name} off?`}
      text="Its power is cut. What the guest has not written to its disk is lost."
      action={`Force ${instance.name} off`}
      busy={force.isPending}
      error={force.error && asApiError(force.error)}
      onConfirm={() => force.mutate()}
      onClose={onClose}
    />
  );
}

/** Asks, then deletes an instance with its disk. */
export function DeleteInstance({ instance, onDone, onClose }: Props) {
  const remove = useMutation({
    mutationFn: () => deleteInstance(instance.id),
    onSuccess: async () => {
      onClose();
      await onDone();
    },
  });
  return (
    <Confirm
      title={`Delete ${instance.name}?`}
      text={
        <>
          <Text component="span" fw={500}>
            {instance.name}
          </Text>{" "}
          and its disk of {formatBytes(instance.disk)} will be gone for good.
          {instance.status === "running" && " It is running; its power will be cut."}
        </>
      }
      action={`Delete ${instance.name}`}
      busy={remove.isPending}
      error={remove.error && asApiError(remove.error)}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    />
  );
}
