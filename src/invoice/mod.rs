//! Bills what tied out: tied accounts and a rate card in, invoices and the held list out.
//!
//! Accepts nothing but a `TiedAccount`, which only `reconcile` can make: an invoice needs a proof. Never does input or
//! output; all rounding goes through `domain::round`.

mod bearing;
mod bill;
mod billed;
mod credits;
mod exports;
mod fees;
mod issued;
mod known;
mod left;
mod lines;
mod named;
mod notes;
mod percent;
mod rate_card;
mod recharge;
mod series;
mod tax;
#[cfg(test)]
mod tests;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::domain::{Amount, Currency, Party, Period};
use crate::reconcile::{Charge, HeldAccount, Reconciliation, TiedAccount};

pub use bearing::bearing;
use bill::bill;
pub use billed::{Billed, BilledHead, BilledInvoice, BilledLine, BilledPlace};
pub use exports::{CsvProfile, ExportFormat, ExportTerms, ExportTermsError, Ledgers};
pub use issued::{Corrected, Corrections, Credit, CreditHeld, IssuedNote, LastInvoice, NoteDue, NoteReason};
pub use known::Known;
pub use lines::kind_of;
pub use named::{NamedAt, TermsFile, Unmatched, unmatched};
pub use notes::{Billable, Note, NoteKind, NoteLine, NoteStatus, notes};
pub use percent::{Percent, PercentError};
pub use rate_card::{Fee, RateCard, RateCardError};
pub use recharge::{Bill, Covering, RechargeCheck, RechargeTerms};
pub use series::{NumberError, Series, financial_year};
pub use tax::{
    Annex, Deduction, Gstin, GstinError, GstinKind, InvoiceTerms, LineTax, Pin, Rate, Refunds, Regime, State, Supply,
    SupplyKind, TaxHead, TermsError, WrongGstin,
};
pub use words::in_words;

/// What is billed and what is held.
#[derive(Clone, Debug, Default)]
pub struct Billing {
    /// The invoices, in order of their numbers.
    pub invoices: Vec<Invoice>,
    /// The credit and debit notes, sorted by account, currency and the invoice that each corrects.
    pub notes: Vec<IssuedNote>,
    /// What is given back by other means than one note as it is due, sorted by account and currency.
    pub credits: Vec<Credit>,
    /// Everyone with something to bill or to be given back who is not billed or not given it, sorted by account and currency.
    pub held: Vec<HeldAccount>,
    /// Whom earlier months held and nobody has billed since, sorted by period, account and currency.
    pub unbilled: Vec<Unbilled>,
    /// The accounts that the terms name and the account list does not hold, sorted.
    pub unmatched: Vec<Unmatched>,
    /// Whom an earlier run of the month has billed otherwise than it would be billed now, sorted by account and currency.
    pub otherwise: Vec<BilledOtherwise>,
    /// The recharge check: a row for each customer and currency that moved or is billed, sorted by account and currency.
    pub recharges: Vec<RechargeCheck>,
}

impl Billing {
    /// Accounts on the held list, each once, in however many currencies it is held.
    #[must_use]
    pub fn held_accounts(&self) -> usize {
        self.held.iter().map(|it| it.account.as_str()).collect::<BTreeSet<&str>>().len()
    }
}

/// One customer's invoice for the period, in one currency. `total = cost_base + markup + fees + tax + round_off`, to the
/// last unit.
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
    /// Σ tax of the lines; zero as long as the settings name none.
    pub tax: Amount,
    /// What the customer owes, in whole minor units.
    pub total: Amount,
    /// What brings the total to the whole unit, where the settings ask for it.
    pub round_off: Amount,
    /// The day that it is dated: on which the evidence was read.
    pub date: NaiveDate,
    /// The day on which it is due.
    pub due: NaiveDate,
    /// The customer as the invoice names it, and how it is taxed.
    pub supply: Supply,
}

impl Invoice {
    /// What tax is owed on: the lines without it.
    #[must_use]
    pub fn taxable(&self) -> Amount {
        self.cost_base + self.markup + self.fees
    }

    /// What the customer deducts at source when it pays, for information; nothing of what is given back.
    #[must_use]
    pub fn deduction(&self) -> Option<Deduction> {
        self.supply.deduction(self.taxable(), self.currency)
    }

    /// The same with every amount's sign turned.
    #[must_use]
    pub fn turned(&self) -> Self {
        let line = |line: &InvoiceLine| InvoiceLine {
            cost_base: -line.cost_base,
            markup: -line.markup,
            amount: -line.amount,
            tax: line.tax.turned(),
            ..line.clone()
        };
        Self {
            lines: self.lines.iter().map(line).collect(),
            cost_base: -self.cost_base,
            markup: -self.markup,
            fees: -self.fees,
            tax: -self.tax,
            total: -self.total,
            round_off: -self.round_off,
            ..self.clone()
        }
    }

    /// Σ tax under a head.
    #[must_use]
    pub fn owed(&self, head: TaxHead) -> Amount {
        let heads = self.lines.iter().flat_map(|line| &line.tax.heads);
        heads.filter(|(of, ..)| *of == head).map(|(_, _, amount)| *amount).sum()
    }
}

/// What an invoice line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
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

/// One line of an invoice, in whole minor units: `amount = cost_base + markup` for usage and refunds; a fee and the
/// minimum have neither cost nor markup, only their amount.
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
    /// What is charged above cost, rounding included; zero for fees and the minimum.
    pub markup: Amount,
    /// What is charged, rounded to the minor unit by the card's strategy; tax comes on top of it.
    pub amount: Amount,
    /// The tax on it.
    pub tax: LineTax,
}

