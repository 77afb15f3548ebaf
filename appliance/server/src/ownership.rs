//! Whether the appliance has an owner, the code to become it, and the file
//! through which the machine's own screen shows that code.

use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard};

use megh_model::console::ConsoleStatus;

use crate::claim_code::{Attempt, ClaimCode};
use crate::files;

/// Whether the appliance has an owner.
pub struct Ownership {
    /// The code, as long as there is no owner.
    code: Mutex<Option<ClaimCode>>,
    screen: Screen,
}

/// Where the machine's own screen reads.
#[derive(Debug, Clone)]
pub struct Screen {
    /// The file, see [`megh_model::console::CONSOLE_STATUS_PATH`]; none in tests.
    pub path: Option<PathBuf>,
    /// TCP port of the listener.
    pub port: u16,
    /// Fingerprint of the certificate.
    pub fingerprint: String,
}

impl Ownership {
    /// Not known yet; `Ownership::start` follows.
    pub fn new(screen: Screen) -> Self {
        Self {
            code: Mutex::new(None),
            screen,
        }
    }

    /// Begins with what the store says: without an owner a code is drawn and shown.
    pub(crate) fn start(&self, claimed: bool) {
        let mut code = self.lock();
        *code = (!claimed).then(ClaimCode::draw);
        self.show(&code);
    }

    /// Whether somebody owns the appliance.
    pub fn is_claimed(&self) -> bool {
        self.lock().is_none()
    }

    /// The code on the screen, as long as there is no owner.
    pub fn code(&self) -> Option<String> {
        self.lock().as_ref().map(ClaimCode::display)
    }

    /// Tries a code; `None` when there is an owner already.
    pub(crate) fn attempt(&self, typed: &str) -> Option<Attempt> {
        let mut code = self.lock();
        let attempt = code.as_mut()?.attempt(typed);
        if attempt == Attempt::WrongAndRotated {
            self.show(&code);
        }
        Some(attempt)
    }

    /// Notes that there is an owner: the code is gone.
    pub(crate) fn claimed(&self) {
        let mut code = self.lock();
        *code = None;
        self.show(&code);
    }

    fn lock(&self) -> MutexGuard<'_, Option<ClaimCode>> {
        self.code
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// A screen that cannot be written to does not stop the appliance.
    fn show(&self, code: &Option<ClaimCode>) {
        let status = ConsoleStatus {
            port: self.screen.port,
            fingerprint: self.screen.fingerprint.clone(),
            claim_code: code.as_ref().map(ClaimCode::display),
        };
        if let Err(error) = self.screen.write(&status) {
            tracing::error!(path = ?self.screen.path, %error, "cannot tell the machine's own screen");
        }
    }
}

impl Screen {
    /// Replaces the file in one move; only its owner can read it.
    fn write(&self, status: &ConsoleStatus) -> io::Result<()> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        files::replace(path, 0o600, &serde_json::to_vec(status)?)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_screen_shows_the_code_until_there_is_an_owner() {
        let home = tempfile::tempdir().expect("a directory");
        let path = home.path().join("run/console.json");
        let screen = Screen {
            path: Some(path.clone()),
            port: 443,
            fingerprint: "aa:bb".into(),
        };
        let shown = || -> ConsoleStatus {
            serde_json::from_slice(&fs::read(&path).expect("a file")).expect("a status")
        };

        let ownership = Ownership::new(screen);
        ownership.start(false);
        assert_eq!(shown().claim_code, ownership.code());
        assert_eq!(
            fs::metadata(&path).expect("a file").permissions().mode() & 0o777,
            0o600
        );

        let first = ownership.code().expect("a code");
        for _ in 0..5 {
            ownership.attempt("wrong").expect("no owner yet");
        }
        assert_ne!(shown().claim_code, Some(first));
        assert_eq!(shown().claim_code, ownership.code());

        ownership.claimed();
        assert_eq!(shown().claim_code, None);
        assert!(ownership.is_claimed());
        assert_eq!(ownership.attempt("anything"), None);
    }
}
