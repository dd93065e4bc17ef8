//! What can go wrong with the register of breaks.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use rusqlite::ErrorCode;
use thiserror::Error;

use crate::domain::{Amount, Class, Currency};

/// Why the register cannot be used, or a decision was refused.
#[derive(Debug, Error)]
pub enum RegisterError {
    /// No file is there.
    #[error("register {}: no such file", .0.display())]
    Absent(PathBuf),
    /// The file is something else.
    #[error("register {}: not a register of tieout", .0.display())]
    NotARegister(PathBuf),
    /// The file holds something beside that no version of the program puts there.
    #[error("register {}: holds the {seen}, unlike any register of tieout", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// The first such thing.
        seen: String,
    },
    /// A later version of the program wrote the file.
    #[error("register {}: schema {seen} is newer than {known}, the newest this version reads", path.display())]
    NewerSchema {
        /// The file.
        path: PathBuf,
        /// Its schema.
        seen: i64,
        /// The newest known here.
        known: i64,
    },
    /// The file is another partner's.
    #[error("register {}: belongs to partner {seen}, expected {expected}", path.display())]
    OtherPartner {
        /// The file.
        path: PathBuf,
        /// Whose it is.
        seen: String,
        /// Whose it should be.
        expected: String,
    },
    /// Somebody else writes to it.
    #[error("register {}: somebody else is writing to it", .0.display())]
    Busy(PathBuf),
    /// The database refused.
    #[error("register {}: failed to {doing}: {source}", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What was attempted.
        doing: &'static str,
        /// The database's own words.
        source: rusqlite::Error,
    },
    /// A row that cannot be read.
    #[error("register: {table} holds {seen:?}, which cannot be read")]
    Row {
        /// The table.
        table: &'static str,
        /// The text found.
        seen: String,
    },
    /// No sealed run reported the break.
    #[error("break {0:?}: no sealed run reported it")]
    Unknown(String),
    /// The amount is not the break's effect.
    #[error(
        "break {id}: {named} named, expected its effect {effect}{} (difference {})",
        .currency.map(|currency| format!(" {currency}")).unwrap_or_default(),
        (*.named - *.effect)
    )]
    OtherAmount {
        /// The break.
        id: String,
        /// The amount named.
        named: Amount,
        /// Its effect.
        effect: Amount,
        /// The currency.
        currency: Option<Currency>,
    },
    /// A gap in the evidence.
    #[error("break {id}: {class} means that the evidence is not whole, which nobody can accept")]
    NotWhole {
        /// The break.
        id: String,
        /// Its class.
        class: Class,
    },
    /// A note or a name that says nothing, or too much.
    #[error("the {what} has {characters} characters, expected 1 to {max}")]
    Text {
        /// Which.
        what: &'static str,
        /// How long it is.
        characters: usize,
        /// How long it may be.
        max: usize,
    },
    /// A note or a name with a line break, an escape or the like.
    #[error("the {what} has a control character, expected text on one line")]
    Control {
        /// Which.
        what: &'static str,
    },
    /// The file is a register no more.
    #[error("register {}: damaged: {source}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The database's own words.
        source: rusqlite::Error,
    },
    /// No run of this name is noted.
    #[error("run {run:?}: not among the sealed runs: {known}")]
    UnknownRun {
        /// The run asked for.
        run: String,
        /// Those that are noted.
        known: String,
    },
}

impl RegisterError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Absent(_) => {
                Some("a close makes the register beside its archive; `--reports` names the folder of the runs")
            }
            Self::Busy(_) => Some("wait for the other command, or end it"),
            Self::Unknown(_) => Some("ids are in breaks.csv of a sealed run; `tieout breaks --all` lists them"),
            Self::OtherAmount { .. } => {
                Some("accepting takes the exact effect, its sign included, so that a break that changes comes back")
            }
            Self::NotWhole { .. } => Some("explain or assign it, and close the month again when it can be read"),
            Self::Damaged { .. } | Self::Foreign { .. } => Some(
                "restore it from a copy; without one put it aside: it is made anew from the sealed runs that are here, and knows no number \
                 of any other: let `first` of each series in the rate card lie beyond those",
            ),
            Self::Sqlite { source, .. } => Some(match source.sqlite_error_code() {
                Some(ErrorCode::DiskFull) => "make room on the disk; the same command goes on from what is kept",
                // The database does not hand on what the system said.
                Some(ErrorCode::SystemIoFailure) => {
                    "is the disk full, or failing? the same command goes on from what is kept"
                }
                Some(_) | None => "the register and its folder must be open to writing",
            }),
            Self::NotARegister(_)
            | Self::NewerSchema { .. }
            | Self::OtherPartner { .. }
            | Self::Row { .. }
            | Self::Text { .. }
            | Self::Control { .. }
            | Self::UnknownRun { .. } => None,
        }
    }
}

/// Names what the database was asked for when it refused.
pub(super) fn failed_to(path: &Path, doing: &'static str) -> impl Fn(rusqlite::Error) -> RegisterError + use<> {
    let path = path.to_owned();
    move |source| match source.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => RegisterError::NotARegister(path.clone()),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => RegisterError::Busy(path.clone()),
        Some(ErrorCode::DatabaseCorrupt) => RegisterError::Damaged { path: path.clone(), source },
        Some(_) | None => RegisterError::Sqlite { path: path.clone(), doing, source },
    }
}

/// Reads a text of a table.
pub(super) fn row<T: FromStr>(table: &'static str, text: &str) -> Result<T, RegisterError> {
    text.parse().map_err(|_unreadable| RegisterError::Row { table, seen: text.to_owned() })
}
