//! Names that people give to things.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Longest name, in bytes; also the longest label of a host name.
pub const MAX_NAME: usize = 63;

/// A name of an instance, a user or a project: 1 to 63 lower-case letters,
/// digits and dashes, a letter first, no dash last. Such a name is also a host
/// name, and never looks like a UUID.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

/// A name of an image: like [`Name`], and dots are taken as well (`debian-13.1`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ImageName(String);

/// Why a text is not a name. Displayed as a sentence that says what is right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing there.
    #[error("a name has at least 1 character")]
    Empty,
    /// More than [`MAX_NAME`] bytes.
    #[error("a name has at most {MAX_NAME} characters")]
    TooLong,
    /// Does not start with a letter.
    #[error("a name starts with a lower-case letter")]
    Start,
    /// Ends with a dash or a dot.
    #[error("a name ends with a lower-case letter or a digit")]
    End,
    /// Has a character that names do not have.
    #[error("`{0}` is not allowed in a name; use lower-case letters, digits and dashes")]
    Character(char),
    /// Has the form of an id, so that a path could mean two things.
    #[error("a name must not have the form of a UUID")]
    LooksLikeId,
}

impl Name {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ImageName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn check(text: &str, also: &[char]) -> Result<(), NameError> {
    let first = text.chars().next().ok_or(NameError::Empty)?;
    if text.len() > MAX_NAME {
        return Err(NameError::TooLong);
    }
    let allowed =
        |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || also.contains(&c);
    if let Some(wrong) = text.chars().find(|c| !allowed(*c)) {
        return Err(NameError::Character(wrong));
    }
    if !first.is_ascii_lowercase() {
        return Err(NameError::Start);
    }
    if text.ends_with(|c: char| !c.is_ascii_alphanumeric()) {
        return Err(NameError::End);
    }
    if uuid::Uuid::try_parse(text).is_ok() {
        return Err(NameError::LooksLikeId);
    }
    Ok(())
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        check(text, &[]).map(|()| Self(text.to_owned()))
    }
}

impl FromStr for ImageName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        check(text, &['.']).map(|()| Self(text.to_owned()))
    }
}

impl TryFrom<String> for Name {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl TryFrom<String> for ImageName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

impl From<ImageName> for String {
    fn from(name: ImageName) -> Self {
        name.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_host_names_and_never_ids() {
        let longest = "a".repeat(MAX_NAME);
        for good in ["a", "web-1", "x9", longest.as_str()] {
            assert_eq!(good.parse::<Name>().map(String::from), Ok(good.to_owned()));
        }
        for (bad, why) in [
            ("", NameError::Empty),
            ("a".repeat(64).as_str(), NameError::TooLong),
            ("1web", NameError::Start),
            ("-web", NameError::Start),
            ("web-", NameError::End),
            ("Web", NameError::Character('W')),
            ("web.1", NameError::Character('.')),
            ("a/b", NameError::Character('/')),
            ("größe", NameError::Character('ö')),
            (
                "abcdef00-0000-4000-8000-000000000000",
                NameError::LooksLikeId,
            ),
            ("abcdef00000040008000000000000000", NameError::LooksLikeId),
        ] {
            assert_eq!(bad.parse::<Name>(), Err(why), "{bad}");
        }
    }

    #[test]
    fn image_names_take_dots_inside() {
        assert!("debian-13.1".parse::<ImageName>().is_ok());
        for bad in [".hidden", "a.", "..", "a_b"] {
            assert!(bad.parse::<ImageName>().is_err(), "{bad}");
        }
    }
}
