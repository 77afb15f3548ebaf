//! Passwords: hashed with Argon2id, a few at a time, away from the async threads.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::rand_core::OsRng;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use megh_api_types::ProblemCode;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::fault::Fault;

/// Hashes made at once. Each takes a core and 19 MiB.
const CONCURRENCY: usize = 2;
/// How long a request waits for its turn.
const PATIENCE: Duration = Duration::from_secs(20);
/// Shortest and longest password, in characters.
pub const LENGTH: std::ops::RangeInclusive<usize> = 12..=256;

/// Cost of a hash; recorded with every hash, so that it can be raised later.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// Memory in KiB.
    pub memory: u32,
    /// Passes over it.
    pub passes: u32,
}

impl Cost {
    /// What OWASP recommends for Argon2id: 19 MiB, two passes.
    pub const STANDARD: Self = Self {
        memory: 19 * 1024,
        passes: 2,
    };
    /// As little as the algorithm takes, for tests that log in a lot.
    pub const CHEAP: Self = Self {
        memory: 8,
        passes: 1,
    };
}

/// Makes and checks hashes.
#[derive(Clone)]
pub struct Passwords {
    turns: Arc<Semaphore>,
    cost: Cost,
}

impl Passwords {
    /// Hashes with `cost` from now on; older hashes are checked with their own.
    pub fn new(cost: Cost) -> Self {
        Self {
            turns: Arc::new(Semaphore::new(CONCURRENCY)),
            cost,
        }
    }

    /// The PHC string of a password, with a new salt.
    pub async fn hash(&self, password: String) -> Result<String, Fault> {
        let cost = self.cost;
        self.in_turn(move || hash(cost, &password)).await?
    }

    /// Whether the password fits. `None` stands for a user that does not exist:
    /// never fits, and takes as long.
    pub async fn fits(&self, known: Option<String>, password: String) -> Result<bool, Fault> {
        let cost = self.cost;
        self.in_turn(move || {
            let Some(known) = known else {
                return hash(cost, &password).map(|_| false);
            };
            let known = PasswordHash::new(&known).map_err(Fault::internal)?;
            Ok(Argon2::default()
                .verify_password(password.as_bytes(), &known)
                .is_ok())
        })
        .await?
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let turn = timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned())
            .await
            .map_err(|_| {
                Fault::new(
                    ProblemCode::Unavailable,
                    "Too many people are logging in at once.",
                )
                .after(Duration::from_secs(5))
            })?
            .map_err(Fault::internal)?;
        tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        })
        .await
        .map_err(Fault::internal)
    }
}

fn hash(cost: Cost, password: &str) -> Result<String, Fault> {
    let params = Params::new(cost.memory, cost.passes, 1, None).map_err(Fault::internal)?;
    let salt = SaltString::generate(&mut OsRng);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password(password.as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .map_err(Fault::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hash_records_its_cost_and_fits_its_password_only() {
        let passwords = Passwords::new(Cost::STANDARD);
        let hash = passwords
            .hash("correct horse battery".into())
            .await
            .expect("hashing works");
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        let fits = |known: Option<String>, password: &str| passwords.fits(known, password.into());
        assert!(
            fits(Some(hash.clone()), "correct horse battery")
                .await
                .expect("checking works")
        );
        assert!(
            !fits(Some(hash), "correct horse batterz")
                .await
                .expect("checking works")
        );
        assert!(
            !fits(None, "correct horse battery")
                .await
                .expect("checking works")
        );
    }
}
