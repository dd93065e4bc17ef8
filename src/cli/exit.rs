//! How a command ends: the exit codes that scripts rely on, the result, and the failure with its hint.

use std::collections::BTreeSet;
use std::io::ErrorKind;

use serde_json::{Map, Value};

use super::ending::Ending;
use super::said::Said;
use crate::archive::ArchiveError;
use crate::domain::{Severity, Verdict};
use crate::fetch::FetchError;
use crate::normalise::NormaliseError;
use crate::register::RegisterError;
use crate::report::{ReportError, Unprintable};
use crate::run::{RunError, ShelfError};
use crate::seal::SealError;
use crate::settings::{BeginningError, CredentialsError, SettingsError};

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
    /// 5: the partner or the line to it failed, or another run is at work: the same command can go on later.
    Line,
    /// 6: a seal does not verify, or what is archived is damaged.
    Seal,
}

/// What a command came to: a text for people and an object for scripts, of which one is shown.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How the command ends.
    pub ending: Ending,
    /// The result, as people read it.
    pub said: Said,
    /// The same with `--json`; `command`, `outcome`, `exit` and `meaning` are added to it.
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
            Self::Usage => "arguments, settings, credentials or the disk cannot be used",
            Self::Breaks => "breaks: the books differ, or a recheck has notes due",
            Self::Incomplete => "incomplete: the evidence is not whole, or an input was refused",
            Self::Line => "the partner or the line to it failed, or another run is at work: try again later",
            Self::Seal => "a seal does not verify, or archived evidence is damaged",
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

