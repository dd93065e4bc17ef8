//! What a tie-out is about.

use super::currency::Currency;
use super::entry::Direction;

/// What is tied out: one account's movements in one currency and direction.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TieOutKey {
    /// A customer; or the partner, whose debits tie out to the transfers its customers received.
    pub account: String,
    /// The currency. Nothing is ever netted across currencies.
    pub currency: Currency,
    /// The direction.
    pub direction: Direction,
}
