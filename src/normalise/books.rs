//! The books: everything a reconciliation needs, and nothing that says how it was fetched.

use std::collections::{BTreeMap, BTreeSet};

use crate::archive::{ListEvidence, ListOutcome};
use crate::domain::{AccountId, Amount, Calendar, Control, Currency, Figure, List, Party, UnreadableRow};
use crate::frame::LedgerFrame;

/// The partner's books for one period, as the evidence shows them.
#[derive(Debug)]
pub struct Books {
    /// The period in the partner's zone.
    pub calendar: Calendar,
    /// The partner.
    pub partner: Partner,
    /// What the dashboard says of the customers' wallets, where it was read.
    pub dashboard: Option<Dashboard>,
    /// What each wallet showed, by account: of every account in the list, whatever of its row can be read, and the partner's
    /// own.
    pub wallets: BTreeMap<String, Wallet>,
    /// The account list, by account.
    pub customers: BTreeMap<String, Customer>,
    /// Accounts in the list whose id cannot be put into a request, as written.
    pub unwalkable: Vec<String>,
    /// How each list was read: the account list, the master ledger, the customers' ledgers, in this order.
    pub lists: Vec<ListRecord>,
    /// The master ledger.
    pub master: LedgerFrame,
    /// The customers' ledgers, one after the other.
    pub ledgers: LedgerFrame,
    /// Entries outside the window walked, the partner's own among them, each once and none that the other frames hold:
    /// what the wallets are rewound over. Their `ledger` is the account whose wallet they move.
    pub around: LedgerFrame,
    /// The accounts, the partner's own among them, for which `around` reaches back to the first entry there ever was and is
    /// whole there: their openings are proved and not implied.
    pub inception: BTreeSet<String>,
    /// Every row that could not become an entry, sorted by place.
    pub unreadable: Vec<UnreadableRow>,
}

/// What one wallet showed: before the ledgers were read, and after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wallet {
    /// Its currency, as it is shown.
    pub currency: Figure<Currency>,
    /// Whether it is billed after use, and so may be below zero.
    pub postpaid: bool,
    /// What the first reading showed; absent also where there was none.
    pub before: Figure<Amount>,
    /// What the last reading showed.
    pub after: Figure<Amount>,
    /// What it held when its entries were read: known where the two readings around them agree, and the entries read
    /// reach the moment of the readings.
    pub live: Option<Amount>,
    /// Why `live` is not known, where a reading was to be had.
    pub unproved: Option<&'static str>,
}

/// The sum of the customers' wallets, as the dashboard says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dashboard {
    /// The sum.
    pub total: Figure<Amount>,
    /// Its currency, where it is shown and can be read.
    pub currency: Option<Currency>,
}

/// The partner, as `/me` says.
#[derive(Clone, Debug)]
pub struct Partner {
    /// The uuid that stands in `ptc:` references.
    pub uuid: String,
    /// The partner's own account, `PA_…`.
    pub account: AccountId,
    /// Its name.
    pub name: String,
    /// Its currency, where it is shown.
    pub currency: Option<Currency>,
}

/// One customer, as the account list says.
#[derive(Clone, Debug)]
pub struct Customer {
    /// Its name, empty where there is none.
    pub name: String,
    /// The currency of its rates, where it is shown.
    pub currency: Option<Currency>,
    /// Who it is to an invoice, as far as the account list tells.
    pub party: Party,
}

impl Books {
    /// Who the customers are to an invoice, by account.
    #[must_use]
    pub fn parties(&self) -> BTreeMap<String, Party> {
        self.customers.iter().map(|(account, it)| (account.clone(), it.party.clone())).collect()
    }
}

/// How a list was read.
#[derive(Clone, Debug)]
pub struct ListRecord {
    /// The list.
    pub list: List,
    /// Whether it is whole.
    pub state: ListState,
    /// What it says of itself.
    pub control: Control,
    /// Rows received, readable or not.
    pub rows: u64,
    /// Rows among them that could not be read.
    pub unreadable: u64,
    /// How it was walked.
    pub course: Course,
    /// How many entries each filter of `Counted::TYPES` selects, where all of them were read.
    pub by_type: Option<[u64; 4]>,
}

/// How a list was walked, and what that takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Course {
    /// How its pages were come by.
    pub how: How,
    /// Pages it was read in.
    pub pages: u64,
    /// Walks until it held still; 0 where none was needed.
    pub walks: u32,
    /// Requests that a calm line takes for what it rests on: its pages, and the readings of its totals.
    pub requests: u64,
}

/// How the pages of a list were come by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum How {
    /// Walked from the first page to the last for this close.
    #[default]
    Walked,
    /// Taken over from an earlier fetch of the same window, because its totals had not moved since.
    Unmoved,
    /// Taken over in part, and walked only where it had moved.
    Extended,
}

impl How {
    /// The word in `walk.csv`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Walked => "walked",
            Self::Unmoved => "unmoved",
            Self::Extended => "extended",
        }
    }
}

/// Whether a list is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListState {
    /// Walked to its end.
    Read,
    /// Walked, but it kept shifting.
    Unstable(String),
    /// Not to be had.
    Missing(String),
}

impl ListState {
    /// What the archive says of a list.
    pub(super) fn of(list: &ListEvidence) -> Self {
        match &list.outcome {
            ListOutcome::Complete { .. } => Self::Read,
            ListOutcome::Unstable { reason, .. } => Self::Unstable(reason.clone()),
            ListOutcome::Missing { reason } => Self::Missing(reason.clone()),
        }
    }
}
