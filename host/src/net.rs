//! The addresses at which this machine can be reached.

use std::net::IpAddr;
use std::path::Path;

use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;

/// One address of one interface.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    /// The interface's name.
    pub interface: String,
    /// The address.
    pub ip: IpAddr,
}

/// Interfaces of virtual machines and of their networks: not ways in from outside.
const INTERNAL: [&str; 9] = [
    "lo",
    "virbr",
    "vnet",
    "tap",
    "ovs-",
    "br-int",
    "genev_sys",
    "docker",
    "veth",
];

/// The addresses that people can type: of interfaces that are up, no loopback,
/// no link-local ones, IPv4 first.
pub fn addresses() -> std::io::Result<Vec<Address>> {
    let mut found: Vec<Address> = getifaddrs()?
        .filter(|entry| entry.flags.contains(InterfaceFlags::IFF_UP))
        .filter(|entry| {
            !INTERNAL
                .iter()
                .any(|prefix| entry.interface_name.starts_with(prefix))
        })
        .filter_map(|entry| {
            let storage = entry.address?;
            let v4 = storage
                .as_sockaddr_in()
                .map(|address| IpAddr::V4(address.ip()));
            let ip = v4.or_else(|| {
                storage
                    .as_sockaddr_in6()
                    .map(|address| IpAddr::V6(address.ip()))
            })?;
            is_reachable(&ip).then_some(Address {
                interface: entry.interface_name,
                ip,
            })
        })
        .collect();
    found.sort_by_key(|address| (address.ip.is_ipv6(), address.interface.clone(), address.ip));
    found.dedup();
    Ok(found)
}

/// Names of the network cards, whether they have an address or not.
pub fn cards(sys_class_net: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(sys_class_net) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.path().join("device").exists())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort_unstable();
    names
}

fn is_reachable(ip: &IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => !ip.is_loopback() && !ip.is_link_local() && !ip.is_unspecified(),
        IpAddr::V6(ip) => !ip.is_loopback() && !ip.is_unicast_link_local() && !ip.is_unspecified(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_and_link_local_addresses_are_left_out() {
        for (text, reachable) in [
            ("127.0.0.1", false),
            ("169.254.3.4", false),
            ("10.0.2.15", true),
            ("::1", false),
            ("fe80::1", false),
            ("fec0::5054:ff:fe12:3456", true),
            ("2001:db8::1", true),
        ] {
            assert_eq!(is_reachable(&text.parse().unwrap()), reachable, "{text}");
        }
        assert!(
            addresses()
                .unwrap()
                .iter()
                .all(|a| is_reachable(&a.ip) && a.interface != "lo")
        );
    }
}
