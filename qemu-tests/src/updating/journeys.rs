//! From version to version and back.

use anyhow::{Result, ensure};

use super::{Story, Way, site};
use crate::disk::Disk;
use crate::{Firmware, Lab, installation};

/// What `cargo ci releases` builds to update to, and their versions.
const NEXT: (&str, &str) = ("next", "0.2.0");
const AFTER_NEXT: (&str, &str) = ("after-next", "0.3.0");

/// From the installed version in slot A to the next one in slot B.
pub fn first_update(lab: &Lab, firmware: Firmware) -> Result<Story<'_>> {
    let disk = installation::installed_disk(lab, firmware)?;
    updated_once(lab, firmware, &disk, &mut |_| Ok(()))
}

/// What is about to happen in [`there_and_back`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The first update is staged.
    Stage,
    /// It is applied.
    Apply,
    /// The second update is staged and applied.
    Second,
    /// A person goes back.
    Back,
}

/// Something done at each moment of a story.
type At<'a> = dyn FnMut(Moment) -> Result<()> + 'a;

/// The first update, a second one into slot A, and a person who goes back; `at`
/// is called before each.
pub fn there_and_back(
    lab: &Lab,
    firmware: Firmware,
    disk: &Disk,
    way: Way,
    at: &mut At<'_>,
) -> Result<()> {
    let story = updated_once(lab, firmware, disk, at)?;
    let (name, version) = AFTER_NEXT;
    at(Moment::Second)?;
    let served = story.stage(&site(lab, name)?, version)?;
    let whole = story.api.update()?.staged.map_or(0, |staged| staged.size);
    ensure!(
        served < whole,
        "{served} bytes were fetched of {whole}: nothing was taken from the disk"
    );
    let story = story.apply(version)?;
    at(Moment::Back)?;
    let story = story.roll_back(NEXT.1, way)?;
    story.has_stayed_up()?;
    story.appliance.power_off()
}

fn updated_once<'l>(
    lab: &'l Lab,
    firmware: Firmware,
    disk: &Disk,
    at: &mut At<'_>,
) -> Result<Story<'l>> {
    let story = Story::begin(lab, firmware, disk)?;
    let (name, version) = NEXT;
    let site = site(lab, name)?;
    at(Moment::Stage)?;
    story.stage(&site, version)?;
    ensure!(site.ranges() > 0, "nothing was fetched by ranges");
    at(Moment::Apply)?;
    let story = story.apply(version)?;
    ensure!(
        story.api.system()?.slot.as_deref() == Some("b"),
        "it does not run from slot b"
    );
    story.has_stayed_up()?;
    Ok(story)
}
