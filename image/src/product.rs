//! The product's own programs, compiled inside the tools root with this
//! machine's Rust toolchain: against trixie's libraries, at paths that are the
//! same everywhere.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use megh_host::command::{Cmd, Line};

use crate::progress::Ticker;
use crate::tools::Tools;

/// A program of the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Program {
    /// Its name.
    pub name: &'static str,
    /// The crate it comes from.
    pub package: &'static str,
    /// Its place in the image.
    pub place: &'static str,
}

/// All programs of the product.
pub const PROGRAMS: [Program; 6] = [
    program("meghd", "meghd", "/usr/bin/meghd"),
    program("megh", "megh-cli", "/usr/bin/megh"),
    program("megh-install", "megh-install", "/usr/bin/megh-install"),
    program("megh-console", "megh-install", "/usr/bin/megh-console"),
    program("megh-update", "megh-updater", "/usr/bin/megh-update"),
    program("megh-root", "megh-updater", "/usr/lib/meghos/megh-root"),
];

const fn program(name: &'static str, package: &'static str, place: &'static str) -> Program {
    Program {
        name,
        package,
        place,
    }
}

/// What the programs are compiled for, as Rust calls it.
pub const TARGET: &str = "x86_64-unknown-linux-gnu";

/// The compiled programs.
pub struct Programs {
    dir: PathBuf,
}

impl Programs {
    /// The file of a program, on this machine.
    pub fn file(&self, program: &Program) -> PathBuf {
        self.dir.join(program.name)
    }

    /// The file of the program of this name.
    pub fn named(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

/// Compiles all programs. Cargo itself knows what has to be done again, so
/// this is no stage of the cache; its target folder is `<cache>/target-product`.
pub fn compile(tools: &Tools, sources: &Path, cache: &Path) -> Result<Programs> {
    let target = cache.join("target-product");
    fs::create_dir_all(&target).with_context(|| format!("cannot make {}", target.display()))?;
    let toolchain = Cmd::new("rustc")
        .args(["--print", "sysroot"])
        .cwd(sources)
        .stdout()
        .context("cannot find the Rust toolchain")?;
    Cmd::new("cargo")
        .args(["fetch", "--locked", "--target", TARGET])
        .cwd(sources)
        .run()
        .context("cannot fetch the product's dependencies")?;
    let cargo_home = cargo_home()?;
    let _shown = [
        tools.bind_read_only(Path::new(&toolchain), "/opt/rust")?,
        tools.bind(&cargo_home, "/cargo")?,
        tools.bind_read_only(sources, "/src")?,
        tools.bind(&target, "/target")?,
    ];
    let mut cargo = tools
        .cmd("/opt/rust/bin/cargo")
        .args(["build", "--release", "--locked", "--offline"])
        .args(["--target", TARGET])
        .cwd("/src")
        .env("PATH", "/opt/rust/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        .env("CARGO_HOME", "/cargo")
        .env("CARGO_TARGET_DIR", "/target")
        .env("CARGO_ENCODED_RUSTFLAGS", flags(&cargo_home)?.join("\x1f"));
    for program in &PROGRAMS {
        cargo = cargo.args(["--package", program.package, "--bin", program.name]);
    }
    watch(&cargo)?;
    let dir = target.join(TARGET).join("release");
    for program in &PROGRAMS {
        let file = dir.join(program.name);
        ensure!(file.exists(), "cargo made no {}", file.display());
    }
    Ok(Programs { dir })
}

/// Runs cargo, telling how far it has come and, when it fails, all it said.
fn watch(cargo: &Cmd) -> Result<()> {
    let mut ticker = Ticker::begin();
    let (mut compiled, mut said) = (0, Vec::new());
    let result = cargo.lines(|line| {
        let (Line::Out(text) | Line::Err(text)) = line;
        match text.trim_start().strip_prefix("Compiling ") {
            Some(what) => {
                compiled += 1;
                ticker.show(|| format!("product: {compiled} crates, now {what}"));
            }
            None => said.push(text.to_owned()),
        }
    });
    ticker.finish();
    if result.is_err() {
        eprintln!("{}", said.join("\n"));
    }
    result.map(drop).context("the product does not compile")
}

fn cargo_home() -> Result<PathBuf> {
    let named = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    named
        .or_else(|| std::env::home_dir().map(|home| home.join(".cargo")))
        .context("no home directory; name cargo's in CARGO_HOME")
}

/// Names of folders end up in programs, as places of panics. Those of the
/// registry differ from machine to machine.
fn flags(cargo_home: &Path) -> Result<Vec<String>> {
    let mut flags = vec![remap("/src", "/meghos")];
    let registry = cargo_home.join("registry/src");
    let mut names = Vec::new();
    for entry in
        fs::read_dir(&registry).with_context(|| format!("cannot read {}", registry.display()))?
    {
        names.push(entry?.file_name());
    }
    names.sort();
    for name in names {
        let from = Path::new("/cargo/registry/src").join(name);
        flags.push(remap(&from.to_string_lossy(), "/crates"));
    }
    Ok(flags)
}

fn remap(from: &str, to: &str) -> String {
    format!("--remap-path-prefix={from}={to}")
}
