//! The code that shows who stands in front of a fresh appliance.

use rand::TryRngCore;
use rand::rngs::OsRng;
use subtle::ConstantTimeEq;

/// Crockford's base 32: no I, L, O, U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters of a code; 5 bits each, so 50 bits.
const LENGTH: usize = 10;
/// Wrong codes after which a new one is drawn.
const MAX_FAILURES: u32 = 5;

/// A claim code, and how often it was guessed wrong.
pub(crate) struct ClaimCode {
    code: [u8; LENGTH],
    failures: u32,
}

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// The code is right. It stays valid until the claim is in the store.
    Right,
    /// The code is wrong.
    Wrong,
    /// The code is wrong, for the last time: there is a new one now.
    WrongAndRotated,
}

impl ClaimCode {
    /// Draws a new one.
    ///
    /// # Panics
    /// When the operating system has no randomness to give, which it does not survive either.
    pub(crate) fn draw() -> Self {
        let mut code = [0; LENGTH];
        OsRng
            .try_fill_bytes(&mut code)
            .expect("the operating system gives random bytes");
        for byte in &mut code {
            // 256 is a multiple of 32, so every character is as likely.
            *byte = ALPHABET[usize::from(*byte % 32)];
        }
        Self { code, failures: 0 }
    }

    /// The code in two groups, as people read it.
    pub(crate) fn display(&self) -> String {
        let text = String::from_utf8_lossy(&self.code);
        format!("{}-{}", &text[..LENGTH / 2], &text[LENGTH / 2..])
    }

    /// Compares what somebody typed in a time that does not depend on it.
    pub(crate) fn attempt(&mut self, typed: &str) -> Attempt {
        let right = normalise(typed).is_some_and(|typed| bool::from(typed.ct_eq(&self.code)));
        if right {
            return Attempt::Right;
        }
        self.failures += 1;
        if self.failures < MAX_FAILURES {
            return Attempt::Wrong;
        }
        *self = Self::draw();
        Attempt::WrongAndRotated
    }
}

/// Reads a code as people type one: case, dashes and blanks do not matter, and
/// what looks alike is alike.
fn normalise(typed: &str) -> Option<[u8; LENGTH]> {
    let mut code = [0; LENGTH];
    let mut filled = 0;
    for c in typed.chars().filter(|c| !matches!(c, '-' | ' ')) {
        let c = match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        };
        *code.get_mut(filled)? = u8::try_from(c)
            .ok()
            .filter(|byte| ALPHABET.contains(byte))?;
        filled += 1;
    }
    (filled == LENGTH).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let mut code = ClaimCode {
            code: *b"7KQ2M01D4X",
            failures: 0,
        };
        assert_eq!(code.display(), "7KQ2M-01D4X");
        for typed in ["7KQ2M-01D4X", "7kq2m01d4x", " 7kq2m-oid4x ", "7KQ2M OLD4X"] {
            assert_eq!(code.attempt(typed), Attempt::Right, "{typed}");
        }
        for typed in [
            "",
            "7KQ2M-01D4",
            "7KQ2M-01D4XX",
            "7KQ2M-01D4Y",
            "7KQ2M-01D4ü",
        ] {
            let mut code = ClaimCode {
                code: *b"7KQ2M01D4X",
                failures: 0,
            };
            assert_eq!(code.attempt(typed), Attempt::Wrong, "{typed}");
        }
    }

    #[test]
    fn the_fifth_wrong_code_brings_a_new_one() {
        let mut code = ClaimCode::draw();
        let shown = code.display();
        for _ in 1..MAX_FAILURES {
            assert_eq!(code.attempt("00000-00000x"), Attempt::Wrong);
            assert_eq!(code.display(), shown);
        }
        assert_eq!(code.attempt("nonsense"), Attempt::WrongAndRotated);
        assert_ne!(code.display(), shown);
        assert_ne!(code.attempt(&shown), Attempt::Right);
    }
}
