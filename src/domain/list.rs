//! The lists that a fetch reads from the partner, by name.

use std::fmt;
use std::str::FromStr;

use super::account::{AccountId, AccountIdError};

/// Which of the two books an entry was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The master ledger.
    Master,
    /// A customer's ledger.
    Customer,
}

/// One list (or single object) of the partner API. Its text is its path below the base, so a person can ask for it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum List {
    /// `/me`: the partner itself.
    Me,
    /// `/dashboard`: the partner's totals.
    Dashboard,
    /// `/accounts`: every customer.
    Accounts,
    /// `/transactions`: the master ledger.
    Master,
    /// `/accounts/{id}/transactions`: one customer's ledger.
    Ledger(AccountId),
}

impl List {
    /// Which book a ledger belongs to; every list that is not a customer's ledger counts as the master's.
    #[must_use]
    pub const fn side(&self) -> Side {
        match self {
            Self::Ledger(_) => Side::Customer,
            Self::Me | Self::Dashboard | Self::Accounts | Self::Master => Side::Master,
        }
    }
}

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Me => f.write_str("me"),
            Self::Dashboard => f.write_str("dashboard"),
            Self::Accounts => f.write_str("accounts"),
            Self::Master => f.write_str("transactions"),
            Self::Ledger(account) => write!(f, "accounts/{account}/transactions"),
        }
    }
}

impl FromStr for List {
    type Err = AccountIdError;

    /// Reads the text that `Display` writes.
    fn from_str(text: &str) -> Result<Self, AccountIdError> {
        match text {
            "me" => Ok(Self::Me),
            "dashboard" => Ok(Self::Dashboard),
            "accounts" => Ok(Self::Accounts),
            "transactions" => Ok(Self::Master),
            _ => text
                .strip_prefix("accounts/")
                .and_then(|rest| rest.strip_suffix("/transactions"))
                .ok_or_else(|| AccountIdError(text.to_owned()))
                .and_then(AccountId::parse)
                .map(Self::Ledger),
        }
    }
}
