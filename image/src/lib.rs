//! `megh-image` builds the appliance's image, release and medium.
//!
//! A build is a chain of stages ([`stage`]): the lock's packages ([`lock`],
//! [`fetch`]) become a root of tools ([`tools`]), in which all else is made:
//! the installed packages ([`base`]), the product's programs ([`product`]), the
//! root file system ([`rootfs`]), what starts it ([`boot`]) and the signed
//! release ([`release`]). [`build`] puts them together.

pub mod apt;
pub mod base;
pub mod boot;
pub mod build;
pub mod chunks;
pub mod cli;
pub mod clock;
pub mod deb;
pub mod delta;
pub mod desk;
pub mod digest;
pub mod fetch;
pub mod keys;
pub mod lock;
pub mod mirror;
pub mod product;
pub mod progress;
pub mod release;
pub mod repository;
pub mod rootfs;
pub mod sbom;
mod secure_boot;
pub mod site;
pub mod sizes;
pub mod stage;
pub mod tools;
pub mod web;
pub mod workspace;
