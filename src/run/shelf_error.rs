//! Why the known runs of a shelf cannot be gone on from: one is missing, one is not what was sealed.

use std::collections::BTreeSet;
use std::path::PathBuf;

use thiserror::Error;

use crate::domain::Period;

/// Why the known runs cannot be gone on from, or one cannot be declared lost.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ShelfError {
    /// Runs that the register knows, and whose folders are not found.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Missing(Vec<MissingRun>),
    /// A folder is sealed, and not with the seal that is kept for its run.
    #[error("{}: seal {found}, but the register keeps seal {kept} for {run}", folder.display())]
    OtherSeal {
        /// The folder.
        folder: PathBuf,
        /// The run.
        run: String,
        /// The seal there.
        found: String,
        /// The seal that is kept.
        kept: String,
    },
    /// A folder has lost the seal that is kept for its run.
    #[error("{}: SEAL is missing, and the register keeps seal {kept} for {run}", folder.display())]
    SealGone {
        /// The folder.
        folder: PathBuf,
        /// The run.
        run: String,
        /// The seal that is kept.
        kept: String,
    },
    /// A run names another seal of the month before than that month has.
    #[error("{run}: names seal {previous} of {month}, but {found}")]
    Unchained {
        /// The run.
        run: String,
        /// The seal that it names.
        previous: String,
        /// The month before.
        month: Period,
        /// Each run of that month with its seal.
        found: String,
    },
    /// A run that is not lost.
    #[error("{run}: not lost, its folder is {} with seal {seal}", folder.display())]
    NotLost {
        /// The run.
        run: String,
        /// Its folder.
        folder: PathBuf,
        /// Its seal.
        seal: String,
    },
    /// A name that several runs bear.
    #[error("{id:?}: {} runs are called so: {}", runs.len(), runs.join(", "))]
    SeveralRuns {
        /// The name.
        id: String,
        /// Each with its seal.
        runs: Vec<String>,
    },
}

/// A run whose folder is not found, as the register knows it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "{run}: sealed before (seal {seal}, {}), but its folder is not at {}",
    match (invoices, last) {
        (0, _) | (_, None) => "no invoices known".to_owned(),
        (1, Some(last)) => format!("1 invoice, {last}"),
        (_, Some(last)) => format!("{invoices} invoices, the last one {last}"),
    },
    folder.display()
)]
pub struct MissingRun {
    /// The run.
    pub run: String,
    /// Where its folder stood.
    pub folder: PathBuf,
    /// Its seal.
    pub seal: String,
    /// How many invoices it gave.
    pub invoices: usize,
    /// The number of the last one.
    pub last: Option<String>,
}

impl ShelfError {
    /// Whether a seal is not what it was, rather than a folder not there.
    #[must_use]
    pub const fn is_of_a_seal(&self) -> bool {
        match self {
            Self::OtherSeal { .. } | Self::SealGone { .. } | Self::Unchained { .. } => true,
            Self::Missing(_) | Self::NotLost { .. } | Self::SeveralRuns { .. } => false,
        }
    }

    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Missing(runs) => of_missing(runs),
            Self::OtherSeal { kept: seal, .. } | Self::Unchained { previous: seal, .. } => {
                let seal = seal.get(..12).unwrap_or(seal);
                format!(
                    "restore the run that has this seal from a copy; where it is lost for good: `tieout runs forget {seal} \
                     --because …`, which keeps what it numbered and billed"
                )
            }
            Self::SealGone { folder, .. } => format!(
                "put SEAL back from a copy, or `tieout settle {}`, which seals the run again where its papers come to the same seal",
                folder.display()
            ),
            Self::NotLost { .. } => "only what is not found is declared lost; `tieout runs` lists all".to_owned(),
            Self::SeveralRuns { .. } => {
                "name the run by its seal, or by the first eight digits of it or more".to_owned()
            }
        }
    }
}

/// What can be done about runs that are not found.
fn of_missing(runs: &[MissingRun]) -> String {
    let names: BTreeSet<&str> = runs.iter().map(|it| it.run.as_str()).collect();
    let back =
        if names.len() == 1 { "the folder back to where it stood" } else { "the folders back to where they stood" };
    let names = names.into_iter().collect::<Vec<_>>().join(" ");
    format!(
        "bring {back}; what is lost for good: `tieout runs forget {names} --because …`, which asks for it no more and keeps what \
         it numbered and billed"
    )
}
