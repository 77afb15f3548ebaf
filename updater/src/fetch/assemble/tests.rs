use std::fs::{self, File};

use megh_model::release::{Part, PartKind};
use sha2::{Digest, Sha256};

use super::*;
use crate::fetch::testing::{Files, Server, Step};

mod whole;

const FILE: &str = "0.2.0/root.img";

/// A place for a part, and where it is noted how far that is.
struct Place {
    dir: tempfile::TempDir,
    target: File,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let target = File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .open(dir.path().join("target"))
            .unwrap();
        Self { dir, target }
    }

    fn bytes(&self) -> Vec<u8> {
        fs::read(self.dir.path().join("target")).unwrap()
    }
}

fn part(bytes: &[u8]) -> Part {
    Part {
        file: "root.img".to_owned(),
        size: bytes.len() as u64,
        sha256: hex::encode(Sha256::digest(bytes)),
    }
}
