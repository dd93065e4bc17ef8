//! The lists that a fetch reads for the sake of the wallets, beside the month's own: the wallets once more, and the entries
//! that lie between the month and them.

use std::fmt;

use super::account::{AccountId, AccountIdError};
use super::list::List;

/// One of them. Where a customer is left open, the partner's own wallet is meant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Beside {
    /// `me?after`: the partner, once more when every ledger had been read.
    Me,
    /// `accounts?after`: every customer, once more when every ledger had been read.
    Accounts,
    /// `…/transactions?after`: the entries from the end of the month's window to the day of the fetch.
    Since(Option<AccountId>),
    /// `accounts/{id}/balance`, `me?held`: one wallet that had moved, before and after its newest entries were read. Each
    /// walk of this list is one such pair: page 1 was read before the walk of `Lately`, page 2 after it.
    Held(Option<AccountId>),
    /// `…/transactions?held`: the newest entries of a wallet that had moved, read between the two pages of `Held`.
    Lately(Option<AccountId>),
    /// `…/transactions?before`: every entry from the first one ever to the beginning of the month's window.
    Before(Option<AccountId>),
}

impl Beside {
    /// Whether its pages hold entries.
    #[must_use]
    pub const fn holds_entries(&self) -> bool {
        match self {
            Self::Since(_) | Self::Lately(_) | Self::Before(_) => true,
            Self::Me | Self::Accounts | Self::Held(_) => false,
        }
    }

    /// Reads the text that `Display` writes; nothing for a text that names another kind of list.
    pub(super) fn named(text: &str) -> Option<Result<Self, AccountIdError>> {
        match text {
            "me?after" => return Some(Ok(Self::Me)),
            "accounts?after" => return Some(Ok(Self::Accounts)),
            "me?held" => return Some(Ok(Self::Held(None))),
            _ => {}
        }
        if let Some(account) = text.strip_prefix("accounts/").and_then(|rest| rest.strip_suffix("/balance")) {
            return Some(AccountId::parse(account).map(|account| Self::Held(Some(account))));
        }
        let (ledger, which) = text.split_once('?')?;
        let beside: fn(Option<AccountId>) -> Self = match which {
            "after" => Self::Since,
            "held" => Self::Lately,
            "before" => Self::Before,
            _ => return None,
        };
        Some(match ledger.parse() {
            Ok(List::Master) => Ok(beside(None)),
            Ok(List::Ledger(owner)) => Ok(beside(Some(owner))),
            Ok(List::Me | List::Dashboard | List::Accounts | List::Reading(_) | List::Beside(_)) => {
                Err(AccountIdError(text.to_owned()))
            }
            Err(refused) => Err(refused),
        })
    }
}

impl fmt::Display for Beside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ledger = |of: &Option<AccountId>| of.clone().map_or(List::Master, List::Ledger);
        match self {
            Self::Me => f.write_str("me?after"),
            Self::Accounts => f.write_str("accounts?after"),
            Self::Held(None) => f.write_str("me?held"),
            Self::Held(Some(account)) => write!(f, "accounts/{account}/balance"),
            Self::Since(of) => write!(f, "{}?after", ledger(of)),
            Self::Lately(of) => write!(f, "{}?held", ledger(of)),
            Self::Before(of) => write!(f, "{}?before", ledger(of)),
        }
    }
}
