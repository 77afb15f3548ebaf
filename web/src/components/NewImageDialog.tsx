import { FileInput, Modal, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { FileUp } from "lucide-react";

import { createImage } from "../api/images";
import { asApiError, toFields } from "../api/problem";
import { imagesQuery } from "../api/queries";
import { formatBytes } from "../lib/format";
import { imageNameError, nameFromFile } from "../lib/names";
import { startUpload } from "../uploads/store";
import { FormButtons } from "./FormButtons";
import { ProblemAlert } from "./ProblemAlert";

const PROBLEMS = { fields: { name: "name" }, codes: { name_taken: "name" } } as const;

/** Announces an image and starts the upload of its file. */
export function NewImageDialog({ taken, onClose }: { taken: readonly string[]; onClose: () => void }) {
  const queryClient = useQueryClient();
  const form = useForm({
    initialValues: { file: null as File | null, name: "" },
    validate: {
      file: (file) => (file === null ? "Choose a file." : file.size === 0 ? "This file is empty." : null),
      name: (name) => imageNameError(name) ?? (taken.includes(name) ? "There is an image of this name." : null),
    },
  });

  const create = useMutation({
    mutationFn: ({ name }: typeof form.values) => createImage(name),
    onSuccess: (image, { file }) => {
      if (file) void startUpload(image.id, file).then(() => queryClient.invalidateQueries(imagesQuery));
      void queryClient.invalidateQueries(imagesQuery);
      onClose();
    },
    onError: (error) => form.setErrors(toFields(asApiError(error), PROBLEMS).fields),
  });
  const rest = create.error && toFields(asApiError(create.error), PROBLEMS).rest;

  const choose = (file: File | null) => {
    form.setFieldValue("file", file);
    if (file && !form.isDirty("name")) {
      form.setFieldValue("name", nameFromFile(file.name));
      form.resetDirty({ ...form.values, file, name: nameFromFile(file.name) });
    }
  };

  return (
    <Modal opened onClose={onClose} title="Add an image">
      <form onSubmit={form.onSubmit((values) => create.mutate(values))} noValidate>
        <Stack>
          {rest && <ProblemAlert error={rest} />}
          <FileInput
            label="File"
            description={
              form.values.file
                ? formatBytes(form.values.file.size)
                : "A disk image, raw or qcow2. It is recognised by its content."
            }
            placeholder="Choose a file"
            leftSection={<FileUp size={18} />}
            {...form.getInputProps("file")}
            onChange={choose}
          />
          <TextInput
            label="Name"
            description="Lower-case letters, digits, dots and dashes."
            placeholder="debian-13"
            autoCapitalize="none"
            spellCheck={false}
            {...form.getInputProps("name")}
          />
          <FormButtons submit="Upload" busy={create.isPending} onCancel={onClose} />
        </Stack>
      </form>
    </Modal>
  );
}
