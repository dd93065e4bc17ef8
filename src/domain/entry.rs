//! Ledger entries: one row of a ledger, after the partner's words have become ours.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use thiserror::Error;

use super::account::AccountId;
use super::amount::Amount;
use super::currency::Currency;
use super::list::{List, Side};
use super::period::Timestamp;
use super::steps::step;

/// Which way the money goes, seen from the wallet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Into the wallet.
    Credit,
    /// Out of the wallet.
    Debit,
    /// The partner's word for it is not known: counted and valued, never dropped.
    Unclassified,
}

impl Direction {
    /// The word on the papers and in the frame.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Credit => "credit",
            Self::Debit => "debit",
            Self::Unclassified => "unclassified",
        }
    }

    /// Reads the word that the frame holds.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        match word {
            "credit" => Self::Credit,
            "debit" => Self::Debit,
            _ => Self::Unclassified,
        }
    }
}

impl<'de> Deserialize<'de> for Direction {
    /// Reads the word of a direction that a rule can ask for.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        let known = Some(Self::from_word(&word)).filter(|direction| *direction != Self::Unclassified);
        let refused = || serde::de::Error::custom(format_args!("{word:?} is not a direction (`credit` or `debit`)"));
        known.ok_or_else(refused)
    }
}

/// What an entry is charged for, such as `call` or `number-rental`: a short lower-case name given by the rules.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ChargeClass(pub String);

impl ChargeClass {
    /// Money moved between the partner's wallet and a customer's.
    pub const TRANSFER: &'static str = "transfer";
    /// Money that the customer paid into its wallet at the platform.
    pub const TOP_UP: &'static str = "top-up";
    /// Money given back for usage.
    pub const REFUND: &'static str = "refund";
    /// A correction made by hand, listed for review.
    pub const ADJUSTMENT: &'static str = "adjustment";
    /// A readable entry that no rule names.
    pub const OTHER: &'static str = "other";
    /// An entry whose direction or type no rule reads.
    pub const UNCLASSIFIED: &'static str = "unclassified";

    /// Reads a name that a person wrote, in a rate card or a rule.
    ///
    /// # Errors
    /// When it is not 1 to 32 of `a-z`, `0-9` and `-`, beginning with a letter.
    pub fn parse(text: &str) -> Result<Self, ChargeClassError> {
        let named = text.len() <= 32 && text.starts_with(|c: char| c.is_ascii_lowercase());
        let safe = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if named && safe { Ok(Self(text.to_owned())) } else { Err(ChargeClassError(text.chars().take(40).collect())) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What a charge of this class is to an invoice, if anything. A transfer that is taken back lowers what funds the wallet,
    /// as the recharge check counts it, and is no usage; of the credits only refunds are billed, the others fund the wallet. A
    /// direction that no rule reads is a break: such an account is held.
    #[must_use]
    pub fn kind(&self, direction: Direction) -> Option<ChargeKind> {
        match (direction, self.as_str()) {
            (Direction::Debit, Self::TRANSFER) => None,
            (Direction::Debit, _) => Some(ChargeKind::Usage),
            (Direction::Credit, Self::REFUND) => Some(ChargeKind::Refund),
            (Direction::Credit | Direction::Unclassified, _) => None,
        }
    }
}

/// What a charge is to an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChargeKind {
    /// Something used: it adds to what is owed.
    Usage,
    /// Something given back: it takes away.
    Refund,
}

/// Why a text is not the name of a charge class.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is not a charge class (1 to 32 of `a-z`, `0-9` and `-`, as in `number-rental`)")]
pub struct ChargeClassError(pub String);

impl<'de> Deserialize<'de> for ChargeClass {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for ChargeClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Where an entry was read: the page of its list as the archive keeps it, and the row on that page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// Page of the list, from 1.
    pub page: u32,
    /// Row on the page, from 1.
    pub row: u32,
}

impl Origin {
    /// The origin as it stands on papers: `accounts/MA_7/transactions, page 3, row 17`.
    #[must_use]
    pub fn within(self, list: &List) -> String {
        format!("{list}, page {}, row {}", self.page, self.row)
    }
}

/// One ledger entry. Whole ledgers live in the frame's columns; this is the form of the few that need judging.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The book it was read from.
    pub side: Side,
    /// The list it was read from: the master ledger, or the ledger of one customer.
    pub ledger: List,
    /// The entry's identity.
    pub id: String,
    /// The account named in the row.
    pub account: String,
    /// The currency.
    pub currency: Currency,
    /// Which way the money goes.
    pub direction: Direction,
    /// The amount as written, sign included.
    pub amount: Amount,
    /// What it is charged for.
    pub class: ChargeClass,
    /// The partner's word for the type, as written.
    pub kind: String,
    /// The partner's word for the status, as written.
    pub status: String,
    /// Whether it is settled (`completed`): only settled entries count in totals.
    pub settled: bool,
    /// The reference, where there is one.
    pub reference: Option<String>,
    /// The description, empty where there is none.
    pub description: String,
    /// When it was created: decides the period.
    pub created_at: Timestamp,
    /// Whether it belongs to the period by the partner's calendar.
    pub in_period: bool,
    /// Whether it belongs to the period by UTC's calendar.
    pub in_period_utc: bool,
    /// The page and row it was read from.
    pub origin: Origin,
}

impl Entry {
    /// The origin as it stands on papers.
    #[must_use]
    pub fn origin_text(&self) -> String {
        self.origin.within(&self.ledger)
    }

    /// The list's name in the frame's ledger column: `transactions`, or the account whose ledger it is.
    #[must_use]
    pub fn ledger_name(&self) -> &str {
        self.ledger.owner().map_or("transactions", AccountId::as_str)
    }

    /// Whose wallet the entry moves: in the master the account named in the row, in a customer's ledger its owner.
    #[must_use]
    pub fn holder(&self) -> &str {
        self.ledger.owner().map_or(self.account.as_str(), AccountId::as_str)
    }

    /// Whether the entry counts in the period's totals: settled, and inside by the partner's calendar.
    #[must_use]
    pub const fn counts(&self) -> bool {
        self.settled && self.in_period
    }

    /// Whether both say the same of the same entry; where they were read does not matter.
    #[must_use]
    pub fn same_content(&self, other: &Self) -> bool {
        self.content() == other.content()
    }

    /// What the partner says of the entry, and nothing of where: puts several copies of one entry into an order that
    /// does not hang on the order of rows.
    #[must_use]
    pub fn content(&self) -> impl Ord + '_ {
        step();
        let Self { account, currency, direction, amount, kind, status, .. } = self;
        let texts = (self.reference.as_deref(), &self.description);
        (account, *currency, *direction, *amount, kind, status, texts, self.created_at)
    }
}

/// A row that cannot become an entry. All of them are collected, each with its place and the reason.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnreadableRow {
    /// The list it was read from.
    pub list: List,
    /// Its page and row.
    pub origin: Origin,
    /// The entry's id, where at least that could be read.
    pub id: Option<String>,
    /// The account named in the row, where at least that could be read.
    pub account: Option<String>,
    /// What is wrong: place, seen, expected.
    pub reason: String,
}
