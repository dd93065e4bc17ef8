//! How a command ends: the exit codes that scripts rely on, the result, and the failure with its hint.

use serde_json::{Map, Value};

use crate::domain::{Severity, Verdict};
use crate::settings::{CredentialsError, SettingsError};

/// An exit code. The numbers are a contract: they never change their meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// 0: tied out; timing differences and notices allowed.
    TiedOut,
    /// 1: a bug in this program.
    Bug,
    /// 2: arguments, settings or credentials that cannot be used.
    Usage,
    /// 3: the books differ.
    Breaks,
    /// 4: the evidence is not whole, or an input was refused.
    Incomplete,
    /// 5: the partner or the line to it failed.
    Line,
    /// 6: a seal does not verify.
    Seal,
}

/// What a command came to: a text for people and an object for scripts, of which one is shown.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How the command ends.
    pub exit: Exit,
    /// The result, as people read it.
    pub text: String,
    /// The same with `--json`; `exit` and `meaning` are added to it.
    pub json: Map<String, Value>,
}

/// Why a command came to nothing.
#[derive(Debug)]
pub struct Failure {
    /// How the command ends.
    pub exit: Exit,
    /// What went wrong, with its causes.
    pub error: anyhow::Error,
    /// What the user can do about it.
    pub hint: Option<String>,
}

impl Exit {
    /// Every exit, by code.
    pub const ALL: [Self; 7] =
        [Self::TiedOut, Self::Bug, Self::Usage, Self::Breaks, Self::Incomplete, Self::Line, Self::Seal];

    /// The code that the process ends with.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::TiedOut => 0,
            Self::Bug => 1,
            Self::Usage => 2,
            Self::Breaks => 3,
            Self::Incomplete => 4,
            Self::Line => 5,
            Self::Seal => 6,
        }
    }

    /// What it means, in half a sentence.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::TiedOut => "tied out (timing differences and notices allowed)",
            Self::Bug => "a bug in tieout",
            Self::Usage => "arguments, settings or credentials cannot be used",
            Self::Breaks => "breaks: the books differ",
            Self::Incomplete => "incomplete: the evidence is not whole, or an input was refused",
            Self::Line => "the partner or the line to it failed",
            Self::Seal => "a seal does not verify",
        }
    }
}

impl From<Verdict> for Exit {
    fn from(verdict: Verdict) -> Self {
        match verdict.0 {
            Severity::None | Severity::Notice | Severity::Timing => Self::TiedOut,
            Severity::Break => Self::Breaks,
            Severity::Incomplete => Self::Incomplete,
        }
    }
}

impl Failure {
    /// A failure that ends with `exit`, with advice where there is any.
    pub fn new(exit: Exit, error: impl Into<anyhow::Error>, hint: Option<String>) -> Self {
        Self { exit, error: error.into(), hint }
    }

    /// The error and its causes on one line; a cause that the text before already tells is not told again.
    #[must_use]
    pub fn line(&self) -> String {
        self.error.chain().map(ToString::to_string).fold(String::new(), |line, cause| {
            if line.is_empty() {
                cause
            } else if line.contains(&cause) {
                line
            } else {
                format!("{line}: {cause}")
            }
        })
    }
}

impl From<SettingsError> for Failure {
    fn from(refused: SettingsError) -> Self {
        let hint = refused.hint().to_owned();
        Self::new(Exit::Usage, refused, Some(hint))
    }
}

impl From<CredentialsError> for Failure {
    fn from(refused: CredentialsError) -> Self {
        let hint = refused.hint();
        Self::new(Exit::Usage, refused, Some(hint))
    }
}
