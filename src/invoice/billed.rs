//! Invoices as the sealed papers of earlier runs state them: what notes correct.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::bill::{Made, added_up};
use super::{
    Corrected, Customer, Gstin, Invoice, InvoiceLine, InvoiceTerms, LineKind, LineTax, Percent, RateCard, State,
    Supply, SupplyKind, TaxHead,
};
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

/// What a customer was billed with for a month: its invoice as the sealed paper states it, with the notes that were given for the
/// month since; or, where there is no invoice, what was given back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// The numbers of the notes that have corrected it since: its lines and total are as corrected by them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub corrected_by: Vec<String>,
    /// Whether the month has no invoice, and this is what was given back for it alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_credit: bool,
    /// Of such a month the invoice of an earlier one that its credit notes name, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names: Option<Corrected>,
    /// What is left of the invoice after every note that names it, for whichever month that was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<Amount>,
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

    /// The same as an invoice that is made out on another day, still without a number.
    pub(super) fn made_out(&self, date: NaiveDate, due: NaiveDate) -> Invoice {
        let customer = Customer { account: &self.account, name: &self.name, currency: self.currency, charges: &[] };
        let lines = self.lines.iter().map(BilledLine::made_out).collect();
        added_up(&customer, lines, self.supplied(), Made { round_off: self.round_off, date, due })
    }

    /// Takes what was given for the month since into it, under the numbers of the notes: amounts add up, entries are those that
    /// the note's line states.
    pub fn correct(&mut self, note: &Self, numbers: &[String]) {
        for changed in &note.lines {
            let same = |it: &&mut BilledLine| {
                (it.kind, &it.class, &it.description) == (changed.kind, &changed.class, &changed.description)
            };
            match self.lines.iter_mut().find(same) {
                Some(line) => {
                    line.entries = changed.entries;
                    line.cost_base += changed.cost_base;
                    line.amount += changed.amount;
                    line.tax += changed.tax;
                    line.heads = heads_of(&line.taxes().plus(&changed.taxes()));
                }
                None => self.lines.push(changed.clone()),
            }
        }
        self.total += note.total;
        self.round_off += note.round_off;
        self.corrected_by.extend_from_slice(numbers);
    }
}

/// A place of supply as an invoice names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BilledPlace {
    /// The code of the State.
    pub code: String,
    /// Its name.
    pub name: String,
}

/// A line of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// The markup in percent, where one applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub markup_percent: Option<Decimal>,
    /// The services accounting code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sac: Option<String>,
    /// The whole rate of tax in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_percent: Option<Percent>,
    /// The tax by head.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub heads: Vec<BilledHead>,
}

/// What a line owed under a head.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BilledHead {
    /// The head.
    pub head: TaxHead,
    /// Its share of the rate, in percent.
    pub percent: Decimal,
    /// The tax.
    pub amount: Amount,
}

impl BilledLine {
    /// The tax by head.
    pub(super) fn taxes(&self) -> LineTax {
        let heads = self.heads.iter().map(|it| (it.head, it.percent, it.amount)).collect();
        LineTax { sac: self.sac.clone(), percent: self.tax_percent, heads }
    }

    /// The same line without entries, tax or any amount.
    #[must_use]
    pub fn without_amounts(&self) -> Self {
        let (heads, tax) = (Vec::new(), Amount::ZERO);
        Self { entries: 0, cost_base: Amount::ZERO, amount: Amount::ZERO, tax, heads, ..self.clone() }
    }

    /// The same as a line that is made out anew.
    pub(super) fn made_out(&self) -> InvoiceLine {
        let priced = matches!(self.kind, LineKind::Usage | LineKind::Refund);
        InvoiceLine {
            kind: self.kind,
            class: self.class.clone(),
            description: self.description.clone(),
            entries: self.entries,
            cost_base: self.cost_base,
            markup_percent: self.markup_percent,
            markup: if priced { self.amount - self.cost_base } else { Amount::ZERO },
            amount: self.amount,
            tax: self.taxes(),
        }
    }
}

fn heads_of(tax: &LineTax) -> Vec<BilledHead> {
    let head = |(head, percent, amount): &(TaxHead, Decimal, Amount)| BilledHead {
        head: *head,
        percent: *percent,
        amount: *amount,
    };
    tax.heads.iter().map(head).collect()
}
