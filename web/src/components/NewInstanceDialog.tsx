import { Checkbox, Modal, NumberInput, SegmentedControl, Select, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQueryClient } from "@tanstack/react-query";

import { createInstance } from "../api/instances";
import { asApiError, toFields } from "../api/problem";
import type { Image } from "../api/schema";
import { formatBytes } from "../lib/format";
import { freeName } from "../lib/names";
import { instanceErrors, toNewInstance, type InstanceForm } from "../lib/new-instance";
import classes from "./NewInstanceDialog.module.css";
import { FormButtons } from "./FormButtons";
import { ProblemAlert } from "./ProblemAlert";

const PROBLEMS = {
  fields: { name: "name", image: "image", vcpus: "vcpus", memory: "memoryMiB", disk: "diskGiB" },
  codes: { name_taken: "name" },
} as const;

/** Makes an instance from an image. */
export function NewInstanceDialog(props: { images: readonly Image[]; taken: readonly string[]; onClose: () => void }) {
  const { images, taken, onClose } = props;
  const queryClient = useQueryClient();
  const form = useForm<InstanceForm>({
    initialValues: {
      name: freeName("vm", taken),
      image: images[0]?.id ?? null,
      vcpus: 1,
      memoryMiB: 1024,
      diskGiB: "",
      firmware: "uefi",
      start: true,
    },
    validate: (values) => instanceErrors(values, images, taken),
  });

  const create = useMutation({
    mutationFn: (values: InstanceForm) => createInstance(toNewInstance(values)),
    onSuccess: async () => {
      onClose();
      await queryClient.invalidateQueries({ queryKey: ["instances"] });
      await queryClient.invalidateQueries({ queryKey: ["operations"] });
    },
    onError: (error) => form.setErrors(toFields(asApiError(error), PROBLEMS).fields),
  });
  const rest = create.error && toFields(asApiError(create.error), PROBLEMS).rest;
  const image = images.find(({ id }) => id === form.values.image);

  return (
    <Modal opened onClose={onClose} title="New instance">
      <form onSubmit={form.onSubmit((values) => create.mutate(values))} noValidate>
        <Stack>
          {rest && <ProblemAlert error={rest} />}
          <TextInput
            label="Name"
            description="Lower-case letters, digits and dashes."
            autoCapitalize="none"
            spellCheck={false}
            data-autofocus
            {...form.getInputProps("name")}
          />
          <Select
            label="Image"
            placeholder={images.length === 0 ? "No image is ready" : "Choose an image"}
            data={images.map(({ id, name }) => ({ value: id, label: name }))}
            allowDeselect={false}
            {...form.getInputProps("image")}
          />
          <div className={classes.sizes}>
            <NumberInput label="vCPUs" min={1} max={64} allowDecimal={false} {...form.getInputProps("vcpus")} />
            <NumberInput
              label="Memory, MiB"
              min={16}
              step={256}
              allowDecimal={false}
              {...form.getInputProps("memoryMiB")}
            />
            <NumberInput
              label="Disk, GiB"
              placeholder={typeof image?.virtual_size === "number" ? formatBytes(image.virtual_size) : "as the image"}
              min={0}
              decimalScale={2}
              {...form.getInputProps("diskGiB")}
            />
          </div>
          <div>
            <Text component="label" size="sm" fw={500} id="firmware">
              Firmware
            </Text>
            <SegmentedControl
              fullWidth
              mt={4}
              aria-labelledby="firmware"
              data={[
                { value: "uefi", label: "UEFI" },
                { value: "bios", label: "BIOS" },
              ]}
              {...form.getInputProps("firmware")}
            />
          </div>
          <Checkbox label="Start it once it is made" {...form.getInputProps("start", { type: "checkbox" })} />
          <FormButtons submit="Create" busy={create.isPending} onCancel={onClose} />
        </Stack>
      </form>
    </Modal>
  );
}
