//! `check`: which releases could be staged.

use megh_model::update::{CheckResult, Offer};

use crate::examine::{Examiner, Wish};
use crate::lock::Lock;
use crate::source::{Site, sticks};
use crate::{UpdateError, Updater, kept};

/// Where the last result lies below the updater's directory.
pub(crate) const CHECK_FILE: &str = "check.json";

impl Updater<'_> {
    /// Looks at the source that is set and at what is plugged in, and keeps
    /// what was found. An error of the source does not hide a stick.
    pub fn check(&self) -> Result<CheckResult, UpdateError> {
        let settings = self.settings();
        let examiner = self.examiner(&settings);
        if examiner.kept_trust().is_err() {
            // The slots tell how far back it goes, while nobody writes to them.
            let _lock = Lock::take(&self.places)?;
            examiner.mend_trust()?;
        }
        let mut offers = Vec::new();
        let asked = match &settings.source {
            Some(address) => {
                let site = Site::open(self.machine, &self.places, address, settings.bandwidth);
                site.and_then(|site| offer(&examiner, &site))
            }
            None => Ok(None),
        };
        let failed = match asked {
            Ok(offer) => {
                offers.extend(offer);
                None
            }
            Err(error) => Some(error),
        };
        let mut looked = settings.source.is_some();
        for device in sticks(&self.places, &self.disk) {
            let site = Site::on_device(self.machine, &self.places, &device);
            match site.and_then(|site| offer(&examiner, &site)) {
                Ok(offer) => {
                    looked = true;
                    offers.extend(offer);
                }
                Err(error) => tracing::info!(device = %device.display(), %error, "nothing there"),
            }
        }
        let failed = match failed {
            None if !looked => Some(UpdateError::NoSource),
            other => other,
        };
        let result = CheckResult {
            at: self.now(),
            offers,
            code: failed.as_ref().map(|error| error.code().to_owned()),
            error: failed.map(|error| crate::chain(&error)),
        };
        if let Err(error) = self.keep_check(&result) {
            tracing::warn!(error = crate::chain(&error), "what was found is not kept");
        }
        Ok(result)
    }

    fn keep_check(&self, result: &CheckResult) -> Result<(), UpdateError> {
        let _lock = Lock::memory(&self.places)?;
        kept::save(self.machine, &self.places.kept(CHECK_FILE), result)
    }
}

/// What a place offers; none when it has nothing newer. What is only too old is
/// offered with that reason, so that a person can give the explicit word.
fn offer(examiner: &Examiner<'_>, site: &Site<'_>) -> Result<Option<Offer>, UpdateError> {
    let wish = Wish::default();
    let chosen = examiner
        .examine(site, &wish)
        .and_then(|examined| examined.choose(&wish));
    match chosen {
        Ok(chosen) => Ok(Some(chosen.offer(&site.name, None))),
        Err(UpdateError::UpToDate { .. }) => Ok(None),
        Err(UpdateError::Verify(error)) if error.is_age() && site.local => {
            let wish = Wish {
                allow_expired: true,
                ..wish
            };
            let examined = examiner.examine(site, &wish)?;
            let chosen = examined.choose(&wish)?;
            Ok(Some(chosen.offer(&site.name, Some(error.to_string()))))
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
