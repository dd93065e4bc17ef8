//! Account identifiers that are safe to put into a request path.

use std::fmt;

use serde::Serialize;
use thiserror::Error;

/// The longest identifier accepted; documented ones have 11 characters.
const LENGTH_MAX: usize = 64;

/// The identifier of a customer (`MA_…`) or of the partner (`PA_…`).
///
/// Holds only ASCII letters, digits, `_` and `-`, so that it can never leave its place in a URL path or a file name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct AccountId(String);

/// Why a text is not an account identifier.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is not an account id (1 to 64 ASCII letters, digits, `_` or `-`)")]
pub struct AccountIdError(pub String);

impl AccountId {
    /// Reads an identifier.
    ///
    /// # Errors
    /// When the text is empty, longer than 64 characters, or holds a character that a path could trip over.
    pub fn parse(text: &str) -> Result<Self, AccountIdError> {
        let safe = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if text.is_empty() || text.len() > LENGTH_MAX || !text.chars().all(safe) {
            return Err(AccountIdError(text.chars().take(LENGTH_MAX).collect()));
        }
        Ok(Self(text.to_owned()))
    }

    /// The identifier as the partner writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
