//! GRUB's environment block: `name=value` lines in a fixed-size file.

use std::collections::BTreeMap;

/// Size of every block, as GRUB and `grub-editenv` want it.
pub const BLOCK_SIZE: usize = 1024;

const HEADER: &str = "# GRUB Environment Block\n";

/// The variables of a block. Names and values are limited to printable ASCII
/// without `=` in names and without backslashes, so that GRUB's escapes never
/// occur.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Block {
    variables: BTreeMap<String, String>,
}

/// Why bytes are not an environment block.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    /// Truncated or grown.
    #[error("an environment block has {BLOCK_SIZE} bytes, this one has {0}")]
    Size(usize),
    /// Not a block at all.
    #[error("an environment block begins with `# GRUB Environment Block`")]
    Header,
    /// Neither a variable nor filling.
    #[error("line {0} of the environment block is not `name=value`")]
    Line(usize),
    /// Two values for one name.
    #[error("the environment block has variable {0} twice")]
    Repeated(String),
    /// The variables need more room than a block has.
    #[error("the variables need {0} bytes, an environment block has {BLOCK_SIZE}")]
    Full(usize),
}

impl Block {
    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// Sets a variable.
    ///
    /// # Panics
    /// When name or value have characters that a block cannot hold: both are
    /// chosen by this program, never by a user.
    pub fn set(&mut self, name: &str, value: &str) {
        assert!(
            is_name(name) && is_value(value),
            "`{name}={value}` cannot be in an environment block"
        );
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    /// The block's bytes, filled up with `#`.
    ///
    /// # Panics
    /// When the variables do not fit; see [`Block::try_to_bytes`].
    pub fn to_bytes(&self) -> [u8; BLOCK_SIZE] {
        self.try_to_bytes()
            .expect("the few short variables of the boot environment fit")
    }

    /// The block's bytes, or how many there would be if they do not fit.
    pub fn try_to_bytes(&self) -> Result<[u8; BLOCK_SIZE], BlockError> {
        let mut text = HEADER.to_owned();
        for (name, value) in &self.variables {
            text.push_str(&format!("{name}={value}\n"));
        }
        let mut bytes = [b'#'; BLOCK_SIZE];
        bytes
            .get_mut(..text.len())
            .ok_or(BlockError::Full(text.len()))?
            .copy_from_slice(text.as_bytes());
        Ok(bytes)
    }

    /// Reads a block as written by [`Block::to_bytes`] or GRUB.
    pub fn parse(bytes: &[u8]) -> Result<Self, BlockError> {
        if bytes.len() != BLOCK_SIZE {
            return Err(BlockError::Size(bytes.len()));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| BlockError::Header)?;
        let body = text.strip_prefix(HEADER).ok_or(BlockError::Header)?;
        let mut variables = BTreeMap::new();
        for (index, line) in body.split('\n').enumerate() {
            if line.bytes().all(|byte| byte == b'#') {
                continue;
            }
            let (name, value) = line
                .split_once('=')
                .filter(|(name, value)| is_name(name) && is_value(value))
                .ok_or(BlockError::Line(index + 2))?;
            if variables
                .insert(name.to_owned(), value.to_owned())
                .is_some()
            {
                return Err(BlockError::Repeated(name.to_owned()));
            }
        }
        Ok(Self { variables })
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn is_value(text: &str) -> bool {
    text.bytes()
        .all(|b| (b' '..=b'~').contains(&b) && b != b'\\')
}
