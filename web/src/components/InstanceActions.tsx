import { ActionIcon, Button, Menu } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { EllipsisVertical, Play, Power, Trash2, Zap } from "lucide-react";
import { useState } from "react";

import { startInstance, stopInstance } from "../api/instances";
import type { Instance } from "../api/schema";
import { DeleteInstance, ForceOff } from "./instance-dialogs";
import { showError } from "./toast";

/** What can be done with an instance now. */
export function InstanceActions({ instance, onDeleted }: { instance: Instance; onDeleted?: () => void }) {
  const [asking, setAsking] = useState<"delete" | "force" | null>(null);
  const queryClient = useQueryClient();
  const refresh = async () => {
    await queryClient.invalidateQueries({ queryKey: ["instances"] });
    await queryClient.invalidateQueries({ queryKey: ["operations"] });
  };
  const start = useMutation({ mutationFn: () => startInstance(instance.id), onSettled: refresh, onError: showError });
  const stop = useMutation({
    mutationFn: () => stopInstance(instance.id, false),
    onSettled: refresh,
    onError: showError,
  });
  const { status } = instance;
  const powered = status === "running" || status === "stopping" || status === "starting";
  const startable = status === "stopped" || status === "failed";

  return (
    <>
      {startable && (
        <Button
          variant="light"
          size="sm"
          leftSection={<Play size={16} />}
          loading={start.isPending}
          aria-label={`Start ${instance.name}`}
          onClick={() => start.mutate()}
        >
          Start
        </Button>
      )}
      {status === "stopping" && (
        <Button variant="default" size="sm" leftSection={<Zap size={16} />} onClick={() => setAsking("force")}>
          Force off
        </Button>
      )}
      {(status === "running" || status === "starting") && (
        <Button
          variant="default"
          size="sm"
          leftSection={<Power size={16} />}
          loading={stop.isPending}
          disabled={status === "starting"}
          aria-label={`Stop ${instance.name}`}
          onClick={() => stop.mutate()}
        >
          Stop
        </Button>
      )}
      <Menu>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label={`More for ${instance.name}`}>
            <EllipsisVertical size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<Zap size={16} />} disabled={!powered && status !== "failed"} onClick={() => setAsking("force")}>
            Force off
          </Menu.Item>
          <Menu.Item
            color="laterite"
            leftSection={<Trash2 size={16} />}
            disabled={status === "deleting" || status === "creating"}
            onClick={() => setAsking("delete")}
          >
            Delete
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {asking === "force" && <ForceOff instance={instance} onDone={refresh} onClose={() => setAsking(null)} />}
      {asking === "delete" && (
        <DeleteInstance
          instance={instance}
          onDone={async () => {
            await refresh();
            onDeleted?.();
          }}
          onClose={() => setAsking(null)}
        />
      )}
    </>
  );
}
