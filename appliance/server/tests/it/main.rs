//! The daemon's API, called without a socket: a real store in a temporary
//! directory, engines in memory.

#![allow(unreachable_pub, reason = "nothing is outside of a test program")]

mod support;

mod bad_input;
mod console;
mod crash;
mod gate;
mod going_back;
mod https;
mod idempotency;
mod identity;
mod images;
mod instances;
mod openapi;
mod reconcile;
mod updates;
mod web;