impl From<BeginningError> for Failure {
    fn from(refused: BeginningError) -> Self {
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

impl From<RunError> for Failure {
    fn from(refused: RunError) -> Self {
        let (exit, hint) = match &refused {
            RunError::Fetch(error) => of_fetch(error),
            RunError::Archive(error) | RunError::Normalise(NormaliseError::Archive(error)) => of_archive(error),
            RunError::Report(ReportError::Unprintable(found)) => {
                let hint = of_unprintable(found);
                return Self::new(Exit::Usage, refused, Some(hint));
            }
            RunError::Report(error) => of_report(error),
            RunError::Normalise(NormaliseError::Frame(_)) | RunError::Frame(_) | RunError::Inputs(_) => {
                (Exit::Bug, None)
            }
            RunError::Normalise(_) => (Exit::Incomplete, Some("the archive's evidence cannot be used; fetch again")),
            RunError::Invoice(_) => (Exit::Usage, Some("see the rate card")),
            RunError::Unmatched(_) => (Exit::Usage, Some(OF_UNMATCHED)),
            RunError::NoEvidence { .. } => (
                Exit::Usage,
                Some("is this the archive that the run was settled from? name it with --archive, or in the settings"),
            ),
            RunError::NotOver { .. } => (
                Exit::Usage,
                Some("`tieout draft` makes drafts of it; once the month is over, `tieout close` reads it anew"),
            ),
            RunError::Sealed(_) => (
                Exit::Usage,
                Some("nothing sealed is overwritten; `tieout verify` derives it anew, `tieout close` makes a new run"),
            ),
            RunError::Broken { .. } => {
                (Exit::Seal, Some("restore the run folder from a copy; `tieout verify` names everything that differs"))
            }
            RunError::NotSealed(_) => (Exit::Usage, Some("`tieout settle` seals what was fetched")),
            RunError::SealGone(_) => (
                Exit::Usage,
                Some(
                    "bring SEAL back from a copy, or move the folder away; `tieout verify` says whether the papers are sound",
                ),
            ),
            RunError::NotADraft(_) => (Exit::Usage, Some("move it away, or its whole folder, and draft again")),
            RunError::NotYours { .. } => (Exit::Usage, Some("which partner do the credentials belong to?")),
            RunError::NoRun(_) => (Exit::Usage, Some("a run folder is what `tieout close`, `fetch` or `demo` wrote")),
            RunError::NothingToExplain { .. } => (
                Exit::Usage,
                Some(
                    "ids are in breaks.csv, invoices.csv and accounts.csv; a tie-out is account/currency/direction, a wallet wallet:account, a day day:2026-03-05",
                ),
            ),
            RunError::Shelf(error) => return of_shelf(error),
            RunError::Register(error) => of_register(error),
            RunError::NoRegister(_) => {
                (Exit::Usage, Some("a close makes one; `--reports` names the folder of the run folders"))
            }
            RunError::SeveralRegisters { .. } => (Exit::Usage, Some("name one with --register")),
            RunError::Seal(error) => of_seal(error),
            RunError::Malformed { .. } => (
                Exit::Usage,
                Some("restore the run folder from a copy; one that is not sealed yet, `tieout close` writes anew"),
            ),
            RunError::OtherPartner { .. } => (Exit::Usage, Some("name the partner's own archive with --archive")),
            RunError::Disk { source, .. } => (Exit::Usage, of_disk(source.kind())),
            RunError::NotAClose(_)
            | RunError::OtherMonth { .. }
            | RunError::Simulated { .. }
            | RunError::TooManyRuns { .. }
            | RunError::Packed(_) => (Exit::Usage, None),
        };
        Self::new(exit, refused, hint.map(ToOwned::to_owned))
    }
}

/// What can be done about terms that name accounts which nobody has.
const OF_UNMATCHED: &str =
    "correct settings or rate card, or set strict = false; `tieout close` then goes on from what is kept";

/// How a command ends when the papers cannot be printed.
#[expect(clippy::wildcard_enum_match_arm, reason = "the others are bugs")]
fn of_report(error: &ReportError) -> (Exit, Option<&'static str>) {
    match error {
        // The close is whole, and the text is somebody's: only a setting can help, so it is no finding (4, whose papers are
        // there) and nothing that heals by asking again (5).
        ReportError::Dangerous { paper, .. } => (Exit::Usage, Some(of_text(paper))),
        ReportError::DangerousSetting { .. } => {
            (Exit::Usage, Some("name it otherwise, without `=`, `+`, `-` or `@` at its beginning"))
        }
        ReportError::TemporaryFile { .. } => (
            Exit::Usage,
            Some(
                "make room in the system's temporary folder, or name another with TMPDIR; the same command goes on from what is kept",
            ),
        ),
        ReportError::WithoutPdf => (Exit::Usage, None),
        _ => (Exit::Bug, None),
    }
}

/// How a command ends when the register refuses: somebody else's writing is over soon, nothing else is.
fn of_register(error: &RegisterError) -> (Exit, Option<&'static str>) {
    let exit = if matches!(error, RegisterError::Busy(_)) { Exit::Line } else { Exit::Usage };
    (exit, error.hint())
}

/// How a command ends when a run folder cannot be sealed, written or read.
#[expect(clippy::wildcard_enum_match_arm, reason = "the others have no advice of their own")]
fn of_seal(error: &SealError) -> (Exit, Option<&'static str>) {
    match error {
        SealError::Altered { .. } | SealError::NotSealed(_) | SealError::Malformed { .. } => (
            Exit::Seal,
            Some("what was sealed was altered: `tieout verify` says where; restore the run folder from a copy"),
        ),
        SealError::Disk { source, .. } => (Exit::Usage, of_disk(source.kind())),
        SealError::InTheWay(_) => (
            Exit::Usage,
            Some(
                "before it is sealed, a run folder holds run.json alone: move the other away, or name another folder with --out",
            ),
        ),
        SealError::AlreadySealed(_) => {
            (Exit::Usage, Some("another close has sealed it meanwhile; nothing sealed is overwritten"))
        }
        _ => (Exit::Usage, None),
    }
}

/// How a command ends when a known run is missing, or not what was sealed.
fn of_shelf(error: &ShelfError) -> Failure {
    let exit = if error.is_of_a_seal() { Exit::Seal } else { Exit::Usage };
    Failure::new(exit, RunError::from(error.clone()), Some(error.hint()))
}

/// What can be done about a text that a spreadsheet would run. What accounting programs import is never led by an apostrophe,
/// and holds no text of customers that could begin so: there it is the rate card's or the settings' own.
fn of_text(paper: &str) -> &'static str {
    if paper.starts_with("exports/") {
        "name it otherwise in the rate card or below [export]; the same command goes on from what is kept"
    } else {
        "export.csv = \"spreadsheet\" makes such text harmless; the same command goes on from what is kept"
    }
}

/// What can be done about texts that the fonts of the PDFs cannot print: where each kind of them is corrected.
fn of_unprintable(found: &[Unprintable]) -> String {
    let places: BTreeSet<String> = found.iter().map(Unprintable::place).collect();
    let places = places.into_iter().collect::<Vec<_>>().join(", ");
    format!("correct it {places}, or set pdf = false below [invoice]; `tieout close` then goes on from what is kept")
}

/// How a command ends when the partner, the line or what leads to it fails.
fn of_fetch(error: &FetchError) -> (Exit, Option<&'static str>) {
    match error {
        FetchError::BaseUrl { .. } => (Exit::Usage, Some("plain HTTP is for this machine alone")),
        FetchError::Token => (Exit::Usage, None),
        FetchError::OtherPartner { .. } => (Exit::Usage, Some("which partner do the credentials belong to?")),
        // Asking again with the same credentials heals nothing.
        FetchError::Credentials { .. } => {
            (Exit::Usage, Some("the partner API takes the partner's own credentials (`PA_…` and its token)"))
        }
        FetchError::TooManyAccounts { .. } | FetchError::TooManyPages { .. } => {
            (Exit::Usage, Some("where the books are that large, raise this bound in the settings, below [fetch]"))
        }
        FetchError::Client(_) => (Exit::Line, None),
        FetchError::Line { .. } => (Exit::Line, Some("what was fetched is kept; the same command goes on from it")),
        FetchError::Archive(error) => of_archive(error),
    }
}

/// How a command ends when the archive fails: what is there cannot be used, or it cannot be got at.
#[expect(clippy::wildcard_enum_match_arm, reason = "the others have no advice of their own")]
fn of_archive(error: &ArchiveError) -> (Exit, Option<&'static str>) {
    match error {
        ArchiveError::Foreign { .. } | ArchiveError::Paper { .. } | ArchiveError::Swollen { .. } => {
            (Exit::Seal, Some("somebody else has made or altered this file: get another copy of it"))
        }
        damage if damage.is_damage() => (
            Exit::Seal,
            Some(
                "`tieout archive check` tells what is damaged; the next fetch of the month asks for it anew, `tieout archive repair --from FILE` takes it from a pack or a copy",
            ),
        ),
        ArchiveError::Absent { .. } => (Exit::Usage, Some("name the archive with --archive, or in the settings")),
        ArchiveError::Disk { source, .. } if source.kind() == ErrorKind::AlreadyExists => {
            (Exit::Usage, Some("nothing is overwritten; name another file with --out"))
        }
        ArchiveError::Busy { .. } => (Exit::Line, Some("wait for the other run, or end it")),
        _ => {
            let kind = error.disk();
            let exit = if kind == Some(ErrorKind::ResourceBusy) { Exit::Line } else { Exit::Usage };
            (exit, kind.and_then(of_disk))
        }
    }
}

/// What can be done when the disk refuses.
#[expect(clippy::wildcard_enum_match_arm, reason = "the others have no advice of their own")]
const fn of_disk(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            Some("make room on the disk; the same command goes on from what is kept")
        }
        ErrorKind::FileTooLarge => {
            Some("let files grow larger (`ulimit -f`); the same command goes on from what is kept")
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            Some("the run folder, the folder that it stands in and the archive must be open to writing")
        }
        ErrorKind::ResourceBusy => Some("another program has the archive open; wait for it, or end it"),
        ErrorKind::Other => Some(
            "is the disk full or failing, or are files kept small (`ulimit -f`)? the same command goes on from what is kept",
        ),
        _ => None,
    }
}
