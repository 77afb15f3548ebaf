import { answerOf, api, once, PROJECT } from "./client";
import type { AcceptedImage, Image } from "./schema";

export function createImage(name: string): Promise<Image> {
  return once((header) =>
    answerOf(
      api.POST("/api/v1/projects/{project}/images", { params: { path: { project: PROJECT }, header }, body: { name } }),
    ),
  );
}

export function deleteImage(image: string): Promise<AcceptedImage> {
  return answerOf(
    api.DELETE("/api/v1/projects/{project}/images/{image}", { params: { path: { project: PROJECT, image } } }),
  );
}

/** Where the bytes of an image are sent. */
export function contentPath(image: string): string {
  return `/api/v1/projects/${PROJECT}/images/${encodeURIComponent(image)}/content`;
}
