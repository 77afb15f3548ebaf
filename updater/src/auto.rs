//! `auto`: what the policy wants, from time to time.

use megh_model::update::{Policy, Settings};

use crate::stage::StageRequest;
use crate::{UpdateError, Updater};

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AutoOutcome {
    /// The policy says to do nothing.
    Off,
    /// Nothing is newer.
    UpToDate,
    /// This version lies ready.
    Staged(String),
    /// This version will be started: the machine has to restart.
    Applied(String),
}

impl Updater<'_> {
    /// Checks, stages and, inside the maintenance window, applies, as far as
    /// the settings want it.
    pub fn auto(&self) -> Result<AutoOutcome, UpdateError> {
        let settings = self.settings();
        if settings.policy == Policy::Manual {
            return Ok(AutoOutcome::Off);
        }
        let offers = self.check()?.offers;
        let fetched = offers.iter().find(|offer| offer.source.starts_with("http"));
        if fetched.is_none() && self.status().staged.is_none() {
            return Ok(AutoOutcome::UpToDate);
        }
        if self.has_failed(fetched.map(|offer| offer.version.as_str())) {
            return Ok(AutoOutcome::UpToDate);
        }
        let version = match fetched {
            Some(_) => self.stage(&StageRequest::default(), &mut |_| ())?.version,
            None => self.status().staged.map_or(String::new(), |s| s.version),
        };
        if !restarts_now(&settings, self.now()) {
            return Ok(AutoOutcome::Staged(version));
        }
        Ok(AutoOutcome::Applied(self.apply(&mut |_| ())?))
    }

    /// A version that was tried and did not do its job is not tried again by
    /// itself.
    fn has_failed(&self, version: Option<&str>) -> bool {
        let last = self.status().last_trial;
        last.is_some_and(|last| {
            last.outcome != megh_model::update::TrialOutcome::Committed
                && Some(last.version.as_str()) == version
        })
    }
}

fn restarts_now(settings: &Settings, now: u64) -> bool {
    let minute = u16::try_from(now / 60 % (24 * 60)).unwrap_or(0);
    let inside = settings.window.is_none_or(|window| window.contains(minute));
    settings.policy == Policy::Automatic && inside
}

#[cfg(test)]
mod tests {
    use megh_host::fake::FakeMachine;
    use megh_model::slot::Slot;
    use megh_model::update::Window;

    use super::*;
    use crate::testing::World;

    #[test]
    fn the_policy_says_how_far_it_goes() {
        let mut world = World::new();
        world.publish("1.1.0");
        let fake = FakeMachine::new();
        let automatic = |window| Settings {
            policy: Policy::Automatic,
            window,
            ..Settings::default()
        };
        assert_eq!(world.updater(&fake).auto().unwrap(), AutoOutcome::Off);
        world.settings(&automatic(None));
        assert_eq!(world.updater(&fake).auto().unwrap(), AutoOutcome::UpToDate);
        let request = StageRequest {
            from: Some(world.site().display().to_string()),
            ..StageRequest::default()
        };
        world.updater(&fake).stage(&request, &mut |_| ()).unwrap();
        let minute = u16::try_from(crate::testing::NOW / 60 % 1440).unwrap();
        let later = Window {
            from_minute: (minute + 60) % 1440,
            to_minute: (minute + 120) % 1440,
        };
        world.settings(&automatic(Some(later)));
        let staged = AutoOutcome::Staged("1.1.0".to_owned());
        assert_eq!(world.updater(&fake).auto().unwrap(), staged);
        assert_eq!(world.start(), Slot::A);
        world.settings(&automatic(None));
        let applied = AutoOutcome::Applied("1.1.0".to_owned());
        assert_eq!(world.updater(&fake).auto().unwrap(), applied);
        assert_eq!(world.start(), Slot::B);
    }

    #[test]
    fn the_machine_restarts_by_itself_only_when_it_may_and_inside_the_window() {
        let mut settings = Settings {
            policy: Policy::Automatic,
            ..Settings::default()
        };
        let two_in_the_morning = 20_000 * 86_400 + 2 * 3600;
        assert!(restarts_now(&settings, two_in_the_morning));
        settings.window = Some(Window {
            from_minute: 60,
            to_minute: 180,
        });
        assert!(restarts_now(&settings, two_in_the_morning));
        assert!(!restarts_now(&settings, two_in_the_morning + 3600));
        settings.policy = Policy::DownloadOnly;
        assert!(!restarts_now(&settings, two_in_the_morning));
    }
}
