//! What takes how much room, by the recipe's groups.

use std::collections::BTreeMap;

use megh_model::recipe::{KERNEL_GROUP, Recipe};
use megh_model::units::Bytes;

use crate::lock::Lock;

/// One line of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The group.
    pub group: String,
    /// How many packages it brought in.
    pub packages: usize,
    /// Their files together.
    pub download: Bytes,
    /// Their installed size together, before anything is stripped.
    pub installed: Bytes,
}

/// Adds up sizes by group, in the recipe's order. `installed` has what the
/// packages say of themselves.
pub fn by_group(recipe: &Recipe, lock: &Lock, installed: &[(String, u64)]) -> Vec<Line> {
    let installed: BTreeMap<&str, u64> = installed
        .iter()
        .map(|(name, size)| (name.as_str(), *size))
        .collect();
    let groups = recipe.groups.iter().map(|group| group.name.as_str());
    groups
        .chain([KERNEL_GROUP])
        .map(|group| {
            let packages: Vec<_> = lock.packages.iter().filter(|p| p.group == group).collect();
            let installed = packages
                .iter()
                .filter_map(|package| installed.get(package.name.as_str()))
                .sum();
            Line {
                group: group.to_owned(),
                packages: packages.len(),
                download: Bytes(packages.iter().map(|package| package.size).sum()),
                installed: Bytes(installed),
            }
        })
        .collect()
}

/// The report as a table, largest group first, with the sum below.
pub fn table(lines: &[Line]) -> String {
    let mut lines = lines.to_vec();
    lines.sort_by_key(|line| std::cmp::Reverse(line.installed));
    lines.push(Line {
        group: "all".to_owned(),
        packages: lines.iter().map(|line| line.packages).sum(),
        download: Bytes(lines.iter().map(|line| line.download.0).sum()),
        installed: Bytes(lines.iter().map(|line| line.installed.0).sum()),
    });
    let mut text = format!(
        "    {:<18}{:>9}{:>12}{:>12}\n",
        "group", "packages", "download", "installed"
    );
    for line in lines {
        text.push_str(&format!(
            "    {:<18}{:>9}{:>12}{:>12}\n",
            line.group,
            line.packages,
            line.download.to_string(),
            line.installed.to_string()
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECIPE: &str = "schema = 1\nname = \"x\"\nsuite = \"trixie\"\ncomponents = [\"main\"]\n\
        kernel = \"linux\"\n[limits]\niso = \"1MiB\"\n[[group]]\nname = \"small\"\npackages = [\"a\"]\n\
        [[group]]\nname = \"large\"\npackages = [\"b\"]\n[tools]\npackages = [\"c\"]\n[strip]\npaths = []\n";

    fn lock() -> Lock {
        let line = |group: &str, name: &str, size: u64| {
            format!(
                "{{ group = \"{group}\", name = \"{name}\", version = \"1\", arch = \"all\", size = {size}, \
                 sha256 = \"{}\", archive = \"debian\", path = \"pool/{name}.deb\" }},\n",
                "0".repeat(64)
            )
        };
        let packages = [
            line("small", "a", 1 << 10),
            line("large", "b", 2 << 20),
            line("large", "b-common", 1 << 20),
            line("kernel", "linux-6", 1 << 20),
            line("tools", "c", 9 << 20),
        ];
        Lock::parse(&format!(
            "schema = 1\nepoch = 0\npackages = [\n{}]\n",
            packages.concat()
        ))
        .unwrap()
    }

    #[test]
    fn sizes_add_up_by_group_and_tools_do_not_count() {
        let recipe = Recipe::parse(RECIPE).unwrap();
        let installed = [
            ("a".to_owned(), 5 << 20),
            ("b".to_owned(), 7 << 20),
            ("b-common".to_owned(), 3 << 20),
            ("linux-6".to_owned(), 2 << 20),
        ];
        let lines = by_group(&recipe, &lock(), &installed);
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[1].packages, 2);
        assert_eq!(lines[1].download, Bytes::mib(3));
        assert_eq!(lines[1].installed, Bytes::mib(10));
        let table = table(&lines);
        assert!(table.lines().nth(1).unwrap().contains("large"), "{table}");
        assert!(table.lines().last().unwrap().contains("17 MiB"), "{table}");
    }
}
