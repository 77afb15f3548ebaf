import { Button, Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState } from "react";

import { imageMoves, newestBySubject } from "../api/motion";
import { asApiError } from "../api/problem";
import { imagesQuery, operationsQuery } from "../api/queries";
import type { Image } from "../api/schema";
import { DeleteImage } from "../components/DeleteImage";
import { Empty } from "../components/Empty";
import { ImageRow } from "../components/ImageRow";
import { NewImageDialog } from "../components/NewImageDialog";
import { PageHead } from "../components/PageHead";
import { ProblemAlert } from "../components/ProblemAlert";
import rows from "../components/rows.module.css";
import { useUploads } from "../uploads/use-uploads";

/** What instances are made from. */
export function Images() {
  const images = useQuery(imagesQuery);
  const moving = images.data?.some(imageMoves) ?? false;
  const operations = useQuery({ ...operationsQuery(moving), enabled: moving });
  const uploads = useUploads();
  const [adding, setAdding] = useState(false);
  const [deleting, setDeleting] = useState<Image | null>(null);
  const newest = newestBySubject(operations.data ?? []);
  const sorted = [...(images.data ?? [])].sort((a, b) => a.name.localeCompare(b.name));

  const add = (
    <Button leftSection={<Plus size={18} />} onClick={() => setAdding(true)}>
      Add an image
    </Button>
  );
  return (
    <>
      <PageHead title="Images" lead="Disks that instances are copied from.">
        {sorted.length > 0 && add}
      </PageHead>
      {images.isError && !images.data && <ProblemAlert error={asApiError(images.error)} />}
      {images.isPending && <Skeleton height={150} radius="lg" />}
      {images.data && sorted.length === 0 && (
        <Empty
          title="No images yet"
          text="An image is a disk with a system on it, raw or qcow2, such as the cloud images that most distributions publish. Upload one, and make instances from it."
        >
          {add}
        </Empty>
      )}
      {sorted.length > 0 && (
        <ul className={rows.list}>
          {sorted.map((image) => (
            <ImageRow
              key={image.id}
              image={image}
              upload={uploads.get(image.id)}
              operation={newest.get(image.id)}
              onDelete={() => setDeleting(image)}
            />
          ))}
        </ul>
      )}
      {adding && <NewImageDialog taken={sorted.map((image) => image.name)} onClose={() => setAdding(false)} />}
      {deleting && <DeleteImage image={deleting} onClose={() => setDeleting(null)} />}
    </>
  );
}
