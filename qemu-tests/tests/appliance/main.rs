//! The built image in virtual machines. One program, so that it is linked
//! once; the files are chapters. The first chapters leave installed disks that
//! the later ones start from, so the order of names is the order of reading.

mod c1_first_run;
mod c2_console_screens;
mod c3_damage;
mod c3_loader_for_bios;
mod c4_two_disks;
mod c5_power_cuts;
mod c6_browser;
mod c7_secure_boot;
mod c8_updates;
mod c9_attacks;
mod c9_broken_releases;
mod c9_update_power_cuts;
