import { Group, Modal, NumberInput, Radio, Select, Stack, Switch, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQueryClient } from "@tanstack/react-query";

import { asApiError, toFields } from "../../api/problem";
import { updateQuery } from "../../api/queries";
import type { UpdateSettings } from "../../api/schema";
import { setUpdateSettings } from "../../api/updates";
import { settingsErrors, settingsForm, toSettings } from "../../lib/updates";
import { FormButtons } from "../FormButtons";
import { ProblemAlert } from "../ProblemAlert";

const PROBLEMS = {
  fields: { source: "source", channel: "channel", window: "from", bandwidth: "bandwidth", policy: "policy" },
} as const;

/** Where releases come from, and how far the appliance goes by itself. */
export function SettingsDialog({ settings, onClose }: { settings: UpdateSettings; onClose: () => void }) {
  const queryClient = useQueryClient();
  const form = useForm({ initialValues: settingsForm(settings), validate: settingsErrors });
  const save = useMutation({
    mutationFn: (values: typeof form.values) => setUpdateSettings(toSettings(values, settings)),
    onSuccess: async () => {
      await queryClient.invalidateQueries(updateQuery);
      onClose();
    },
    onError: (error) => form.setErrors(toFields(asApiError(error), PROBLEMS).fields),
  });
  const rest = save.error && toFields(asApiError(save.error), PROBLEMS).rest;
  const window = !form.values.anyTime;

  return (
    <Modal opened onClose={onClose} title="Settings of updates">
      <form onSubmit={form.onSubmit((values) => save.mutate(values))} noValidate>
        <Stack>
          {rest && <ProblemAlert error={rest} />}
          <TextInput
            label="Source"
            description="The address of a directory with releases. Without one, updates come from sticks."
            placeholder="https://updates.example/meghos"
            autoCapitalize="none"
            spellCheck={false}
            {...form.getInputProps("source")}
          />
          <Select
            label="Channel"
            allowDeselect={false}
            data={[
              { value: "stable", label: "Stable" },
              { value: "candidate", label: "Candidate: earlier, less proven" },
            ]}
            {...form.getInputProps("channel")}
          />
          <Radio.Group label="By itself, the appliance" {...form.getInputProps("policy")}>
            <Stack gap={8} mt={8}>
              <Radio value="manual" label="does nothing" />
              <Radio value="download_only" label="looks for releases and stages them" />
              <Radio value="automatic" label="stages releases and restarts into them" />
            </Stack>
          </Radio.Group>
          <Switch label="It may restart at any time" {...form.getInputProps("anyTime", { type: "checkbox" })} />
          {window && (
            <Group grow align="flex-start">
              <TextInput type="time" label="From, UTC" {...form.getInputProps("from")} />
              <TextInput type="time" label="To, UTC" {...form.getInputProps("to")} />
            </Group>
          )}
          <NumberInput
            label="Most MiB per second of a download"
            description="Empty for no limit."
            min={0}
            decimalScale={2}
            {...form.getInputProps("bandwidth")}
          />
          <FormButtons submit="Save" busy={save.isPending} onCancel={onClose} />
        </Stack>
      </form>
    </Modal>
  );
}
