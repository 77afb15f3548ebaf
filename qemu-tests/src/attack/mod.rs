//! The attack table: releases, servers and people between them that mean ill.
//! Each is refused by its own code, and nothing on the way to a start changes.

mod documents;
mod draft;
mod guard;
mod parts;
mod servers;
mod story;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Result, ensure};
use megh_api_types::{StageRequest, SystemUpdate};

pub use story::{Attacked, on_a_machine, state};

use crate::Lab;
use crate::disk::Disk;
use crate::signing::Keys;
use crate::site::{Manners, Site};
use crate::updating::{self, Story};
use crate::write_log::Base;
use draft::{Draft, OFFERED};
use guard::{Guard, Reach};

/// The table has at least as many rows.
const LEAST_ROWS: usize = 60;
/// A version that nobody lists.
const UNHEARD: &str = "9.9.9";

/// One row.
#[derive(Clone)]
struct Attack {
    name: &'static str,
    /// The refusal's code.
    code: &'static str,
    /// What is done to a sound site.
    lay: fn(&mut Draft),
    /// How it is served.
    server: Server,
    /// The version that is asked for; otherwise the newest.
    version: Option<&'static str>,
}

/// Who serves it.
#[derive(Clone)]
enum Server {
    /// A good one.
    Honest,
    /// A bad one.
    Bad(Manners),
    /// One that serves another site after so many requests.
    AnotherSite(usize, fn(&mut Draft)),
    /// One that serves another site after so many ranges.
    AnotherSiteBetweenRanges(usize, fn(&mut Draft)),
    /// Nobody.
    Absent,
}

fn on(name: &'static str, code: &'static str, lay: fn(&mut Draft)) -> Attack {
    Attack {
        name,
        code,
        lay,
        server: Server::Honest,
        version: None,
    }
}

/// How long the table may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// Without the server that stalls, for which the updater waits two minutes.
    Short,
    /// Every row.
    Long,
}

/// Tries the table on a machine that runs from slot A of the recorded `disk`, an
/// overlay of the raw file `base`, and then the same site without an attack.
fn table(
    lab: &Lab,
    story: &mut Story<'_>,
    disk: &Disk,
    base: &Base,
    patience: Patience,
) -> Result<()> {
    let mut trial = Trial::begin(lab, story, disk, base)?;
    let mut rows = [documents::rows(), parts::rows(), servers::rows()].concat();
    if patience == Patience::Long {
        rows.push(servers::stalling());
    }
    rows.extend(documents::last_rows());
    let count = rows.len();
    ensure!(count >= LEAST_ROWS, "the table has only {count} rows");
    let mut wrong = Vec::new();
    for (number, attack) in (1..).zip(&rows) {
        if let Err(error) = trial.row(number, attack) {
            lab.say(&format!("{}: {error:#}", attack.name));
            wrong.push(format!("{}: {error:#}", attack.name));
        }
    }
    ensure!(wrong.is_empty(), "{wrong:#?}");
    trial.without_attack()?;
    lab.say(&format!("{count} attacks refused, the boot path untouched"));
    Ok(())
}

/// The machine, the server, and the disk that is watched.
struct Trial<'t, 'l> {
    lab: &'t Lab,
    story: &'t mut Story<'l>,
    site: Site,
    folder: PathBuf,
    guard: Guard<'t>,
    keys: Arc<Keys>,
    issued: u64,
}

impl<'t, 'l> Trial<'t, 'l> {
    fn begin(lab: &'t Lab, story: &'t mut Story<'l>, disk: &'t Disk, base: &Base) -> Result<Self> {
        let keys = Arc::new(Keys::open()?);
        let folder = lab.path("attack");
        let site = Site::serve(&folder, Manners::Honest)?;
        let issued = updating::site_issued(lab, "next")?;
        Draft::sound(&keys, issued, 0).lay(&folder)?;
        // When the updater has answered this, it is at nothing else any more.
        let asked = story
            .api
            .stage_whatever(&request(&site.url(), Some(UNHEARD)))?;
        ensure!(code(&asked) == Some("release-not-listed"), "{asked:?}");
        story.appliance.machine.flush_log()?;
        Ok(Self {
            guard: Guard::begin(disk, base.clone())?,
            lab,
            story,
            site,
            folder,
            keys,
            issued,
        })
    }

    fn row(&mut self, number: u64, attack: &Attack) -> Result<()> {
        let mut draft = Draft::sound(&self.keys, self.issued, number);
        (attack.lay)(&mut draft);
        draft.lay(&self.folder)?;
        self.serve(number, attack)?;
        let url = match attack.server {
            // The port of a discard service, where nobody listens.
            Server::Absent => "http://10.0.2.2:9".to_owned(),
            _ => self.site.url(),
        };
        let update = self
            .story
            .api
            .stage_whatever(&request(&url, attack.version))?;
        let found = code(&update);
        ensure!(
            found == Some(attack.code),
            "{found:?} instead of `{}`: {:?}",
            attack.code,
            update.task
        );
        let begun = update
            .slots
            .iter()
            .any(|slot| !slot.running && slot.version.as_deref() == Some(OFFERED));
        let reach = if begun {
            Reach::OtherSlot
        } else {
            Reach::Nothing
        };
        self.story.appliance.machine.flush_log()?;
        let harmless = self.guard.check(reach)?;
        self.lab.say(&format!(
            "{}: {} ({harmless} idle writes)",
            attack.name, attack.code
        ));
        Ok(())
    }

    fn serve(&self, number: u64, attack: &Attack) -> Result<()> {
        let other = self.lab.path("attack-other");
        let lay = |edit: fn(&mut Draft)| {
            let mut draft = Draft::sound(&self.keys, self.issued, number + 1000);
            edit(&mut draft);
            draft.lay(&other)
        };
        self.site.behave(match &attack.server {
            Server::Honest | Server::Absent => Manners::Honest,
            Server::Bad(manners) => manners.clone(),
            Server::AnotherSite(after, edit) => {
                lay(*edit)?;
                Manners::ChangesItsMind(self.site.served().len() + after, other)
            }
            Server::AnotherSiteBetweenRanges(after, edit) => {
                lay(*edit)?;
                Manners::ChangesBetweenRanges(self.site.ranges() + after, other)
            }
        });
        Ok(())
    }

    /// The same site, unharmed, is taken: it was the attacks that were refused.
    fn without_attack(&mut self) -> Result<()> {
        let mut draft = Draft::sound(&self.keys, self.issued, 0);
        documents::after_the_rotation(&mut draft);
        draft.chunk();
        documents::sign_with_the_new_key(&mut draft);
        draft.lay(&self.folder)?;
        self.site.behave(Manners::Honest);
        let update = self
            .story
            .api
            .stage_whatever(&request(&self.site.url(), None))?;
        let staged = update.staged.as_ref().map(|staged| staged.version.as_str());
        ensure!(
            staged == Some(OFFERED),
            "without an attack: {:?}",
            update.task
        );
        self.story.appliance.machine.flush_log()?;
        self.guard.check(Reach::OtherSlot).map(drop)
    }
}

fn request(url: &str, version: Option<&str>) -> StageRequest {
    StageRequest {
        version: version.map(str::to_owned),
        source: Some(url.to_owned()),
        allow_expired: false,
    }
}

fn code(update: &SystemUpdate) -> Option<&str> {
    update.task.as_ref()?.code.as_deref()
}
