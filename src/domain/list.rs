//! The lists that a fetch reads from the partner, by name.

use std::fmt;
use std::str::FromStr;

use super::account::{AccountId, AccountIdError};
use super::beside::Beside;

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
    /// What a ledger says of itself, read without its entries.
    Reading(Reading),
    /// What is read for the sake of the wallets.
    Beside(Beside),
}

/// The control totals of a ledger, or of the part of it that one `transaction_type` selects, read with the smallest page.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reading {
    /// The customer whose ledger it is; nothing for the master ledger.
    pub of: Option<AccountId>,
    /// Which of its entries are counted.
    pub counts: Counted,
}

/// Which entries of a ledger a reading counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Counted {
    /// All of them.
    All,
    /// Those that the filter `debit` selects.
    Debit,
    /// Those that the filter `recharge` selects.
    Recharge,
    /// Those that the filter `refund` selects.
    Refund,
    /// Those that the filter `transfer` selects.
    Transfer,
}

impl Counted {
    /// The partner's filters, in the order of their columns in `walk.csv` (partner API, ledger rows).
    pub const TYPES: [Self; 4] = [Self::Debit, Self::Recharge, Self::Refund, Self::Transfer];

    /// The query that selects them, beside the window and the page; nothing where all are counted.
    #[must_use]
    pub const fn filter(self) -> Option<&'static str> {
        match self {
            Self::All => None,
            Self::Debit => Some("transaction_type=debit"),
            Self::Recharge => Some("transaction_type=recharge"),
            Self::Refund => Some("transaction_type=refund"),
            Self::Transfer => Some("transaction_type=transfer"),
        }
    }

    /// What stands behind the ledger's name in a reading's: the filter, or `totals`.
    const fn suffix(self) -> &'static str {
        match self.filter() {
            Some(filter) => filter,
            None => "totals",
        }
    }
}

impl List {
    /// Which book a ledger belongs to; every list that is not a customer's ledger counts as the master's.
    #[must_use]
    pub const fn side(&self) -> Side {
        match self {
            Self::Ledger(_) => Side::Customer,
            Self::Me | Self::Dashboard | Self::Accounts | Self::Master | Self::Reading(_) | Self::Beside(_) => {
                Side::Master
            }
        }
    }

    /// The customer whose ledger it is.
    #[must_use]
    pub const fn owner(&self) -> Option<&AccountId> {
        match self {
            Self::Ledger(owner) => Some(owner),
            Self::Me | Self::Dashboard | Self::Accounts | Self::Master | Self::Reading(_) | Self::Beside(_) => None,
        }
    }

    /// Whether it is a ledger, the master's or a customer's.
    #[must_use]
    pub const fn is_ledger(&self) -> bool {
        matches!(self, Self::Master | Self::Ledger(_))
    }

    /// Whether its pages hold entries: a ledger of the month, or a stretch of one that is read for a wallet's sake.
    #[must_use]
    pub const fn holds_entries(&self) -> bool {
        match self {
            Self::Master | Self::Ledger(_) => true,
            Self::Beside(beside) => beside.holds_entries(),
            Self::Me | Self::Dashboard | Self::Accounts | Self::Reading(_) => false,
        }
    }

    /// The reading of a ledger that counts these entries.
    #[must_use]
    pub fn reading(&self, counts: Counted) -> Self {
        Self::Reading(Reading { of: self.owner().cloned(), counts })
    }
}

impl Reading {
    /// The ledger that is read.
    #[must_use]
    pub fn ledger(&self) -> List {
        self.of.clone().map_or(List::Master, List::Ledger)
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
            Self::Reading(reading) => write!(f, "{}?{}", reading.ledger(), reading.counts.suffix()),
            Self::Beside(beside) => beside.fmt(f),
        }
    }
}

impl FromStr for List {
    type Err = AccountIdError;

    /// Reads the text that `Display` writes.
    fn from_str(text: &str) -> Result<Self, AccountIdError> {
        if let Some(beside) = Beside::named(text) {
            return beside.map(Self::Beside);
        }
        if let Some((ledger, query)) = text.split_once('?') {
            let known = [Counted::All].into_iter().chain(Counted::TYPES).find(|counts| counts.suffix() == query);
            let ledger: Self = ledger.parse()?;
            let counts = known.filter(|_| ledger.is_ledger()).ok_or_else(|| AccountIdError(text.to_owned()))?;
            return Ok(ledger.reading(counts));
        }
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
