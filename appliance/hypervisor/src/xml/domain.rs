//! The definition of an instance.

use super::{INSTANCE_NAMESPACE, domain_name, domain_type, escape, escape_path};
use crate::{Acceleration, DiskSource, DomainSpec, GuestFirmware};

/// What a definition takes from the machine that it is made on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Platform {
    /// How guests run here.
    pub(crate) acceleration: Acceleration,
    /// Versioned machine type, `pc-q35-10.0`: what the guest sees stays the
    /// same when QEMU is updated.
    pub(crate) machine: String,
}

/// The definition of an instance in libvirt's XML.
pub(crate) fn domain_xml(spec: &DomainSpec, platform: &Platform) -> String {
    let kind = domain_type(platform.acceleration);
    let name = domain_name(spec.id);
    let id = spec.id;
    let title = escape(&spec.name);
    let memory = spec.memory / 1024;
    let vcpus = spec.vcpus;
    let os = os(spec.firmware, &platform.machine);
    let cpu = cpu(platform.acceleration);
    let disk = disk(&spec.disk);
    let log = escape_path(&spec.serial_log);
    format!(
        "\
<domain type='{kind}'>
  <name>{name}</name>
  <uuid>{id}</uuid>
  <title>{title}</title>
  <metadata>
    <megh:instance xmlns:megh='{INSTANCE_NAMESPACE}'/>
  </metadata>
  <memory unit='KiB'>{memory}</memory>
  <vcpu placement='static'>{vcpus}</vcpu>
{os}
  <features>
    <acpi/>
    <apic/>
  </features>
  {cpu}
  <clock offset='utc'>
    <timer name='rtc' tickpolicy='catchup'/>
    <timer name='pit' tickpolicy='delay'/>
    <timer name='hpet' present='no'/>
  </clock>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
{disk}
    <controller type='usb' model='none'/>
    <serial type='pty'>
      <log file='{log}' append='on'/>
      <target type='isa-serial' port='0'/>
    </serial>
    <console type='pty'>
      <target type='serial' port='0'/>
    </console>
    <rng model='virtio'>
      <backend model='random'>/dev/urandom</backend>
    </rng>
    <memballoon model='virtio' freePageReporting='on'>
      <stats period='10'/>
    </memballoon>
  </devices>
</domain>
"
    )
}

fn os(firmware: GuestFirmware, machine: &str) -> String {
    let machine = escape(machine);
    let kind = format!("<type arch='x86_64' machine='{machine}'>hvm</type>");
    match firmware {
        GuestFirmware::Bios => format!("  <os>\n    {kind}\n    <boot dev='hd'/>\n  </os>"),
        GuestFirmware::Uefi => format!(
            "  <os firmware='efi'>
    {kind}
    <firmware>
      <feature enabled='no' name='enrolled-keys'/>
      <feature enabled='no' name='secure-boot'/>
    </firmware>
    <boot dev='hd'/>
  </os>"
        ),
    }
}

fn cpu(acceleration: Acceleration) -> &'static str {
    match acceleration {
        Acceleration::Kvm => "<cpu mode='host-passthrough' check='none' migratable='on'/>",
        Acceleration::Emulation => "<cpu mode='maximum' check='none' migratable='on'/>",
    }
}

fn disk(source: &DiskSource) -> String {
    let (kind, driver, source) = match source {
        DiskSource::Block(device) => (
            "block",
            "type='raw' cache='none' io='native'",
            format!("<source dev='{}'/>", escape_path(device)),
        ),
        DiskSource::Qcow2(file) => (
            "file",
            "type='qcow2'",
            format!("<source file='{}'/>", escape_path(file)),
        ),
    };
    format!(
        "    <disk type='{kind}' device='disk'>
      <driver name='qemu' {driver} discard='unmap'/>
      {source}
      <target dev='vda' bus='virtio'/>
    </disk>"
    )
}
