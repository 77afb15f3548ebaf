//! What `meghd` takes on its command line. On an appliance it needs none.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use megh_model::answers::SITE_FILE;
use megh_model::console::CONSOLE_STATUS_PATH;

/// The control plane of a MeghOS appliance.
#[derive(Debug, Clone, Parser)]
#[command(version, max_term_width = 100)]
pub struct Options {
    /// Where the state is kept.
    #[arg(
        long,
        value_name = "DIR",
        default_value = "/var/lib/meghos",
        global = true
    )]
    pub state_dir: PathBuf,
    /// Keep images and volumes as files below this directory, instead of in the machine's volume group.
    #[arg(long, value_name = "DIR", global = true)]
    pub pool_dir: Option<PathBuf>,
    /// Address and port of the HTTPS listener.
    #[arg(
        long,
        value_name = "ADDRESS:PORT",
        default_value = "[::]:443",
        global = true
    )]
    pub listen: SocketAddr,
    /// Files of the web page.
    #[arg(
        long,
        value_name = "DIR",
        default_value = "/usr/share/meghos/web",
        global = true
    )]
    pub web_dir: PathBuf,
    /// The libvirt that runs the guests.
    #[arg(
        long,
        value_name = "URI",
        default_value = "qemu:///system",
        global = true
    )]
    pub libvirt_uri: String,
    /// Where the machine's own screen reads the claim code.
    #[arg(long, value_name = "FILE", default_value = CONSOLE_STATUS_PATH, global = true)]
    pub console_status: PathBuf,
    /// Most bytes of one image.
    #[arg(long, value_name = "BYTES", default_value_t = 64 << 30, global = true)]
    pub max_image: u64,
    /// What to do; `serve` when absent.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do.
#[derive(Debug, Clone, Default, Subcommand)]
pub enum Command {
    /// Serve the API and the web page.
    #[default]
    Serve,
    /// Activate the pool's volume group and mount its file system.
    MountPool,
    /// Print the OpenAPI document.
    Openapi,
}

impl Options {
    /// The directory of the store and of the certificate.
    pub fn control_dir(&self) -> PathBuf {
        self.state_dir.join("control")
    }

    /// The file with what the installer has decided.
    pub fn site_file(&self) -> PathBuf {
        self.state_dir.join(SITE_FILE)
    }
}
