//! Lengths of files and functions.

use super::sources::Source;

/// No file is longer, except generated ones.
const FILE_LIMIT: usize = 500;
/// What most files should stay below.
const FILE_AIM: usize = 400;
/// `main.rs` only hands over.
const MAIN_LIMIT: usize = 60;
/// A function longer than a screen is listed.
const FUNCTION_AIM: usize = 60;

/// Names files that are too long.
pub(super) fn check(sources: &[Source]) -> Vec<String> {
    let mut wrong = Vec::new();
    for source in sources.iter().filter(|source| !is_generated(source)) {
        let lines = source.lines();
        if lines > FILE_LIMIT {
            wrong.push(format!(
                "{}: {lines} lines; the limit is {FILE_LIMIT}",
                source.path
            ));
        }
        if is_main(&source.path) && lines > MAIN_LIMIT {
            wrong.push(format!(
                "{}: {lines} lines; a shim has at most {MAIN_LIMIT}",
                source.path
            ));
        }
    }
    wrong
}

/// Prints medians, and the longest files and functions.
pub(super) fn print(rust: &[Source], web: &[Source]) {
    for (language, sources) in [("Rust", rust), ("web", web)] {
        let mut lengths: Vec<(usize, &str)> = sources
            .iter()
            .filter(|source| !is_generated(source))
            .map(|source| (source.lines(), source.path.as_str()))
            .collect();
        lengths.sort_unstable();
        let Some((median, _)) = lengths.get(lengths.len() / 2) else {
            continue;
        };
        let all: usize = lengths.iter().map(|(lines, _)| lines).sum();
        println!(
            "{language}: {} files, {all} lines, median {median}",
            lengths.len()
        );
        for (lines, path) in lengths
            .iter()
            .rev()
            .take_while(|(lines, _)| *lines > FILE_AIM)
        {
            println!("  {path}: {lines} lines, more than {FILE_AIM}");
        }
    }
    for source in rust {
        for (name, lines) in functions(&source.text).filter(|(_, lines)| *lines > FUNCTION_AIM) {
            println!(
                "  {}: `{name}` has {lines} lines, more than a screen",
                source.path
            );
        }
    }
}

fn is_main(path: &str) -> bool {
    path.ends_with("/src/main.rs") || path.contains("/src/bin/")
}

fn is_generated(source: &Source) -> bool {
    let head = source.text.lines().take(5).collect::<Vec<_>>().join("\n");
    head.contains("@generated") || head.contains("auto-generated")
}

/// The functions of a formatted file with their lengths: a function ends at
/// the closing brace that is indented like its first line.
fn functions(text: &str) -> impl Iterator<Item = (&str, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    (0..lines.len()).filter_map(move |start| {
        let line = lines[start];
        let name = function_name(line)?;
        let end = format!("{}}}", &line[..line.len() - line.trim_start().len()]);
        let length = lines[start..].iter().position(|line| *line == end)?;
        Some((name, length + 1))
    })
}

/// The name of the function that a line begins.
fn function_name(line: &str) -> Option<&str> {
    let (before, after) = line.trim_start().split_once("fn ")?;
    let is_head = before.split_whitespace().all(|word| {
        word.starts_with("pub") || ["const", "async", "unsafe", "extern"].contains(&word)
    });
    let name = after.split(['(', '<']).next()?;
    (is_head && !name.contains(' ')).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_measured_from_head_to_brace() {
        let text = "impl X {\n    pub(crate) async fn long(&self) {\n        a();\n        b();\n    }\n}\n\nfn short() {\n}\n";
        let found: Vec<_> = functions(text).collect();
        assert_eq!(found, [("long", 4), ("short", 2)]);
    }

    #[test]
    fn a_long_file_is_refused_unless_it_is_generated() {
        let long = "x\n".repeat(FILE_LIMIT + 1);
        let file = |text: String| {
            vec![Source {
                path: "host/src/lib.rs".to_owned(),
                text,
            }]
        };
        assert_eq!(check(&file(long.clone())).len(), 1);
        assert!(check(&file(format!("// @generated\n{long}"))).is_empty());
    }
}
