//! Bills what tied out: tied accounts and a rate card in, invoices and the held list out.
//!
//! Accepts nothing but a `TiedAccount`, which only `reconcile` can make: an invoice needs a proof. Never does input or
//! output; all rounding goes through `domain::round`.

mod rate_card;

use rust_decimal::Decimal;

use crate::domain::{Amount, Currency};
use crate::reconcile::HeldAccount;

pub use rate_card::{RateCard, RateCardError};

/// What is billed and what is held.
#[derive(Debug)]
pub struct Billing {
    /// The invoices, in order of their numbers.
    pub invoices: Vec<Invoice>,
    /// Everyone with something to bill who is not billed, sorted by account and currency.
    pub held: Vec<HeldAccount>,
}

/// One customer's invoice for the period, in one currency. `total = cost_base + markup + fees + tax`, to the last unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invoice {
    /// The number, consecutive in its series.
    pub number: String,
    /// The customer.
    pub account: String,
    /// The customer's name.
    pub name: String,
    /// The currency.
    pub currency: Currency,
    /// The lines, numbered from 1: usage by charge class, refunds, fees, minimum.
    pub lines: Vec<InvoiceLine>,
    /// Σ cost of the lines: settled debits less refunds, exact at the ledger scale.
    pub cost_base: Amount,
    /// Σ markup of the lines: what is charged above cost, rounding to the minor unit included.
    pub markup: Amount,
    /// Σ fixed fees and the minimum's difference.
    pub fees: Amount,
    /// Tax.
    pub tax: Amount,
    /// What the customer owes, in whole minor units.
    pub total: Amount,
}

/// What an invoice line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LineKind {
    /// Usage of one charge class.
    Usage,
    /// Money given back, a negative line.
    Refund,
    /// A fixed monthly fee.
    Fee,
    /// What is missing to the agreed minimum.
    Minimum,
}

/// One line of an invoice. `amount = cost_base + markup`, in whole minor units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoiceLine {
    /// What kind.
    pub kind: LineKind,
    /// The charge class, or `fee` or `minimum`.
    pub class: String,
    /// What the customer reads.
    pub description: String,
    /// Entries it stands for.
    pub entries: u64,
    /// Σ those entries, negative for refunds; zero for fees and the minimum.
    pub cost_base: Amount,
    /// The markup in percent, where one applies.
    pub markup_percent: Option<Decimal>,
    /// `amount − cost_base`.
    pub markup: Amount,
    /// What is charged, rounded to the minor unit by the card's strategy.
    pub amount: Amount,
}
