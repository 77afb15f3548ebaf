//! Images: what instances are made from.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::UnixMillis;

/// Announces an image. Its content follows with `PUT …/images/{image}/content`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewImage {
    /// Unique in the project: lower-case letters, digits, dots and dashes, 1 to 63 characters.
    #[schema(example = "debian-13")]
    pub name: String,
}

/// How far an image is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImageState {
    /// Announced; the content has not arrived whole.
    AwaitingContent,
    /// The content is being looked at and put into the pool.
    Importing,
    /// Instances can be made from it.
    Ready,
    /// The content was refused; see `error`. New content may be sent.
    Failed,
    /// On its way out.
    Deleting,
}

/// Format of what was uploaded, recognised by content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImageFormat {
    /// A disk as it is.
    Raw,
    /// QEMU copy-on-write.
    Qcow2,
}

/// An image.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Image {
    /// Stable id.
    pub id: Uuid,
    /// Name, unique in the project.
    pub name: String,
    /// How far it is.
    pub state: ImageState,
    /// Format of the upload, once known.
    pub format: Option<ImageFormat>,
    /// Bytes uploaded, once complete.
    pub size: Option<u64>,
    /// Size in bytes of the disk inside, once known.
    pub virtual_size: Option<u64>,
    /// SHA-256 of the upload, lower-case hex, once complete.
    pub sha256: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
    /// When it was announced.
    pub created_at: UnixMillis,
}
