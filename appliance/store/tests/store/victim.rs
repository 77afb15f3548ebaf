//! This test binary run once more as a process of its own, to be killed or
//! to meet a full disk.

use std::path::{Path, PathBuf};

use megh_host::command::Cmd;

const ROLE: &str = "MEGH_STORE_VICTIM";
const FOLDER: &str = "MEGH_STORE_FOLDER";

/// A command that runs a victim on a folder, by way of `wrapper`.
pub(crate) fn command(role: &str, folder: &Path, wrapper: &[&str]) -> Cmd {
    let this = std::env::current_exe().expect("this test binary");
    let this = this.to_str().expect("a readable path");
    let test = [this, "--exact", "victim::runs", "--ignored", "--nocapture"];
    let mut words = wrapper.iter().chain(&test);
    let program = words.next().expect("at least this binary");
    Cmd::new(program)
        .args(words)
        .env(ROLE, role)
        .env(FOLDER, folder)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by the tests of crashes and of full disks, as their victim"]
async fn runs() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else {
        return;
    };
    match std::env::var(ROLE).as_deref() {
        Ok("clicker") => crate::crash::click_for_ever(&folder).await,
        Ok("filler") => crate::full_disk::fill(&folder).await,
        role => panic!("no such victim: {role:?}"),
    }
}
