//! Enums as the store has them. The texts are apart from those of the API:
//! each may change without the other.

use megh_api_types::{
    DesiredState, Firmware, ImageFormat, ImageState, OperationKind, OperationStatus,
};
use megh_store::{Row, SqlError};

use super::instances::Observed;

/// An enum that is kept as a text.
pub(super) trait Text: Sized + Copy + 'static {
    /// Every value with its text.
    const TEXTS: &'static [(Self, &'static str)];

    /// The text of this value.
    fn text(self) -> &'static str;

    /// The value of a column.
    fn column(row: &Row<'_>, name: &'static str) -> Result<Self, SqlError> {
        row.parse::<Parsed<Self>>(name).map(|parsed| parsed.0)
    }

    /// The value of a column that may be absent.
    fn optional(row: &Row<'_>, name: &'static str) -> Result<Option<Self>, SqlError> {
        match row.get::<Option<String>>(name)? {
            None => Ok(None),
            Some(_) => Self::column(row, name).map(Some),
        }
    }
}

struct Parsed<T>(T);

impl<T: Text> std::str::FromStr for Parsed<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = T::TEXTS.iter().find(|(_, known)| *known == text);
        known
            .map(|(value, _)| Self(*value))
            .ok_or_else(|| "not one of the known texts".to_owned())
    }
}

macro_rules! texts {
    ($($kind:ident { $($value:ident = $text:literal),+ $(,)? })+) => {$(
        impl Text for $kind {
            const TEXTS: &'static [(Self, &'static str)] = &[$(($kind::$value, $text)),+];

            fn text(self) -> &'static str {
                match self { $($kind::$value => $text),+ }
            }
        }
    )+};
}

texts! {
    ImageState {
        AwaitingContent = "awaiting_content",
        Importing = "importing",
        Ready = "ready",
        Failed = "failed",
        Deleting = "deleting",
    }
    ImageFormat { Raw = "raw", Qcow2 = "qcow2" }
    Firmware { Uefi = "uefi", Bios = "bios" }
    DesiredState { Running = "running", Stopped = "stopped" }
    Observed { Running = "running", Stopped = "stopped" }
    OperationKind {
        ImageImport = "image_import",
        ImageDelete = "image_delete",
        InstanceCreate = "instance_create",
        InstanceStart = "instance_start",
        InstanceStop = "instance_stop",
        InstanceDelete = "instance_delete",
    }
    OperationStatus { Running = "running", Succeeded = "succeeded", Failed = "failed" }
}
