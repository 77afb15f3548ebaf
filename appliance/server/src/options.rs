//! What `meghd` takes on its command line. On an appliance it needs none.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use megh_model::answers::SITE_FILE;
use megh_model::console::CONSOLE_STATUS_PATH;
use megh_model::update::UPDATE_DIR;

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
    /// Where the health gate of an update asks; `meghd.sock` beside the screen's file when absent.
    #[arg(long, value_name = "SOCKET", global = true)]
    pub gate_socket: Option<PathBuf>,
    /// The program that updates the appliance's own system.
    #[arg(
        long,
        value_name = "PROGRAM",
        default_value = "/usr/bin/megh-update",
        global = true
    )]
    pub updater: PathBuf,
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

    /// The directory that a restart of the machine empties.
    pub fn run_dir(&self) -> PathBuf {
        let parent = self.console_status.parent();
        parent.unwrap_or(std::path::Path::new("/")).to_owned()
    }

    /// The socket of the health gate; only root can open it.
    pub fn gate_socket(&self) -> PathBuf {
        let beside = || self.run_dir().join("meghd.sock");
        self.gate_socket.clone().unwrap_or_else(beside)
    }

    /// The directory of the updater.
    pub fn update_dir(&self) -> PathBuf {
        self.state_dir.join(UPDATE_DIR)
    }

    /// The file with what the installer has decided.
    pub fn site_file(&self) -> PathBuf {
        self.state_dir.join(SITE_FILE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gate_is_where_the_updater_asks() {
        let options = Options::parse_from(["meghd"]);
        let agreed = std::path::Path::new(megh_model::update::GATE_SOCKET);
        assert_eq!(options.gate_socket(), agreed);
        let elsewhere = Options::parse_from(["meghd", "--console-status", "/tmp/x/console.json"]);
        assert_eq!(elsewhere.gate_socket(), PathBuf::from("/tmp/x/meghd.sock"));
    }
}
