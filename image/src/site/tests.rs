//! Sites that are made, and read as machines read them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use megh_model::release::{
    Demands, PartKind, Place, ReadError, Role, TrustState, TrustedRoot, VerifiedManifest, Verifier,
    VerifyError, Verity,
};

use super::*;
use crate::clock::now;
use crate::keys::{self, Keys};
use crate::release::{self, BuiltPart, Contents, Label, Parts};

struct World {
    dir: tempfile::TempDir,
    keys: Keys,
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let keys = keys::make(&dir.path().join("keys")).unwrap();
        Self { dir, keys }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn site(&self) -> PathBuf {
        self.path("site")
    }

    /// The results of a build of a version.
    fn build(&self, version: &str, channel: Channel) -> PathBuf {
        let out = self.path(&format!("out-{version}"));
        fs::create_dir_all(&out).unwrap();
        let part = |kind: PartKind| {
            let file = out.join(format!("built-{kind}"));
            let size = match kind {
                PartKind::SlotEnv => 1024,
                PartKind::Root => 64 << 10,
                _ => 512,
            };
            fs::write(&file, vec![version.len() as u8; size]).unwrap();
            (kind, BuiltPart::plain(file))
        };
        let parts: Parts = PartKind::ALL.into_iter().map(part).collect();
        let verity = Verity {
            root_hash: "ab".repeat(32),
            hash_offset: 4096,
        };
        let contents = Contents {
            parts: &parts,
            verity: &verity,
            sbom: b"{}",
        };
        let label = Label {
            version: version.parse().unwrap(),
            channel,
            floor: "0.0.0".parse().unwrap(),
            released: now(),
        };
        let desk = Desk::new(&self.keys, None);
        release::write(&out.join("release"), &contents, &label, &desk).unwrap();
        out
    }

    fn publication(&self, version: &str, channel: Channel) -> Publication {
        Publication {
            build: self.build(version, channel),
            channel: None,
            rollout: 100,
            from: None,
            expires_in: 30,
        }
    }

    fn publish(&self, version: &str, channel: Channel) {
        let publication = self.publication(version, channel);
        let desk = Desk::new(&self.keys, None);
        publish(&self.site(), &publication, &desk).unwrap();
    }
}

/// What a machine that was born with `root` makes of a channel's newest release.
fn newest(
    site: &Path,
    root: TrustedRoot,
    channel: Channel,
) -> Result<VerifiedManifest, VerifyError> {
    let mut read = |file: &str, _: usize| match fs::read(site.join(file)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        read => read.map(Some),
    };
    let mut run = || -> Result<VerifiedManifest, ReadError<io::Error>> {
        let root = root.clone().follow(false, &mut read)?;
        let trust = TrustState::default();
        let demands = Demands {
            channel: Some(channel),
            ..Demands::at(now())
        };
        let verifier = Verifier::new(&root, &trust, &demands)?;
        let index = verifier.read_index(channel, &mut read)?;
        let version = verifier.newest(&index).unwrap().version;
        Ok(verifier
            .read_manifest(&index, version, Place::Site, &mut read)?
            .manifest)
    };
    run().map_err(|error| match error {
        ReadError::Refused(refusal) => refusal,
        ReadError::Source { file, source } => panic!("{file}: {source}"),
    })
}

fn version_of(world: &World, channel: Channel) -> String {
    let root = world.keys.root().unwrap();
    newest(&world.site(), root, channel)
        .unwrap()
        .version()
        .to_string()
}

#[test]
fn the_newest_published_release_is_found() {
    let world = World::new();
    world.publish("1.0.0", Channel::Stable);
    world.publish("1.1.0", Channel::Stable);
    world.publish("1.2.0", Channel::Candidate);
    assert_eq!(version_of(&world, Channel::Stable), "1.1.0");
    assert_eq!(version_of(&world, Channel::Candidate), "1.2.0");
    let root = world.site().join("1.1.0/root.img");
    assert_eq!(fs::metadata(root).unwrap().len(), 64 << 10);
    assert!(world.site().join("1.1.0/sbom.cdx.json").exists());
}

