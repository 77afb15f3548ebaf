//! GRUB's commands, as far as `disk.cfg` uses them.

use sha2::{Digest, Sha256};

use super::{Grub, Restart};
use crate::boot_env::Block;
use crate::slot::Slot;

impl Grub {
    /// Runs a command; its status is whether it succeeded.
    pub(super) fn command(&mut self, words: &[String]) -> Result<bool, Restart> {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        Ok(match words[..] {
            ["true"] => true,
            ["echo", ..] => true,
            ["sleep", "--interruptible", "3"] => true,
            ["sleep", "30"] => true,
            ["reboot"] => return Err(Restart),
            ["set", assignment] => {
                let (name, value) = assignment.split_once('=').expect("set name=value");
                self.variables.insert(name.to_owned(), value.to_owned());
                true
            }
            ["[", ref condition @ .., "]"] => self.test(condition),
            ["regexp", pattern, text] => matches(pattern, text).is_some(),
            ["regexp", "--set=1:megh_disk", pattern, text] => match matches(pattern, text) {
                Some(disk) => self
                    .variables
                    .insert("megh_disk".to_owned(), disk)
                    .is_none(),
                None => false,
            },
            ["sha256sum", "--check", sum, "--prefix", dir] => self.sha256sum(sum, dir),
            ["load_env", "--file", file, ref names @ ..] => self.load_env(file, names),
            ["save_env", "--file", file, ref names @ ..] => self.save_env(file, names),
            ["chainloader", "/meghos.efi"] => {
                let slot = match self.variables["root"].as_str() {
                    "hd0,gpt4" => Slot::A,
                    "hd0,gpt5" => Slot::B,
                    other => panic!("{other} is no boot partition"),
                };
                self.attempts.push(slot);
                false
            }
            _ => panic!("unknown to this test: {words:?}"),
        })
    }

    fn test(&self, condition: &[&str]) -> bool {
        let number = |text: &str| text.parse::<i32>().expect("a number of 32 bits");
        match *condition {
            [ref left @ .., "-a", a, operator, b] => {
                self.test(left) && self.test(&[a, operator, b])
            }
            ["-f", path] => self.files.contains_key(&self.path(path)),
            [a, "=", b] => a == b,
            [a, "!=", b] => a != b,
            [a, "-ge", b] => number(a) >= number(b),
            [a, "-gt", b] => number(a) > number(b),
            _ => panic!("unknown to this test: {condition:?}"),
        }
    }

    fn path(&self, path: &str) -> String {
        if path.starts_with('/') {
            format!("({}){path}", self.variables["root"])
        } else {
            path.to_owned()
        }
    }

    fn sha256sum(&self, sum: &str, dir: &str) -> bool {
        let line = String::from_utf8_lossy(&self.files[sum]);
        let (digest, name) = line
            .trim_end()
            .split_once("  ")
            .expect("a line of sha256sum");
        let content = &self.files[&format!("{dir}/{name}")];
        hex::encode(Sha256::digest(content)) == digest
    }

    fn load_env(&mut self, file: &str, names: &[&str]) -> bool {
        let Ok(block) = Block::parse(&self.files[&self.path(file)]) else {
            return false;
        };
        for name in names {
            if let Some(value) = block.get(name) {
                self.variables.insert((*name).to_owned(), value.to_owned());
            }
        }
        true
    }

    /// Writes over the file in place; variables that are not set are left out.
    fn save_env(&mut self, file: &str, names: &[&str]) -> bool {
        assert!(file.ends_with("gpt2)/meghos/trial"), "{file} is not GRUB's");
        let Ok(mut block) = Block::parse(&self.files[file]) else {
            return false;
        };
        if !self.marker_writable {
            return false;
        }
        for name in names {
            if let Some(value) = self.variables.get(*name) {
                block.set(name, value);
            }
        }
        self.files
            .insert(file.to_owned(), block.to_bytes().to_vec());
        self.marker_written = true;
        true
    }
}

/// The text, or its first group, if it matches. The few patterns of the
/// configuration mean the same to GRUB and to this crate.
fn matches(pattern: &str, text: &str) -> Option<String> {
    let pattern = regex::Regex::new(pattern).expect("a pattern");
    let found = pattern.captures(text)?;
    found
        .get(1)
        .or(found.get(0))
        .map(|group| group.as_str().to_owned())
}
