//! From a place with releases to those that this machine may install: the
//! documents are read and believed in the order of the one verifier.

use std::collections::BTreeMap;

use megh_host::Machine;
use megh_model::layout::PartitionRole;
use megh_model::release::{
    Channel, Demands, MAX_BOOT_PARTS, Machine as RolloutMachine, PartKind, ROOT_FILE, Room,
    SignedManifest, TRUST_FILE, TrustState, TrustedRoot, VerifiedIndex, VerifiedManifest, Verifier,
    Version, root_file, signature_file, verify_installed,
};
use megh_model::slot::Slot;
use megh_model::update::{Offer, Settings};

use crate::fetch::FetchError;
use crate::lock::Lock;
use crate::look::{Found, look};
use crate::source::Site;
use crate::volumes::{Access, Volumes};
use crate::{BootDisk, Places, UpdateError, kept};

/// Directory with the root documents that were believed, below the updater's.
const ROOTS_DIR: &str = "roots";

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wish {
    /// A version that a person named.
    pub(crate) version: Option<Version>,
    /// A person's word that old documents are meant.
    pub(crate) allow_expired: bool,
}

/// A site whose index is believed.
pub(crate) struct Examined<'s, 'm> {
    pub(crate) site: &'s Site<'m>,
    root: TrustedRoot,
    trust: TrustState,
    demands: Demands,
    index: VerifiedIndex,
}

/// A release that may be installed.
pub(crate) struct Chosen {
    pub(crate) signed: SignedManifest,
    /// Its directory, as fetching takes it.
    pub(crate) dir: String,
}

/// Who examines.
pub(crate) struct Examiner<'a> {
    pub(crate) machine: &'a dyn Machine,
    pub(crate) places: &'a Places,
    pub(crate) disk: &'a BootDisk,
    pub(crate) settings: &'a Settings,
    /// Seconds since 1970.
    pub(crate) now: u64,
}

