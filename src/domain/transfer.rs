//! Transfer references, `ptc:<partner uuid>:<customer auth_id>:<unix seconds>` (partner API, ledger rows).

use thiserror::Error;

use super::account::AccountId;

/// What every transfer reference begins with.
const PREFIX: &str = "ptc:";

/// A transfer reference, read. Two transfers within one second share a reference: it is never an identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferReference {
    /// The partner's uuid, `/me.id`.
    pub partner: String,
    /// The customer who is credited.
    pub customer: AccountId,
    /// When, in seconds since 1970-01-01 UTC.
    pub unix_seconds: i64,
}

/// Why a reference that begins with `ptc:` cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TransferReferenceError {
    /// Not four parts.
    #[error("expected `ptc:<partner>:<customer>:<unix seconds>`, found {0} parts")]
    Parts(usize),
    /// The partner's part is not a uuid.
    #[error("{0:?} is not a partner uuid")]
    Partner(String),
    /// The customer's part is not an account id.
    #[error("{0:?} is not a customer id")]
    Customer(String),
    /// The last part is not a number of seconds.
    #[error("{0:?} is not a number of seconds")]
    Seconds(String),
}

/// Whether a reference claims to be a transfer's.
#[must_use]
pub fn is_transfer(reference: &str) -> bool {
    reference.starts_with(PREFIX)
}

impl TransferReference {
    /// Reads a reference that begins with `ptc:`.
    ///
    /// # Errors
    /// When any of the four parts is missing or is not what it should be.
    pub fn parse(text: &str) -> Result<Self, TransferReferenceError> {
        let parts: Vec<&str> = text.split(':').collect();
        let ["ptc", partner, customer, seconds] = parts.as_slice() else {
            return Err(TransferReferenceError::Parts(parts.len()));
        };
        if !is_uuid(partner) {
            return Err(TransferReferenceError::Partner((*partner).to_owned()));
        }
        let customer = AccountId::parse(customer).map_err(|refused| TransferReferenceError::Customer(refused.0))?;
        let digits = !seconds.is_empty() && seconds.bytes().all(|b| b.is_ascii_digit());
        let unix_seconds = seconds.parse().ok().filter(|_| digits);
        let unix_seconds = unix_seconds.ok_or_else(|| TransferReferenceError::Seconds((*seconds).to_owned()))?;
        Ok(Self { partner: (*partner).to_owned(), customer, unix_seconds })
    }
}

/// Whether a text has the shape 8-4-4-4-12 of hexadecimal digits.
fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    lengths == [8, 4, 4, 4, 12] && groups.iter().all(|group| group.bytes().all(|b| b.is_ascii_hexdigit()))
}
