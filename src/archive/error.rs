//! What can go wrong between pages and disk.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::ErrorCode;
use thiserror::Error;

use super::record::FetchId;
use crate::domain::List;

/// Why the archive could not be opened, written or read.
#[derive(Clone, Debug, Error)]
pub enum ArchiveError {
    /// No file is there.
    #[error("archive {}: no such file", path.display())]
    Absent {
        /// The file asked for.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("archive {}: not an archive of tieout", path.display())]
    NotAnArchive {
        /// The file asked for.
        path: PathBuf,
    },
    /// The file is an archive, and holds something beside that no version of the program puts there.
    #[error("archive {}: holds the {seen}, unlike any archive of tieout", path.display())]
    Foreign {
        /// The file asked for.
        path: PathBuf,
        /// The first such thing.
        seen: String,
    },
    /// The file's pages do not make up a database.
    #[error("archive {}: the file is damaged: {seen}", path.display())]
    Malformed {
        /// The file asked for.
        path: PathBuf,
        /// What the database says of it.
        seen: String,
    },
    /// What the file holds comes to more than a file of its length can hold honestly.
    #[error("archive {}: {what} come to more than {bytes_max} bytes, the most that is unpacked from a file of {bytes} bytes", path.display())]
    Swollen {
        /// The file asked for.
        path: PathBuf,
        /// What comes to so much.
        what: &'static str,
        /// The length of the file.
        bytes: u64,
        /// The most that is unpacked from it.
        bytes_max: u64,
    },
    /// A paper in a pack that cannot be unpacked.
    #[error("archive {}: the paper {name:?} cannot be unpacked: {seen}", path.display())]
    Paper {
        /// The pack.
        path: PathBuf,
        /// The paper.
        name: String,
        /// What is wrong with it.
        seen: String,
    },
    /// A later version of the program wrote the file.
    #[error("archive {}: schema {seen} is newer than {known}, the newest this version reads", path.display())]
    NewerSchema {
        /// The file asked for.
        path: PathBuf,
        /// The file's schema.
        seen: i64,
        /// The newest schema known here.
        known: i64,
    },
    /// The file holds another partner's pages.
    #[error("archive {}: belongs to partner {seen}, expected {expected}", path.display())]
    OtherPartner {
        /// The file asked for.
        path: PathBuf,
        /// The partner it belongs to.
        seen: String,
        /// The partner asked for.
        expected: String,
    },
    /// Another run writes to the file at this moment.
    #[error("archive {}: another run is writing to it", path.display())]
    Busy {
        /// The file asked for.
        path: PathBuf,
    },
    /// The archive was opened for reading.
    #[error("archive: opened for reading, cannot be written to")]
    ReadOnly,
    /// The writing thread has ended before its time.
    #[error("archive: the writer has stopped")]
    Stopped,
    /// The archive holds no fetch of that number.
    #[error("archive: no fetch {0}")]
    NoFetch(FetchId),
    /// The fetch was cut off, so that it proves nothing yet.
    #[error("archive: fetch {0} is not finished\nhint: fetch the period again, it goes on where it was cut off")]
    Unfinished(FetchId),
    /// A page is already held with another body; what is held stays.
    #[error("{list}, page {page}: already archived with another body")]
    AlreadyKept {
        /// The list.
        list: List,
        /// The page, from 1.
        page: u32,
    },
    /// A list already has another outcome; what is held stays.
    #[error("{list}: already settled otherwise")]
    AlreadySettled {
        /// The list.
        list: List,
    },
    /// A body is gone or no longer the bytes that were archived.
    #[error("{list}, page {page}: archived body is damaged, seen {seen}, expected sha256 {digest}")]
    Damaged {
        /// The list.
        list: String,
        /// The page, from 1.
        page: u32,
        /// The digest under which the body was archived.
        digest: String,
        /// What was found instead.
        seen: String,
    },
    /// A row of the archive's own tables cannot be read.
    #[error("archive: {table} holds {seen:?}, expected {expected}")]
    Row {
        /// The table.
        table: &'static str,
        /// The text found.
        seen: String,
        /// What belongs there.
        expected: &'static str,
    },
    /// A body exceeds what one record of the archive may hold.
    #[error("{list}, page {page}: body of {bytes} bytes, expected at most {bytes_max}")]
    Oversized {
        /// The list.
        list: List,
        /// The page, from 1.
        page: u32,
        /// Its length.
        bytes: usize,
        /// The most that is archived.
        bytes_max: usize,
    },
    /// The database refused.
    #[error("archive: failed to {doing}: {source}")]
    Sqlite {
        /// What was attempted.
        doing: &'static str,
        /// The database's own words.
        source: Arc<rusqlite::Error>,
    },
    /// The disk or the operating system refused.
    #[error("archive {}: {source}", path.display())]
    Disk {
        /// The file.
        path: PathBuf,
        /// The system's own words.
        source: Arc<std::io::Error>,
    },
}

impl ArchiveError {
    /// Whether what the file holds is not what was put there: it was damaged, or altered.
    #[must_use]
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others say nothing of what the file holds")]
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Foreign { .. }
            | Self::Malformed { .. }
            | Self::Swollen { .. }
            | Self::Paper { .. }
            | Self::Damaged { .. }
            | Self::Row { .. } => true,
            Self::Sqlite { source, .. } => source.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt),
            _ => false,
        }
    }

    /// In which way the disk, or somebody else who uses the file, refused; nothing where neither did.
    #[must_use]
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others have nothing to do with the disk")]
    pub fn disk(&self) -> Option<ErrorKind> {
        let source = match self {
            Self::Disk { source, .. } => return Some(source.kind()),
            Self::Sqlite { source, .. } => source.sqlite_error_code()?,
            _ => return None,
        };
        match source {
            ErrorCode::DiskFull => Some(ErrorKind::StorageFull),
            ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied => {
                Some(ErrorKind::PermissionDenied)
            }
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Some(ErrorKind::ResourceBusy),
            // The database does not hand on what the system said.
            ErrorCode::SystemIoFailure => Some(ErrorKind::Other),
            _ => None,
        }
    }
}

/// Names what the database was asked for when it refused.
pub(super) fn failed_to(doing: &'static str) -> impl Fn(rusqlite::Error) -> ArchiveError {
    move |source| ArchiveError::Sqlite { doing, source: Arc::new(source) }
}
