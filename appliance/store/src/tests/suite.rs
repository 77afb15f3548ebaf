//! What the raft library demands of a log and a state machine.

use openraft::StorageError;
use openraft::testing::{StoreBuilder, Suite};
use tempfile::TempDir;

use crate::fault::FaultCell;
use crate::files::Files;
use crate::log::Log;
use crate::machine::Machine;
use crate::types::TypeConfig;

struct Fresh;

impl StoreBuilder<TypeConfig, Log, Machine, TempDir> for Fresh {
    async fn build(&self) -> Result<(TempDir, Log, Machine), StorageError<u64>> {
        // In memory where that is possible: the suite is not about disks.
        let memory = tempfile::tempdir_in("/dev/shm");
        let folder = memory.or_else(|_| tempfile::tempdir());
        let folder = folder.expect("a temporary folder");
        let files = Files::open(folder.path(), FaultCell::new()).await;
        let files = files.expect("a fresh store opens");
        Ok((folder, files.log.clone(), files.machine.clone()))
    }
}

#[test]
fn storage_does_all_that_raft_demands() {
    Suite::test_all(Fresh).expect("the suite passes");
}
