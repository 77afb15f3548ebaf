//! The definition of the probe's tiny guest.

use std::path::Path;

use uuid::Uuid;

use super::{PROBE_NAMESPACE, domain_type, escape, escape_path};
use crate::Acceleration;

/// A transient guest that boots from `disk` and prints to the
/// file `output`.
pub(crate) fn probe_xml(
    id: Uuid,
    acceleration: Acceleration,
    machine: &str,
    disk: &Path,
    output: &Path,
) -> String {
    let kind = domain_type(acceleration);
    let machine = escape(machine);
    let disk = escape_path(disk);
    let output = escape_path(output);
    format!(
        "\
<domain type='{kind}'>
  <name>megh-probe-{kind}</name>
  <uuid>{id}</uuid>
  <metadata>
    <megh:probe xmlns:megh='{PROBE_NAMESPACE}'/>
  </metadata>
  <memory unit='MiB'>16</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='{machine}'>hvm</type>
    <boot dev='hd'/>
  </os>
  <features>
    <acpi/>
  </features>
  <on_reboot>destroy</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw'/>
      <source file='{disk}'/>
      <target dev='vda' bus='virtio'/>
      <readonly/>
    </disk>
    <controller type='usb' model='none'/>
    <serial type='file'>
      <source path='{output}'/>
      <target type='isa-serial' port='0'/>
    </serial>
    <memballoon model='none'/>
  </devices>
</domain>
"
    )
}
