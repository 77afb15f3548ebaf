import { useMutation, useQueryClient } from "@tanstack/react-query";

import { deleteImage } from "../api/images";
import { asApiError } from "../api/problem";
import { imagesQuery } from "../api/queries";
import type { Image } from "../api/schema";
import { forgetUpload } from "../uploads/store";
import { Confirm } from "./Confirm";

/** Asks, then deletes an image. */
export function DeleteImage({ image, onClose }: { image: Image; onClose: () => void }) {
  const queryClient = useQueryClient();
  const remove = useMutation({
    mutationFn: () => deleteImage(image.id),
    onSuccess: async () => {
      forgetUpload(image.id);
      await queryClient.invalidateQueries(imagesQuery);
      await queryClient.invalidateQueries({ queryKey: ["operations"] });
      onClose();
    },
  });
  return (
    <Confirm
      title={`Delete image ${image.name}?`}
      text="Instances made from it keep their disks. New ones can no longer be made from it."
      action={`Delete ${image.name}`}
      busy={remove.isPending}
      error={remove.error && asApiError(remove.error)}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    />
  );
}
