//! What an image is made of: the recipe beside its lock file.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::units::Bytes;

const SCHEMA: u32 = 1;

/// A validated recipe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// The product's short name, as in the names of files.
    pub name: String,
    /// Debian's name of the release that packages come from.
    pub suite: String,
    /// Components of the archive, such as `main`.
    pub components: Vec<String>,
    /// The package that depends on the kernel's package of the day.
    pub kernel: String,
    /// The largest ISO image.
    pub iso_limit: Bytes,
    /// Package groups, in the order in which they are resolved.
    pub groups: Vec<Group>,
    /// Packages of the root that builds the image.
    pub tools: Vec<String>,
    /// Paths that are left out of the image, `*` within a name allowed.
    pub strip: Vec<String>,
}

/// A group of packages, for the report of sizes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Its name in reports and in the lock.
    pub name: String,
    /// The packages asked for; what they need comes along.
    pub packages: Vec<String>,
}

/// Group name of the kernel's package in locks and reports.
pub const KERNEL_GROUP: &str = "kernel";
/// Group name of the tools' packages in locks.
pub const TOOLS_GROUP: &str = "tools";

/// Why a recipe is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecipeError {
    /// Not the TOML of a recipe.
    #[error("{0}")]
    Form(String),
    /// Written for a newer version.
    #[error("schema is {0}, and this version reads {SCHEMA}")]
    Schema(u32),
    /// A size that cannot be read.
    #[error("limits.iso: {0}")]
    Limit(String),
    /// A text that is not a name.
    #[error("{place}: `{text}` is not a name of lower-case letters, digits, `+`, `-` and `.`")]
    Name {
        /// Where it stands.
        place: String,
        /// The text.
        text: String,
    },
    /// Nothing where something is needed.
    #[error("{0} is empty")]
    Empty(String),
    /// The same name twice.
    #[error("{place} names `{name}` twice")]
    Twice {
        /// Where it stands.
        place: String,
        /// The name.
        name: String,
    },
    /// A group with a name that has a meaning of its own.
    #[error("a group cannot be named `{0}`")]
    Reserved(String),
    /// A path to strip that is not absolute and normalized, or too short to be meant.
    #[error("strip.paths: `{0}` is not an absolute, normalized path below a top directory")]
    Path(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRecipe {
    schema: u32,
    name: String,
    suite: String,
    components: Vec<String>,
    kernel: String,
    limits: RawLimits,
    #[serde(rename = "group")]
    groups: Vec<Group>,
    tools: RawTools,
    strip: RawStrip,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLimits {
    iso: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTools {
    packages: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStrip {
    paths: Vec<String>,
}

impl Recipe {
    /// Reads a recipe's text.
    pub fn parse(text: &str) -> Result<Self, RecipeError> {
        let raw: RawRecipe = toml::from_str(text)
            .map_err(|error| RecipeError::Form(error.to_string().trim_end().to_owned()))?;
        if raw.schema != SCHEMA {
            return Err(RecipeError::Schema(raw.schema));
        }
        let iso_limit = raw.limits.iso.parse().map_err(|error| {
            let error: crate::units::ParseBytesError = error;
            RecipeError::Limit(error.to_string())
        })?;
        check_names("name", [&raw.name])?;
        check_names("suite", [&raw.suite])?;
        check_names("kernel", [&raw.kernel])?;
        check_list("components", &raw.components)?;
        check_list("tools.packages", &raw.tools.packages)?;
        check_groups(&raw.groups)?;
        for path in &raw.strip.paths {
            check_path(path)?;
        }
        Ok(Self {
            name: raw.name,
            suite: raw.suite,
            components: raw.components,
            kernel: raw.kernel,
            iso_limit,
            groups: raw.groups,
            tools: raw.tools.packages,
            strip: raw.strip.paths,
        })
    }
}

fn check_groups(groups: &[Group]) -> Result<(), RecipeError> {
    if groups.is_empty() {
        return Err(RecipeError::Empty("the list of groups".to_owned()));
    }
    let mut names = BTreeSet::new();
    let mut packages = BTreeSet::new();
    for group in groups {
        if [KERNEL_GROUP, TOOLS_GROUP].contains(&group.name.as_str()) {
            return Err(RecipeError::Reserved(group.name.clone()));
        }
        once("the list of groups", &mut names, &group.name)?;
        let place = format!("group `{}`", group.name);
        check_list(&place, &group.packages)?;
        for package in &group.packages {
            once(&place, &mut packages, package)?;
        }
    }
    Ok(())
}

fn check_list(place: &str, names: &[String]) -> Result<(), RecipeError> {
    if names.is_empty() {
        return Err(RecipeError::Empty(place.to_owned()));
    }
    check_names(place, names)?;
    let mut seen = BTreeSet::new();
    names
        .iter()
        .try_for_each(|name| once(place, &mut seen, name))
}

fn once<'a>(place: &str, seen: &mut BTreeSet<&'a str>, name: &'a str) -> Result<(), RecipeError> {
    match seen.insert(name) {
        true => Ok(()),
        false => Err(RecipeError::Twice {
            place: place.to_owned(),
            name: name.to_owned(),
        }),
    }
}

/// Debian's rule for the names of packages; it fits the other names too.
fn check_names<'a>(
    place: &str,
    names: impl IntoIterator<Item = &'a String>,
) -> Result<(), RecipeError> {
    for text in names {
        let plain =
            |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.');
        let starts_well = text
            .bytes()
            .next()
            .is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if !starts_well || !text.bytes().all(plain) {
            return Err(RecipeError::Name {
                place: place.to_owned(),
                text: text.clone(),
            });
        }
    }
    Ok(())
}

/// At least two names deep, so that a slip does not remove `/usr`.
fn check_path(path: &str) -> Result<(), RecipeError> {
    let names: Option<Vec<&str>> = path.strip_prefix('/').map(|rest| rest.split('/').collect());
    let good = |name: &&str| !matches!(*name, "" | "." | "..");
    match names {
        Some(names) if names.len() >= 2 && names.iter().all(good) && names[0] != "*" => Ok(()),
        _ => Err(RecipeError::Path(path.to_owned())),
    }
}

#[cfg(test)]
mod tests;
