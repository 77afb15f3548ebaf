//! libvirt's XML: written from our types, read for the little we need of it.
//! Pure: text in, text out.

mod domain;
mod probe;
mod read;

pub(crate) use domain::{Platform, domain_xml};
pub(crate) use probe::probe_xml;
pub(crate) use read::{canonical_machine, machine_of};

use std::path::Path;

use uuid::Uuid;

use crate::Acceleration;

/// Namespace of the metadata element that marks a definition as ours.
pub(crate) const INSTANCE_NAMESPACE: &str = "https://meghos.org/xmlns/libvirt/instance/1";
/// Namespace of the metadata element that marks the probe's tiny guest.
pub(crate) const PROBE_NAMESPACE: &str = "https://meghos.org/xmlns/libvirt/probe/1";

/// libvirt's name of a machine. It never changes, because libvirt identifies
/// by name too; people see the title.
pub(crate) fn domain_name(id: Uuid) -> String {
    format!("megh-{id}")
}

/// libvirt's name of a way to execute guests.
pub(crate) fn domain_type(acceleration: Acceleration) -> &'static str {
    match acceleration {
        Acceleration::Kvm => "kvm",
        Acceleration::Emulation => "qemu",
    }
}

/// Escapes a text for element content and attribute values. Characters that
/// XML cannot carry at all become U+FFFD.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\'' => escaped.push_str("&apos;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' | '\r' => escaped.push_str(&format!("&#{};", u32::from(character))),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            other if other.is_control() => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

fn escape_path(path: &Path) -> String {
    escape(&path.to_string_lossy())
}

#[cfg(test)]
mod tests;
