//! The appliance's API, as any client on the network sees it.

mod client;
mod console;
mod error;
mod pin;
mod resources;
mod updates;

pub use client::Api;
pub use console::Console;
pub use error::ApiError;