/// Why nothing could be billed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InvoiceError {
    /// A charge that no exact arithmetic here can carry.
    #[error("account {account}, class {class}: {cost} {currency} at {percent} % markup exceeds 28 digits")]
    TooLarge {
        /// The account.
        account: String,
        /// The charge class.
        class: String,
        /// Its cost.
        cost: Amount,
        /// The currency.
        currency: Currency,
        /// The markup.
        percent: Percent,
    },
    /// The series has run out of numbers that may stand on an invoice.
    #[error("account {account}: invoice {refused}")]
    Number {
        /// The account.
        account: String,
        /// What is wrong with the number.
        refused: NumberError,
    },
}

/// One account in one currency with what it was charged, as the arithmetic sees it.
#[derive(Clone, Copy, Debug)]
struct Customer<'a> {
    account: &'a str,
    name: &'a str,
    currency: Currency,
    charges: &'a [Charge],
}

/// What invoices are made out by.
#[derive(Clone, Copy, Debug)]
pub struct Pricing<'a> {
    /// What is charged above cost, and how invoices are numbered.
    pub card: &'a RateCard,
    /// Tax and parties.
    pub terms: &'a InvoiceTerms,
    /// The customers as the account list shows them.
    pub parties: &'a BTreeMap<String, Party>,
    /// The day that the invoices are dated.
    pub date: NaiveDate,
    /// The last day of the month that is billed.
    pub supplied_until: NaiveDate,
    /// Whom the recharge check holds.
    pub recharge: RechargeTerms,
    /// The accounts with a text that the documents asked for cannot carry.
    pub illegible: &'a BTreeMap<String, Illegible>,
}

/// What no document can carry of a customer's texts, and what can be done about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Illegible {
    /// What it is, and why.
    pub what: String,
    /// Where it is corrected, as in `below [invoice.customers.MA_1]`.
    pub corrected: String,
}

impl Illegible {
    /// The reason to hold a customer, and what ends it.
    fn of_invoice(&self) -> (String, String) {
        let Self { what, corrected } = self;
        (what.clone(), format!("correct it {corrected}, or set pdf = false below [invoice], and close the month again"))
    }

    /// The reason to keep a note back, which names its customer as the invoice did, and what ends it.
    fn of_note(&self, invoice: &str) -> (String, String) {
        let reason = format!("the note to {invoice} waits: {}", self.what);
        (reason, "set pdf = false below [invoice], and close the month again".to_owned())
    }
}

/// What earlier runs hand on to the numbering.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbering {
    /// The place of the first number to be given: after the last one that any sealed run gave.
    pub from: u64,
    /// The invoices that earlier runs of the same month gave. Whoever has one is not billed a second time.
    pub issued: Vec<Issued>,
    /// What bears on credit and debit notes.
    pub corrections: Corrections,
}

/// An invoice that an earlier run of the same month gave, with the notes that have corrected it since; or what that run gave
/// back of the month's refunds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issued {
    /// Its number.
    pub number: String,
    /// The customer.
    pub account: String,
    /// The currency.
    pub currency: Currency,
    /// What it comes to.
    pub total: Amount,
    /// The run that gave it.
    pub run: String,
    /// Whether it gives refunds back, and so bills no usage.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub credit: bool,
}

/// Somebody whom an earlier run of the month has billed, and whose charges come to another total by the terms and entries of
/// this run. A note corrects the invoice, none is made by this run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BilledOtherwise {
    /// The customer.
    pub account: String,
    /// The customer's name.
    pub name: String,
    /// What it was billed by the earlier runs together, and the first of the documents.
    pub issued: Issued,
    /// What its charges come to now.
    pub now: Amount,
    /// Whether tax and round-off are in that; not where no lawful invoice could be made out now.
    pub taxed: bool,
}

/// Somebody whom the last run of an earlier month held, and whom no run has billed for that month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unbilled {
    /// The month.
    pub period: Period,
    /// Its last run.
    pub run: String,
    /// The customer.
    pub account: String,
    /// The customer's name.
    pub name: String,
    /// The currency.
    pub currency: Currency,
    /// What the platform charged, without markup.
    pub cost_base: Amount,
    /// Why that run held it.
    pub reason: String,
    /// What ends that; not known of runs that were sealed before this was told.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub hint: String,
}

/// Bills every tied account that has something to bill, numbering on in order of account and currency.
///
/// Who is not billed is held, with the reason and what ends it: those that did not tie out, those whom an earlier run of the
/// month has billed, those whose wallet the settings ask to be covered and is not, those with a text that no document can carry,
/// and those who owe a fee of the card but did not tie out in its currency. What is given back and exceeds all invoices of a
/// customer is held, too, beside its invoice.
///
/// # Errors
/// When a charge exceeds exact arithmetic, or the series has no number left: nothing is rounded or wrapped in silence.
pub fn invoice(books: &Reconciliation, pricing: &Pricing<'_>, numbering: &Numbering) -> Result<Billing, InvoiceError> {
    let customer = |tied| {
        let (account, name) = (TiedAccount::account(tied), tied.name());
        Customer { account, name, currency: tied.currency(), charges: tied.charges() }
    };
    let untied = books.accounts.iter().filter(|it| !it.verdict.ties_out() && it.account != books.partner);
    let untied: Vec<_> = untied.map(|it| (it.account.as_str(), it.name.as_str(), it.currency)).collect();
    let tied = books.tied.iter().map(customer).collect();
    bill(tied, &untied, (&books.held, &books.recharges), pricing, numbering)
}