impl Examiner<'_> {
    /// What this machine remembers of earlier documents. When that is damaged it
    /// is not nothing: what lies in the slots still says how far back it goes.
    pub(crate) fn trust(&self) -> TrustState {
        match self.kept_trust() {
            Ok(kept) => kept.unwrap_or_default(),
            Err(why) => {
                tracing::warn!(why, "{TRUST_FILE} is lost, the slots' floor holds");
                self.least_trust()
            }
        }
    }

    /// What was written down; none on a machine that has seen nothing yet.
    pub(crate) fn kept_trust(&self) -> Result<Option<TrustState>, String> {
        let bytes = match kept::read(self.machine, &self.places.kept(TRUST_FILE)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(|error| error.to_string())?,
        };
        let kept = TrustState::parse(&bytes);
        kept.map(Some).map_err(|error| crate::chain(&error))
    }

    /// What the releases that have proved themselves on this machine say. No
    /// volume may be mounted yet.
    fn least_trust(&self) -> TrustState {
        let volumes = Volumes::open(self.machine, self.places, self.disk, Access::Read);
        let found = look(&volumes, self.disk);
        drop(volumes);
        let good = found.facts.env.map(|env| env.choice().good);
        let proved = |slot: &Slot| found.facts.mark(*slot) > 0 || good == Some(*slot);
        let manifests = Slot::ALL.into_iter().filter(proved);
        manifests
            .filter_map(|slot| self.manifest_of(&found, slot))
            .fold(TrustState::default(), |trust, manifest| TrustState {
                seen: trust.seen.max(manifest.released()),
                ..trust.with_floor(manifest.floor())
            })
    }

    /// The manifest of a slot, if it is there and was signed rightly.
    pub(crate) fn manifest_of(&self, found: &Found, slot: Slot) -> Option<VerifiedManifest> {
        let (manifest, signatures) = found.slot(slot).documents.as_ref()?;
        verify_installed(&self.root().ok()?, manifest, signatures).ok()
    }

    /// The root document of the image, or the newest that was believed since.
    pub(crate) fn root(&self) -> Result<TrustedRoot, UpdateError> {
        let read = |name: &str| {
            let path = self.places.keys().join(name);
            kept::read(self.machine, &path).map_err(UpdateError::file("read", path))
        };
        let built_in =
            TrustedRoot::built_in(&read(ROOT_FILE)?, &read(&signature_file(ROOT_FILE))?)?;
        let newer = built_in.clone().follow_kept(&mut |name, _| {
            let path = self.places.kept(ROOTS_DIR).join(name);
            Ok::<_, FetchError>(kept::read(self.machine, &path).ok())
        });
        Ok(newer.unwrap_or(built_in))
    }

    /// Reads keys and index of a site.
    pub(crate) fn examine<'s, 'm>(
        &self,
        site: &'s Site<'m>,
        wish: &Wish,
    ) -> Result<Examined<'s, 'm>, UpdateError> {
        let trust = self.trust();
        let known = self.root()?;
        let mut roots = BTreeMap::new();
        let root = known
            .clone()
            .follow(wish.allow_expired, &mut |name, limit| {
                let bytes = site.read(name, limit)?;
                if let Some(bytes) = &bytes {
                    roots.insert(name.to_owned(), bytes.clone());
                }
                Ok::<_, FetchError>(bytes)
            })?;
        let demands = self.demands(site, wish)?;
        let verifier = Verifier::new(&root, &trust, &demands)?;
        let mut read = |name: &str, limit: usize| site.read(name, limit);
        let index = verifier.read_index(self.channel(site), &mut read)?;
        let trust = trust.with_root(&root).with_index(&index);
        let kept = self
            .keep_roots(&known, &root, &roots)
            .and_then(|()| self.keep_trust(&trust));
        if let Err(error) = kept {
            // The release is believed all the same: it may be what makes room.
            tracing::error!(
                error = crate::chain(&error),
                "the documents seen are not kept"
            );
        }
        Ok(Examined {
            site,
            root,
            trust,
            demands,
            index,
        })
    }

    fn demands(&self, site: &Site<'_>, wish: &Wish) -> Result<Demands, UpdateError> {
        let size = |role| -> Result<u64, UpdateError> {
            let device = self.disk.device(role)?;
            let mut file =
                std::fs::File::open(device).map_err(UpdateError::file("open", device))?;
            std::io::Seek::seek(&mut file, std::io::SeekFrom::End(0))
                .map_err(UpdateError::file("measure", device))
        };
        let target = self.disk.slot.other();
        let room = Room {
            root: size(PartitionRole::root(target))?,
            boot: MAX_BOOT_PARTS,
        };
        let id = kept::read(self.machine, &self.places.path("/etc/machine-id"));
        let id = id.map(|id| String::from_utf8_lossy(&id).into_owned());
        let chosen_by_hand = site.local || wish.version.is_some();
        Ok(Demands {
            now: self.now,
            channel: (!site.local).then(|| self.followed()),
            running: self.disk.version.parse().ok(),
            room,
            allow_expired: wish.allow_expired,
            machine: match chosen_by_hand {
                true => None,
                false => Some(RolloutMachine::new(&id.unwrap_or_default())),
            },
        })
    }

    fn followed(&self) -> Channel {
        let named = self.settings.channel.as_deref();
        named
            .and_then(|name| name.parse().ok())
            .unwrap_or(Channel::Stable)
    }

    /// The channel whose index is read: the followed one, or what a stick has.
    fn channel(&self, site: &Site<'_>) -> Channel {
        let followed = self.followed();
        let has = |channel: &Channel| {
            let read = site.read(&channel.index_file(), 64 << 10);
            !matches!(read, Ok(None))
        };
        if !site.local || has(&followed) {
            return followed;
        }
        Channel::ALL.into_iter().find(has).unwrap_or(followed)
    }

    /// Keeps the steps from the image's root document to the newest one.
    fn keep_roots(
        &self,
        known: &TrustedRoot,
        root: &TrustedRoot,
        read: &BTreeMap<String, Vec<u8>>,
    ) -> Result<(), UpdateError> {
        let _lock = Lock::memory(self.places)?;
        for version in known.version() + 1..=root.version() {
            let name = root_file(version);
            for name in [signature_file(&name), name] {
                if let Some(bytes) = read.get(&name) {
                    let path = self.places.kept(ROOTS_DIR).join(&name);
                    kept::save_bytes(self.machine, &path, bytes)?;
                }
            }
        }
        Ok(())
    }

    /// Writes down what must not be forgotten of documents and versions, beside
    /// what somebody else may have written since this was read.
    pub(crate) fn keep_trust(&self, trust: &TrustState) -> Result<(), UpdateError> {
        let _lock = Lock::memory(self.places)?;
        let kept = self.kept_trust().unwrap_or_default();
        let both = match &kept {
            Some(kept) => kept.with(trust),
            None => trust.clone(),
        };
        if kept.as_ref() == Some(&both) {
            return Ok(());
        }
        kept::save_bytes(
            self.machine,
            &self.places.kept(TRUST_FILE),
            &both.to_bytes(),
        )
    }

    /// Writes a memory that is damaged anew from what the slots still say. The
    /// lock of the disk must be held, and no volume be mounted.
    pub(crate) fn mend_trust(&self) -> Result<(), UpdateError> {
        match self.kept_trust() {
            Ok(_) => Ok(()),
            Err(_) => self.keep_trust(&self.trust()),
        }
    }
}

impl Examined<'_, '_> {
    /// Reads the manifest of the wished version, or of the highest one that is
    /// newer than what runs.
    pub(crate) fn choose(&self, wish: &Wish) -> Result<Chosen, UpdateError> {
        let verifier = Verifier::new(&self.root, &self.trust, &self.demands)?;
        let listed = match wish.version {
            Some(version) => verifier.release(&self.index, version)?,
            None => {
                let newest = verifier.newest(&self.index);
                let newer = newest.filter(|listed| Some(listed.version) > self.demands.running);
                newer.ok_or_else(|| UpdateError::UpToDate {
                    found: self.site.name.clone(),
                    running: self.running(),
                })?
            }
        };
        let site = self.site;
        let mut read = |name: &str, limit: usize| site.read(name, limit);
        let signed = verifier.read_manifest(&self.index, listed.version, site.place, &mut read)?;
        Ok(Chosen {
            signed,
            dir: site.directory(&listed.path),
        })
    }

    fn running(&self) -> String {
        let running = self.demands.running.map(|version| version.to_string());
        running.unwrap_or_default()
    }
}

impl Chosen {
    /// Bytes of all parts.
    pub(crate) fn size(&self) -> u64 {
        let size = |kind| self.signed.manifest.part(kind).size;
        PartKind::ALL.into_iter().map(size).sum()
    }

    /// As it is told.
    pub(crate) fn offer(&self, source: &str, refused: Option<String>) -> Offer {
        Offer {
            version: self.signed.manifest.version().to_string(),
            source: source.to_owned(),
            size: self.size(),
            download: None,
            released: Some(self.signed.manifest.released()),
            refused,
        }
    }
}
