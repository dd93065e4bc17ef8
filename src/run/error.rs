//! Why a run stopped. A break never stops one: these are the line, the disk, the settings, or a damaged archive.

use std::error::Error as _;
use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::archive::ArchiveError;
use crate::domain::Period;
use crate::fetch::FetchError;
use crate::frame::FrameError;
use crate::invoice::InvoiceError;
use crate::normalise::NormaliseError;
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
    /// The papers cannot be printed.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// The run folder cannot be sealed, written or read.
    #[error(transparent)]
    Seal(#[from] SealError),
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
    /// The run is sealed; nothing sealed is overwritten.
    #[error("{}: the run is sealed already", .0.display())]
    Sealed(PathBuf),
    /// Too many runs of one month.
    #[error("{}: {period} was run 999 times", reports.display())]
    TooManyRuns {
        /// Where run folders go.
        reports: PathBuf,
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
}
