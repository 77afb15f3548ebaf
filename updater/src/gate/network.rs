//! Whether the network is up as it was when the machine last did its job.

use std::collections::BTreeMap;
use std::fs;

use megh_host::{Machine, net};
use serde::{Deserialize, Serialize};

use crate::{Places, UpdateError, kept};

/// What is remembered, below the updater's directory.
const NETWORK_FILE: &str = "network.json";
/// The kernel's IPv4 routes; a destination of zeros is the default route.
const ROUTES: &str = "/proc/net/route";

/// How the machine was reachable.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Network {
    /// The cards that had addresses.
    cards: BTreeMap<String, Families>,
    /// Whether there was a default route.
    default_route: bool,
}

/// Which addresses a card had.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Families {
    v4: bool,
    v6: bool,
}

/// Compares with what is remembered. A card without a cable is passed over: that
/// is no fault of a version.
pub(super) fn check(
    machine: &dyn Machine,
    places: &Places,
) -> (&'static str, Result<String, String>) {
    let before: Option<Network> = kept::load(machine, &places.kept(NETWORK_FILE));
    let outcome = match (before, now(places)) {
        (_, Err(error)) => Err(format!("The addresses cannot be read: {error}")),
        (None, Ok(_)) => Ok("Nothing is remembered to compare with.".to_owned()),
        (Some(before), Ok(now)) => compare(&before, &now, |card| {
            let class = places.path("/sys/class/net").join(card);
            let there = class.exists();
            let carrier = fs::read_to_string(class.join("carrier"));
            (there, carrier.is_ok_and(|text| text.trim() == "1"))
        }),
    };
    ("network", outcome)
}

/// Remembers how the machine is reachable now.
pub(super) fn remember(machine: &dyn Machine, places: &Places) -> Result<(), UpdateError> {
    let path = places.kept(NETWORK_FILE);
    let now = now(places).map_err(UpdateError::file("read", ROUTES))?;
    let kept_before: Option<Network> = kept::load(machine, &path);
    match kept_before == Some(now.clone()) {
        true => Ok(()),
        false => kept::save(machine, &path, &now),
    }
}

fn now(places: &Places) -> std::io::Result<Network> {
    let mut network = Network::default();
    for address in net::addresses()? {
        let families: &mut Families = network.cards.entry(address.interface).or_default();
        match address.ip.is_ipv4() {
            true => families.v4 = true,
            false => families.v6 = true,
        }
    }
    let routes = fs::read_to_string(places.path(ROUTES)).unwrap_or_default();
    let is_default = |line: &str| line.split_whitespace().nth(1) == Some("00000000");
    network.default_route = routes.lines().any(is_default);
    Ok(network)
}

/// `card` tells of a card whether it is there and whether it has a carrier.
fn compare(
    before: &Network,
    now: &Network,
    card: impl Fn(&str) -> (bool, bool),
) -> Result<String, String> {
    let mut any_carrier = false;
    for (name, wanted) in &before.cards {
        let (there, carrier) = card(name);
        if !there {
            return Err(format!("Network card {name} is not there any more."));
        }
        any_carrier |= carrier;
        if !carrier {
            continue;
        }
        let has = now.cards.get(name).copied().unwrap_or_default();
        let lacks = if wanted.v4 {
            !has.v4
        } else {
            wanted.v6 && !has.v6
        };
        if lacks {
            let family = if wanted.v4 { "IPv4" } else { "IPv6" };
            return Err(format!("Network card {name} has no {family} address."));
        }
    }
    if before.default_route && any_carrier && !now.default_route {
        return Err("There is no default route.".to_owned());
    }
    Ok("The network is up as before.".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(v4: bool, v6: bool, default_route: bool) -> Network {
        Network {
            cards: [("eth0".to_owned(), Families { v4, v6 })].into(),
            default_route,
        }
    }

    #[test]
    fn what_was_there_must_be_there_again() {
        let plugged = |_: &str| (true, true);
        let before = network(true, true, true);
        assert!(compare(&before, &network(true, false, true), plugged).is_ok());
        assert!(compare(&before, &network(false, true, true), plugged).is_err());
        assert!(compare(&before, &network(true, true, false), plugged).is_err());
        assert!(compare(&before, &Network::default(), plugged).is_err());
        let only_v6 = network(false, true, false);
        assert!(compare(&only_v6, &Network::default(), plugged).is_err());
        assert!(compare(&only_v6, &before, plugged).is_ok());
        assert!(compare(&Network::default(), &Network::default(), plugged).is_ok());
    }

    #[test]
    fn a_card_without_a_cable_is_no_fault_and_one_without_a_driver_is() {
        let before = network(true, true, true);
        let none = Network::default();
        assert!(compare(&before, &none, |_| (true, false)).is_ok());
        assert!(compare(&before, &none, |_| (false, false)).is_err());
    }
}
