import { ActionIcon, Button, FileButton } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { Trash2 } from "lucide-react";

import { imageMoves } from "../api/motion";
import { sentence } from "../api/problem";
import { imagesQuery } from "../api/queries";
import type { Image, Operation } from "../api/schema";
import { formatAgo, formatBytes } from "../lib/format";
import { useNow } from "../lib/use-now";
import { startUpload, type Upload } from "../uploads/store";
import { OperationLine } from "./OperationLine";
import rows from "./rows.module.css";
import { ImageStateMark, Status } from "./Status";
import { UploadLine } from "./UploadLine";

/** One image, with its upload or operation below while there is one. */
export function ImageRow(props: {
  image: Image;
  upload: Upload | undefined;
  operation: Operation | undefined;
  onDelete: () => void;
}) {
  const { image, upload, operation } = props;
  const queryClient = useQueryClient();
  const sending = upload?.error === null;
  const wantsContent = !sending && (image.state === "awaiting_content" || image.state === "failed");
  const send = async (file: File | null) => {
    if (!file) return;
    await startUpload(image.id, file);
    await queryClient.invalidateQueries(imagesQuery);
  };

  return (
    <li className={rows.row}>
      <div>
        <span className={rows.name}>{image.name}</span>
        <Facts image={image} />
      </div>
      {sending ? <Status label="Uploading" tone="moving" /> : <ImageStateMark state={image.state} />}
      <div className={rows.actions}>
        {wantsContent && (
          <FileButton onChange={(file) => void send(file)}>
            {(button) => (
              <Button {...button} variant="default" size="sm">
                Choose file
              </Button>
            )}
          </FileButton>
        )}
        {!sending && (
          <ActionIcon
            variant="subtle"
            color="gray"
            size="lg"
            aria-label={`Delete image ${image.name}`}
            disabled={imageMoves(image)}
            onClick={props.onDelete}
          >
            <Trash2 size={18} strokeWidth={1.8} />
          </ActionIcon>
        )}
      </div>
      {upload && (
        <div className={rows.wide}>
          <UploadLine image={image.id} upload={upload} />
        </div>
      )}
      {operation?.status === "running" && imageMoves(image) && (
        <div className={rows.wide}>
          <OperationLine operation={operation} />
        </div>
      )}
      {image.state === "failed" && typeof image.error === "string" && !upload && (
        <div className={`${rows.wide ?? ""} ${rows.wrong ?? ""}`}>{sentence(image.error)}</div>
      )}
    </li>
  );
}

function Facts({ image }: { image: Image }) {
  const now = useNow(30_000);
  const facts = [
    image.format,
    typeof image.virtual_size === "number" ? `${formatBytes(image.virtual_size)} disk` : null,
    typeof image.size === "number" ? `${formatBytes(image.size)} uploaded` : null,
    `added ${formatAgo(image.created_at, now)}`,
  ].filter((fact) => typeof fact === "string");
  return <p className={rows.facts}>{facts.join(" · ")}</p>;
}
