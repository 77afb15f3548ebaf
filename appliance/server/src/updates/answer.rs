//! What the updater prints: lines of progress, then one object. Whatever else
//! it prints is no answer. Pure.

use megh_model::update::Progress;
use serde::Deserialize;

use super::program::UpdaterError;

/// One line of the updater's output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Printed {
    /// How far it is.
    Progress(Progress),
    /// How it ended.
    End(Result<(), UpdaterError>),
    /// Nothing that is understood.
    Noise,
}

/// The last object of a command; further fields are the command's own.
#[derive(Deserialize)]
struct End {
    ok: bool,
    code: Option<String>,
    error: Option<String>,
    hint: Option<String>,
}

impl Printed {
    /// Reads a line.
    pub(super) fn read(line: &str) -> Self {
        if let Ok(progress) = serde_json::from_str(line) {
            return Self::Progress(progress);
        }
        match serde_json::from_str::<End>(line) {
            Ok(end) => Self::End(end.outcome()),
            Err(_) => Self::Noise,
        }
    }
}

/// The refusal that a whole output holds, when it holds one.
pub(super) fn refusal(output: &str) -> Option<UpdaterError> {
    let end = serde_json::from_str::<End>(output.trim()).ok();
    end.and_then(|end| end.outcome().err())
}

impl End {
    fn outcome(self) -> Result<(), UpdaterError> {
        if self.ok {
            return Ok(());
        }
        Err(UpdaterError {
            code: self.code.unwrap_or_else(|| "unknown".to_owned()),
            message: self
                .error
                .unwrap_or_else(|| "the updater does not say why".to_owned()),
            hint: self.hint,
        })
    }
}

#[cfg(test)]
mod tests {
    use megh_model::update::Phase;

    use super::*;

    #[test]
    fn lines_are_told_apart() {
        let progress = r#"{"phase":"writing","done":5,"total":10,"fetched":3,"rate":1,"eta":null}"#;
        let Printed::Progress(read) = Printed::read(progress) else {
            panic!("no progress")
        };
        assert_eq!((read.phase, read.done), (Phase::Writing, 5));
        assert_eq!(
            Printed::read(r#"{"ok":true,"version":"1.2.0"}"#),
            Printed::End(Ok(()))
        );
        let refused = r#"{"ok":false,"code":"no-source","error":"no source","hint":"set one"}"#;
        let Printed::End(Err(error)) = Printed::read(refused) else {
            panic!("no refusal")
        };
        assert_eq!(
            (error.code.as_str(), error.hint.as_deref()),
            ("no-source", Some("set one"))
        );
        for noise in [
            "",
            "garbage",
            "{}",
            "[]",
            "5",
            r#"{"ok":1}"#,
            r#"{"phase":"x"}"#,
        ] {
            assert_eq!(Printed::read(noise), Printed::Noise, "{noise}");
        }
    }
}
