//! Why a fetch ends without evidence. A list that cannot be read is no error: it is recorded as missing.

use thiserror::Error;

use crate::archive::ArchiveError;
use crate::domain::List;

/// Why a fetch could not be finished. What was archived stays, and the next fetch of the period goes on from it.
#[derive(Debug, Error)]
pub enum FetchError {
    /// The base cannot be used.
    #[error("base URL {seen:?}: {reason}")]
    BaseUrl {
        /// The base, without credentials.
        seen: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The token cannot be put into a header.
    #[error("auth token: holds characters that no header carries, expected visible ASCII")]
    Token,
    /// No client for HTTPS could be set up.
    #[error("failed to set up HTTPS: {0}")]
    Client(#[source] reqwest::Error),
    /// The partner refused the credentials.
    #[error("{list}: HTTP {status}: {message}")]
    Credentials {
        /// What was asked for.
        list: List,
        /// 401 or 403.
        status: u16,
        /// The partner's own words.
        message: String,
    },
    /// Two partners are confused.
    #[error("{place}: partner {seen}, expected {expected}")]
    OtherPartner {
        /// Who says so: `archive` or `me`.
        place: &'static str,
        /// The partner it names.
        seen: String,
        /// The partner whose credentials are used.
        expected: String,
    },
    /// Nothing can be read without this list, and it could not be read.
    #[error("{list}: {reason}")]
    Line {
        /// The list.
        list: List,
        /// Why.
        reason: String,
    },
    /// There are more customers than the limits allow.
    #[error("accounts: {seen} customers, expected at most {accounts_max} (fetch.accounts_max)")]
    TooManyAccounts {
        /// Customers, as the first page says or as were received.
        seen: u64,
        /// The limit.
        accounts_max: u64,
    },
    /// A list is longer than the limits allow.
    #[error("{list}: {promised} pages, expected at most {pages_max} (fetch.pages_max)")]
    TooManyPages {
        /// The list.
        list: List,
        /// Pages, as the first one says.
        promised: u64,
        /// The limit.
        pages_max: u32,
    },
    /// The archive failed.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}
