//! Just enough of GRUB to run `disk.cfg`: its shell, and its commands on files
//! in memory. What is not known here is an error, so that the test breaks when
//! the configuration begins to use more of GRUB.

mod commands;
mod parse;

use std::collections::BTreeMap;

use super::super::LoaderView;
use crate::boot_env::{BLOCK_PATH, BootEnv, GoodMark, MARK_FILE, MARKER_PATH, SUM_PATH};
use crate::slot::Slot;
use crate::verity::RootHash;
use parse::{Node, Word};

const CONFIGURATION: &str = include_str!("../../../../../image/src/boot/grub/disk.cfg");

/// A machine that runs the configuration until it restarts.
pub(super) struct Grub {
    variables: BTreeMap<String, String>,
    functions: BTreeMap<String, Vec<Node>>,
    files: BTreeMap<String, Vec<u8>>,
    marker_writable: bool,
    marker_written: bool,
    attempts: Vec<Slot>,
}

/// Why the configuration does not go on.
struct Restart;

impl Grub {
    /// A machine whose disk looks like that.
    pub(super) fn on(view: &LoaderView) -> Self {
        let mut files = BTreeMap::new();
        for (partition, copy) in [("gpt2", view.main), ("gpt3", view.spare)] {
            // A copy that is not valid is there, but torn.
            let content = copy.map_or_else(torn, |env| env.files());
            files.insert(format!("(hd0,{partition})/{BLOCK_PATH}"), content.block);
            files.insert(format!("(hd0,{partition})/{SUM_PATH}"), content.sum);
        }
        let marker = view.marker.marker.map(|marker| marker.to_bytes().to_vec());
        files.insert(
            format!("(hd0,gpt2)/{MARKER_PATH}"),
            marker.unwrap_or_default(),
        );
        for (slot, number) in Slot::ALL.into_iter().zip(view.marks) {
            let dir = format!("(hd0,gpt{})", 4 + slot as u32);
            let root = "ab".repeat(32).parse::<RootHash>().expect("64 digits");
            let mark = GoodMark {
                sequence: (number > 0).then_some(number),
                root,
                version: "1.2.3".to_owned(),
            };
            files.insert(format!("{dir}/{MARK_FILE}"), mark.to_bytes().to_vec());
            let mut env = crate::boot_env::Block::default();
            env.set("megh_roothash", &root.to_string());
            files.insert(format!("{dir}/slot.env"), env.to_bytes().to_vec());
            files.insert(format!("{dir}/meghos.efi"), b"MZ".to_vec());
        }
        let variables = [("grub_platform", "efi"), ("root", "hd0,gpt2")];
        Self {
            variables: variables
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            functions: BTreeMap::new(),
            files,
            marker_writable: view.marker.writable,
            marker_written: false,
            attempts: Vec::new(),
        }
    }

    /// Runs to the restart, as nothing can be loaded, and tells which slots
    /// were tried.
    pub(super) fn run(&mut self) -> (Slot, Slot) {
        let nodes = parse::parse(CONFIGURATION);
        assert!(self.all(&nodes, &[]).is_err(), "it ends in a restart");
        match self.attempts[..] {
            [first, second] => (first, second),
            _ => panic!("both slots are tried: {:?}", self.attempts),
        }
    }

    /// The marker's bytes, if the configuration wrote it.
    pub(super) fn marker_if_written(&self) -> Option<Vec<u8>> {
        let name = format!("(hd0,gpt2)/{MARKER_PATH}");
        self.marker_written.then(|| self.files[&name].clone())
    }

    fn all(&mut self, nodes: &[Node], arguments: &[String]) -> Result<bool, Restart> {
        let mut status = true;
        for node in nodes {
            status = self.one(node, arguments)?;
        }
        Ok(status)
    }

    fn one(&mut self, node: &Node, arguments: &[String]) -> Result<bool, Restart> {
        match node {
            Node::Function(name, body) => {
                self.functions.insert(name.clone(), body.clone());
                Ok(true)
            }
            Node::If(branches, otherwise) => {
                for (condition, body) in branches {
                    if self.all(condition, arguments)? {
                        return self.all(body, arguments);
                    }
                }
                self.all(otherwise, arguments)
            }
            Node::Command(words) => {
                let words: Vec<String> = words
                    .iter()
                    .map(|word| self.expand(word, arguments))
                    .collect();
                match self.functions.get(&words[0]).cloned() {
                    Some(body) => self.all(&body, &words[1..]),
                    None => self.command(&words),
                }
            }
        }
    }

    fn expand(&self, word: &Word, arguments: &[String]) -> String {
        let piece = |(text, variable): &(String, bool)| match (variable, text.parse::<usize>()) {
            (false, _) => text.clone(),
            (true, Ok(number)) => arguments.get(number - 1).cloned().unwrap_or_default(),
            (true, Err(_)) => self.variables.get(text).cloned().unwrap_or_default(),
        };
        word.0.iter().map(piece).collect()
    }
}

fn torn() -> crate::boot_env::EnvFiles {
    let mut files = BootEnv::first(crate::slot::BootChoice::INSTALLED).files();
    files.block[40] ^= 1;
    files
}
