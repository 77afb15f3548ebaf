//! The libvirt driver against a real libvirt and QEMU: a daemon of the test's
//! own, started and stopped by it, in software emulation if need be.
//!
//! One daemon serves all scenarios, one after the other; its start is what
//! takes the time.

mod console;
mod daemon;
mod guest;
mod life;

use megh_hypervisor::Hypervisor;

use self::daemon::PrivateLibvirt;

/// Uses the daemon and leaves it as it was.
type Scenario = fn(&mut PrivateLibvirt);

#[test]
fn the_driver_against_a_real_libvirt() {
    let mut libvirt = PrivateLibvirt::start();
    let scenarios: &[(&str, Scenario)] = &[
        ("how guests run is found by running one", life::probe),
        ("a machine lives its life", life::whole_life),
        ("what is done already succeeds", life::idempotent),
        ("a new definition keeps the machine type", life::redefine),
        ("others' machines are left alone", life::foreign),
        ("UEFI starts and leaves no variables behind", life::uefi),
        ("the console carries both ways", console::both_ways),
        ("close wakes a blocked reader", console::close_wakes),
        ("a second console takes over", console::take_over),
        ("a flood does not hold up other calls", console::flood),
        ("a restarted daemon is found again", life::daemon_restart),
    ];
    for (name, scenario) in scenarios {
        eprintln!("scenario: {name}");
        scenario(&mut libvirt);
        assert_eq!(
            libvirt.driver().list().unwrap(),
            [],
            "{name}: left machines behind"
        );
    }
}
