//! Why a run stopped. A break never stops one: these are the line, the disk, the settings, or a damaged archive.

use std::collections::BTreeSet;
use std::error::Error as _;
use std::io;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use thiserror::Error;

use super::shelf_error::ShelfError;
use crate::archive::ArchiveError;
use crate::domain::Period;
use crate::fetch::FetchError;
use crate::frame::FrameError;
use crate::invoice::{InvoiceError, Unmatched};
use crate::normalise::NormaliseError;
use crate::register::RegisterError;
use crate::report::ReportError;
use crate::seal::SealError;

/// Why a run stopped.
#[derive(Debug, Error)]
pub enum RunError {
    /// The partner or the line failed.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The archive failed or is damaged.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The evidence cannot become books.
    #[error(transparent)]
    Normalise(#[from] NormaliseError),
    /// The frame refused a question.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// Something cannot be billed.
    #[error(transparent)]
    Invoice(#[from] InvoiceError),
    /// The terms name accounts that nobody has, and are to be kept strictly.
    #[error("the terms name what the account list does not hold: {}", told(.0))]
    Unmatched(Vec<Unmatched>),
    /// The papers cannot be printed.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// The run folder cannot be sealed, written or read.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The register of breaks cannot be used, or refused a decision.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// A folder with neither a register nor a sealed run.
    #[error("{}: neither a register of breaks nor a sealed run here", .0.display())]
    NoRegister(PathBuf),
    /// A folder with the runs of several partners.
    #[error("{}: registers of several partners ({partners})", folder.display())]
    SeveralRegisters {
        /// The folder.
        folder: PathBuf,
        /// Two of them.
        partners: String,
    },
    /// The inputs cannot be written down.
    #[error("run.json: the inputs cannot be written")]
    Inputs(#[source] serde_json::Error),
    /// A folder without a run.
    #[error("{}: no run here, expected a folder with run.json", .0.display())]
    NoRun(PathBuf),
    /// A `run.json` that is not one.
    #[error("{}: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The evidence was read before the month was over: its invoices would bill a part of it.
    #[error("{period} is not over: it was read on {read}, expected {} or later", period.day_after())]
    NotOver {
        /// The month.
        period: Period,
        /// The day on which it was read, in the partner's zone.
        read: NaiveDate,
    },
    /// The run is sealed; nothing sealed is overwritten.
    #[error("{}: the run is sealed already", .0.display())]
    Sealed(PathBuf),
    /// A run that was never sealed, where a seal is to be held against something.
    #[error("{}: the run is not sealed, so there is no seal to hold anything against", .0.display())]
    NotSealed(PathBuf),
    /// Papers of a run without its seal.
    #[error("{}: the papers of a run without their SEAL", .0.display())]
    SealGone(PathBuf),
    /// Something of a user's own at the name of a draft.
    #[error("{}: not as a draft was laid down there, so it stays", .0.display())]
    NotADraft(PathBuf),
    /// A recheck, where a close was to be found.
    #[error("{}: a recheck, expected the run folder of a close", .0.display())]
    NotAClose(PathBuf),
    /// A run of another month.
    #[error("{}: the run is of {found}, expected {asked}", folder.display())]
    OtherMonth {
        /// The run folder.
        folder: PathBuf,
        /// Its month.
        found: Period,
        /// The month asked for.
        asked: Period,
    },
    /// A run of the simulator's, which nobody can be asked about again.
    #[error("{}: a simulated run (scenario {scenario:?}), which no partner can be asked about", folder.display())]
    Simulated {
        /// The run folder.
        folder: PathBuf,
        /// Its scenario.
        scenario: String,
    },
    /// The credentials are another partner's.
    #[error("the run is {run}'s, but the credentials are {credentials}'s")]
    NotYours {
        /// The run's partner.
        run: String,
        /// The credentials'.
        credentials: String,
    },
    /// A sealed run whose papers are not those that were sealed.
    #[error("{}: the seal does not hold: {}", folder.display(), faults.join("; "))]
    Broken {
        /// The run folder.
        folder: PathBuf,
        /// Every discrepancy.
        faults: Vec<String>,
    },
    /// A known run is not what was sealed, or not there.
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    /// Too many runs of one month.
    #[error("{}: {period} was run 999 times", folder.display())]
    TooManyRuns {
        /// The first run's folder.
        folder: PathBuf,
        /// The month.
        period: Period,
    },
    /// The archive is another partner's.
    #[error("the run is {run}'s, but the archive is {archive}'s")]
    OtherPartner {
        /// The run's partner.
        run: String,
        /// The archive's.
        archive: String,
    },
    /// The archive does not hold the evidence that the run rests on.
    #[error("the archive holds no fetch of {period} whose manifest has sha256 {digest}")]
    NoEvidence {
        /// The digest that the run names.
        digest: String,
        /// The month.
        period: Period,
        /// The manifest of the newest fetch of the month, where there is one.
        latest: Option<String>,
    },
    /// A file that is an archive, but no packed run.
    #[error("{}: an archive without a run, expected a run folder or a packed run", .0.display())]
    Packed(PathBuf),
    /// No figure of the run has this id.
    #[error("{}: nothing here is called {id:?}", folder.display())]
    NothingToExplain {
        /// What was asked for.
        id: String,
        /// The run folder.
        folder: PathBuf,
    },
    /// The disk refused.
    #[error("{}: cannot {action}", path.display())]
    Disk {
        /// What was tried.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

/// Accounts told in a message, at most.
const TOLD_MAX: usize = 10;

/// The accounts with the keys that name them.
fn told(unmatched: &[Unmatched]) -> String {
    let one = |it: &Unmatched| format!("{} ({})", it.account, it.places());
    let others = unmatched.len().saturating_sub(TOLD_MAX);
    let more = (others > 0).then(|| format!("{others} more"));
    unmatched.iter().take(TOLD_MAX).map(one).chain(more).collect::<Vec<_>>().join(", ")
}

impl RunError {
    /// The message with its causes, on one line.
    #[must_use]
    pub fn in_full(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            let more = error.to_string();
            if !text.ends_with(&more) {
                text.push_str(": ");
                text.push_str(&more);
            }
            cause = error.source();
        }
        text
    }

    /// Whether the archive is not where it was looked for, or cannot be read there: that says nothing about the run.
    pub(super) fn is_of_the_place(&self) -> bool {
        matches!(
            self,
            Self::Archive(ArchiveError::Absent { .. } | ArchiveError::Disk { .. } | ArchiveError::NewerSchema { .. })
        )
    }

    /// The same as findings of a verification: where the archive holds other evidence than the run rests on, each line by
    /// which the manifest in the folder and the archive's differ.
    pub(super) fn faults(&self, folder: &Path) -> Vec<String> {
        let mut faults = vec![format!("the papers cannot be derived: {}", self.in_full())];
        if let Self::NoEvidence { latest: Some(latest), .. } = self {
            let sealed = std::fs::read_to_string(folder.join(super::MANIFEST_FILE)).unwrap_or_default();
            let lines = |text: &str| text.lines().map(ToOwned::to_owned).collect::<BTreeSet<_>>();
            let (sealed, found) = (lines(&sealed), lines(latest));
            faults.extend(sealed.difference(&found).map(|line| format!("archive: not as sealed: {line}")));
            faults.extend(found.difference(&sealed).map(|line| format!("archive: not in the seal: {line}")));
        }
        faults
    }
}
