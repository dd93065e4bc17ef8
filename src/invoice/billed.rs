//! Invoices as the sealed papers of earlier runs state them: what notes correct.

use serde::{Deserialize, Serialize};

use super::{Gstin, InvoiceTerms, LineKind, RateCard, State, Supply, SupplyKind};
use crate::domain::{Amount, Currency, Party};

/// The invoices of one sealed run, and what they were priced by.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Billed {
    /// The run.
    pub run: String,
    /// Its seal.
    pub seal: String,
    /// The rate card.
    pub rate_card: RateCard,
    /// Tax and parties.
    #[serde(default, skip_serializing_if = "InvoiceTerms::is_default")]
    pub invoice: InvoiceTerms,
    /// Its invoices, in order of their numbers.
    pub invoices: Vec<BilledInvoice>,
}

/// An invoice as its sealed paper states it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BilledInvoice {
    /// Its number.
    pub number: String,
    /// The customer.
    pub account: String,
    /// The customer's name.
    pub name: String,
    /// The currency.
    pub currency: Currency,
    /// What it comes to.
    pub total: Amount,
    /// Its lines.
    pub lines: Vec<BilledLine>,
    /// What brought the total to the whole unit.
    #[serde(default)]
    pub round_off: Amount,
    /// The day it is dated, `YYYY-MM-DD`.
    #[serde(default)]
    pub date: String,
    /// The customer as it names it.
    #[serde(default)]
    pub buyer: Party,
    /// The customer's GSTIN.
    #[serde(default)]
    pub gstin: Option<Gstin>,
    /// Where the supply took place.
    #[serde(default)]
    pub place_of_supply: Option<BilledPlace>,
    /// How it was taxed.
    #[serde(default)]
    pub supply: SupplyKind,
}

impl BilledInvoice {
    /// The supply as the invoice states it.
    pub(super) fn supplied(&self) -> Supply {
        Supply {
            buyer: self.buyer.clone(),
            gstin: self.gstin.clone(),
            place: self.place_of_supply.as_ref().and_then(|place| State::of_code(&place.code)),
            kind: self.supply,
            remarks: Vec::new(),
        }
    }
}

/// A place of supply as an invoice names it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BilledPlace {
    /// The code of the State.
    pub code: String,
    /// Its name.
    pub name: String,
}

/// A line of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BilledLine {
    /// Its place, from 1.
    pub line: u64,
    /// What kind.
    pub kind: LineKind,
    /// The charge class, or `fee` or `minimum`.
    pub class: String,
    /// What the customer read.
    pub description: String,
    /// Entries it stood for.
    pub entries: u64,
    /// Σ those entries.
    pub cost_base: Amount,
    /// What was charged.
    pub amount: Amount,
    /// The tax on it.
    #[serde(default)]
    pub tax: Amount,
}
