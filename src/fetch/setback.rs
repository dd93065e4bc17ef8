//! Why a list could not be read, and what follows from it for everything else.

use super::caller::Refusal;
use super::error::FetchError;
use crate::archive::ArchiveError;
use crate::domain::List;

/// Why a list could not be read.
pub(super) enum Setback {
    /// Nothing more can be read at all.
    Fatal(FetchError),
    /// The partner said no.
    Refused { status: u16, message: String },
    /// The line failed, or the answers were unusable.
    Line { reason: String },
}

impl Setback {
    /// Makes of a setback what it is when nothing can be read without the list.
    pub(super) fn fatal(self, list: &List) -> FetchError {
        match self {
            Self::Fatal(error) => error,
            Self::Refused { status, message } => {
                FetchError::Line { list: list.clone(), reason: format!("HTTP {status}: {message}") }
            }
            Self::Line { reason } => FetchError::Line { list: list.clone(), reason },
        }
    }
}

impl From<(&List, Refusal)> for Setback {
    /// A 401 refuses the credentials, and with them every list.
    fn from((list, refusal): (&List, Refusal)) -> Self {
        match refusal {
            Refusal::Partner { status: status @ 401, message } => {
                Self::Fatal(FetchError::Credentials { list: list.clone(), status, message })
            }
            Refusal::Partner { status, message } => Self::Refused { status, message },
            Refusal::Line { reason } => Self::Line { reason },
            Refusal::Away { reason } => Self::Fatal(FetchError::Line { list: list.clone(), reason }),
        }
    }
}

impl From<FetchError> for Setback {
    fn from(error: FetchError) -> Self {
        Self::Fatal(error)
    }
}

impl From<ArchiveError> for Setback {
    fn from(error: ArchiveError) -> Self {
        Self::Fatal(error.into())
    }
}