#[test]
fn a_candidate_becomes_stable_and_stays_a_candidate() {
    let world = World::new();
    world.publish("1.2.0", Channel::Candidate);
    let promoted = Publication {
        channel: Some(Channel::Stable),
        rollout: 10,
        ..world.publication("1.2.0", Channel::Candidate)
    };
    publish(&world.site(), &promoted, &Desk::new(&world.keys, None)).unwrap();
    assert_eq!(version_of(&world, Channel::Stable), "1.2.0");
    assert_eq!(version_of(&world, Channel::Candidate), "1.2.0");
}

#[test]
fn a_version_is_never_used_twice() {
    let world = World::new();
    world.publish("1.0.0", Channel::Stable);
    let again = world.publication("1.0.0", Channel::Stable);
    fs::write(world.site().join("1.0.0/kernel"), "other").unwrap();
    let error = publish(&world.site(), &again, &Desk::new(&world.keys, None)).unwrap_err();
    assert!(error.to_string().contains("never used twice"), "{error:#}");
}

#[test]
fn a_new_index_withdraws_rolls_out_and_signs_for_retired_keys() {
    let world = World::new();
    let born_with = world.keys.root().unwrap();
    for version in ["1.0.0", "1.1.0", "1.2.0"] {
        world.publish(version, Channel::Stable);
    }
    keys::rotate(&world.keys, Role::Release, None).unwrap();
    let refusal = newest(&world.site(), world.keys.root().unwrap(), Channel::Stable);
    // The site still has the older root document: this machine knows a newer one.
    assert_eq!(refusal.unwrap_err().code(), "root-replayed");
    let relisting = Relisting {
        rollouts: vec![("1.0.0".parse().unwrap(), 5)],
        withdraw: vec!["1.2.0".parse().unwrap()],
    };
    let desk = Desk::new(&world.keys, None);
    relist(&world.site(), Channel::Stable, &relisting, 30, &desk).unwrap();
    let manifest = newest(&world.site(), born_with, Channel::Stable).unwrap();
    assert_eq!(manifest.version().to_string(), "1.1.0");
    let missing = Relisting {
        withdraw: vec!["9.0.0".parse().unwrap()],
        ..Relisting::default()
    };
    assert!(relist(&world.site(), Channel::Stable, &missing, 30, &desk).is_err());
}

#[test]
fn what_a_server_forged_is_not_signed() {
    let world = World::new();
    world.publish("1.0.0", Channel::Stable);
    let path = world.site().join("stable.json");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("\"rollout\": 100", "\"rollout\": 1")).unwrap();
    let desk = Desk::new(&world.keys, None);
    let forged = relist(
        &world.site(),
        Channel::Stable,
        &Relisting::default(),
        30,
        &desk,
    );
    let error = format!("{:#}", forged.unwrap_err());
    assert!(error.contains("not the publisher's"), "{error}");
}

#[test]
fn a_site_can_be_signed_elsewhere() {
    let world = World::new();
    let publication = world.publication("1.0.0", Channel::Stable);
    // The secret release key leaves this machine.
    let vault = keys::make(&world.path("vault")).unwrap();
    for file in ["root.json", "root.json.minisig", "release.key"] {
        fs::copy(world.keys.dir().join(file), vault.dir().join(file)).unwrap();
    }
    fs::remove_file(world.keys.dir().join("release.key")).unwrap();
    let out = world.path("to-sign");
    let run = || {
        publish(
            &world.site(),
            &publication,
            &Desk::new(&world.keys, Some(&out)),
        )
    };
    let error = run().unwrap_err().to_string();
    assert!(
        error.contains("stable.json") && error.contains("1.0.0/manifest.json"),
        "{error}"
    );
    assert!(!world.site().join("stable.json").exists());
    for file in ["stable.json", "1.0.0/manifest.json"] {
        let bytes = fs::read(out.join(file)).unwrap();
        let signature = vault.sign(Role::Release, &bytes, file).unwrap();
        fs::write(out.join(format!("{file}.minisig")), signature).unwrap();
    }
    run().unwrap();
    assert_eq!(version_of(&world, Channel::Stable), "1.0.0");
}
