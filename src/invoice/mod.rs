//! Bills what tied out: tied accounts and a rate card in, invoices and the held list out.
//!
//! Accepts nothing but a `TiedAccount`, which only `reconcile` can make: an invoice needs a proof. Never does input or
//! output; all rounding goes through `domain::round`.

mod exports;
mod lines;
mod notes;
mod percent;
mod rate_card;
mod series;
mod tax;
#[cfg(test)]
mod tests;
mod usage;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::domain::{Amount, Currency, Party};
use crate::normalise::Customer as Listed;
use crate::reconcile::{Charge, HeldAccount, Reconciliation, TiedAccount};

pub use exports::{CsvProfile, ExportFormat, ExportTerms, ExportTermsError, Ledgers};
pub use notes::{
    Billable, Billed, BilledInvoice, BilledLine, BilledPlace, Note, NoteKind, NoteLine, NoteStatus, bearing, notes,
};
pub use percent::{Percent, PercentError};
pub use rate_card::{Fee, RateCard, RateCardError};
pub use series::{NumberError, Series, financial_year};
pub use tax::{
    Annex, Gstin, GstinError, InvoiceTerms, LineTax, Rate, Regime, State, Supply, SupplyKind, TaxHead, TermsError,
    WrongGstin,
};
pub use usage::{Usage, UsageLine, usage};
pub use words::in_words;

/// Why an account whose credits are worth more than its charges has no invoice.
const CREDIT_NOTE_DUE: &str = "credits exceed charges: a credit note is due";

/// What is billed and what is held.
#[derive(Debug)]
pub struct Billing {
    /// The invoices, in order of their numbers.
    pub invoices: Vec<Invoice>,
    /// Everyone with something to bill who is not billed, sorted by account and currency.
    pub held: Vec<HeldAccount>,
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
    pub listed: &'a BTreeMap<String, Listed>,
    /// The day that the invoices are dated.
    pub date: NaiveDate,
}

/// What earlier runs hand on to the numbering.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbering {
    /// The place of the first number to be given: after the last one that any sealed run gave.
    pub from: u64,
    /// The invoices that earlier runs of the same month gave. Whoever has one is not billed a second time.
    pub issued: Vec<Issued>,
}

/// An invoice that an earlier run of the same month gave.
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
}

/// Bills every tied account that has something to bill, numbering on in order of account and currency.
///
/// Who is not billed is held: those that did not tie out, those whom an earlier run of the month has billed, those whose
/// credits exceed their charges, and those who owe a fee of the card but did not tie out in its currency.
///
/// # Errors
/// When a charge exceeds exact arithmetic, or the series has no number left: nothing is rounded or wrapped in silence.
pub fn invoice(books: &Reconciliation, pricing: &Pricing<'_>, numbering: &Numbering) -> Result<Billing, InvoiceError> {
    let customer = |tied| {
        let (account, name) = (TiedAccount::account(tied), tied.name());
        Customer { account, name, currency: tied.currency(), charges: tied.charges() }
    };
    let untied = books.accounts.iter().filter(|it| !it.verdict.ties_out() && it.account != books.partner);
    let untied: Vec<(&str, &str)> = untied.map(|it| (it.account.as_str(), it.name.as_str())).collect();
    bill(books.tied.iter().map(customer).collect(), &untied, &books.held, pricing, numbering)
}

/// The same, for accounts that need not prove that they tied out; private, so that nobody is billed without a proof.
fn bill(
    mut customers: Vec<Customer<'_>>,
    untied: &[(&str, &str)],
    held: &[HeldAccount],
    pricing: &Pricing<'_>,
    numbering: &Numbering,
) -> Result<Billing, InvoiceError> {
    let card = pricing.card;
    customers.sort_by_key(|customer| (customer.account, customer.currency));
    let mut billing = Billing { invoices: Vec::new(), held: held.to_vec() };
    let mut count = numbering.from;
    let mut issued: BTreeMap<(&str, Currency), &Issued> = BTreeMap::new();
    for it in &numbering.issued {
        issued.entry((&it.account, it.currency)).or_insert(it);
    }
    for customer in &customers {
        let lines = lines::of(customer, card)?;
        let charged: Amount = lines.iter().map(|line| line.amount).sum();
        if lines.is_empty() {
            continue;
        }
        if charged.is_negative() || lines.iter().all(|line| line.kind == LineKind::Refund) {
            billing.held.push(hold(customer, &lines, CREDIT_NOTE_DUE.to_owned()));
            continue;
        }
        let made_out = made_out(customer, lines.clone(), pricing)?;
        if let Some(issued) = issued.get(&(customer.account, customer.currency)) {
            let due = made_out.as_ref().map_or(charged, |invoice| invoice.total);
            billing.held.push(hold(customer, &lines, already_billed(issued, due)));
            continue;
        }
        let invoice = match made_out {
            Ok(invoice) => invoice,
            Err(reason) => {
                billing.held.push(hold(customer, &lines, reason));
                continue;
            }
        };
        let refused = |refused| InvoiceError::Number { account: customer.account.to_owned(), refused };
        let number = card.series().number(count, pricing.date).map_err(refused)?;
        billing.invoices.push(Invoice { number, ..invoice });
        // A count that no number can hold is refused when the next number is made.
        count = count.saturating_add(1);
    }
    billing.held.extend(unpayable_fees(&customers, untied, held, card));
    billing.held.sort_by(|a, b| (&a.account, a.currency).cmp(&(&b.account, b.currency)));
    Ok(billing)
}

/// Why a customer is not billed again; what has changed since is for a credit or debit note.
fn already_billed(issued: &Issued, charged: Amount) -> String {
    let Issued { number, run, total, currency, .. } = issued;
    let billed = format!("billed already: {number} of run {run}, {total} {currency}");
    match charged - *total {
        Amount::ZERO => billed,
        less if less.is_negative() => format!("{billed}; now {charged}: a credit note of {} is due", less.abs()),
        more => format!("{billed}; now {charged}: a debit note of {more} is due"),
    }
}

/// An account that tied out and is not billed.
fn hold(customer: &Customer<'_>, lines: &[InvoiceLine], reason: String) -> HeldAccount {
    HeldAccount {
        account: customer.account.to_owned(),
        name: customer.name.to_owned(),
        currency: customer.currency,
        cost_base: lines.iter().map(|line| line.cost_base).sum(),
        reason,
    }
}

/// The invoice that the lines add up to, still without a number; the reason to hold the customer where there can be none.
fn made_out(
    customer: &Customer<'_>,
    lines: Vec<InvoiceLine>,
    pricing: &Pricing<'_>,
) -> Result<Result<Invoice, String>, InvoiceError> {
    let supply = match supplied(customer, pricing) {
        Ok(supply) => supply,
        Err(reason) => return Ok(Err(reason)),
    };
    let lines = taxed(customer, lines, &supply, pricing)?;
    let invoice = total(customer, lines, supply, pricing);
    Ok(pricing.terms.lacking(&invoice.supply, invoice.total).map_or(Ok(invoice), Err))
}

/// How a customer is supplied, or why no invoice can be made out to it.
fn supplied(customer: &Customer<'_>, pricing: &Pricing<'_>) -> Result<Supply, String> {
    let known = pricing.listed.get(customer.account).map(|it| it.party.clone());
    let known = known.unwrap_or_else(|| Party { name: customer.name.to_owned(), ..Party::default() });
    pricing.terms.supply(customer.account, &known, customer.currency)
}

/// The lines with what each owes.
fn taxed(
    customer: &Customer<'_>,
    mut lines: Vec<InvoiceLine>,
    supply: &Supply,
    pricing: &Pricing<'_>,
) -> Result<Vec<InvoiceLine>, InvoiceError> {
    for line in &mut lines {
        let tax = pricing.terms.line(supply, &line.class, line.amount, customer.currency, pricing.date);
        line.tax = tax.ok_or_else(|| too_large(customer, &line.class, line.amount))?;
    }
    Ok(lines)
}

/// An amount whose tax no exact arithmetic here can carry.
fn too_large(customer: &Customer<'_>, class: &str, cost: Amount) -> InvoiceError {
    InvoiceError::TooLarge {
        account: customer.account.to_owned(),
        class: class.to_owned(),
        cost,
        currency: customer.currency,
        percent: Percent::default(),
    }
}

/// The lines added up.
fn total(customer: &Customer<'_>, lines: Vec<InvoiceLine>, supply: Supply, pricing: &Pricing<'_>) -> Invoice {
    let fixed = |line: &&InvoiceLine| matches!(line.kind, LineKind::Fee | LineKind::Minimum);
    let tax: Amount = lines.iter().map(|line| line.tax.amount()).sum();
    let owed = lines.iter().map(|line| line.amount).sum::<Amount>() + tax;
    let round_off = pricing.terms.round_off(owed);
    Invoice {
        number: String::new(),
        account: customer.account.to_owned(),
        name: customer.name.to_owned(),
        currency: customer.currency,
        cost_base: lines.iter().map(|line| line.cost_base).sum(),
        markup: lines.iter().map(|line| line.markup).sum(),
        fees: lines.iter().filter(fixed).map(|line| line.amount).sum(),
        tax,
        total: owed + round_off,
        lines,
        round_off,
        date: pricing.date,
        due: pricing.terms.due(pricing.date),
        supply,
    }
}

/// Accounts that owe a fee but neither tied out in the card's currency nor are held there already: those that a fee
/// names (without this, a fee with a slip of the pen in its account would vanish), and all that did not tie out where a
/// fee is everybody's.
fn unpayable_fees(
    customers: &[Customer<'_>],
    untied: &[(&str, &str)],
    held: &[HeldAccount],
    card: &RateCard,
) -> Vec<HeldAccount> {
    let currency = card.currency();
    let tied = customers.iter().filter(|it| it.currency == currency).map(|it| it.account);
    let known: BTreeSet<&str> =
        held.iter().filter(|it| it.currency == currency).map(|it| it.account.as_str()).chain(tied).collect();
    let mut fees: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for fee in card.fees() {
        let accounts: Vec<&str> = match &fee.accounts {
            Some(named) => named.iter().map(String::as_str).collect(),
            None => untied.iter().map(|(account, _)| *account).collect(),
        };
        for account in accounts.into_iter().filter(|account| !known.contains(account)) {
            let owed = fees.entry(account).or_default();
            let name = format!("{:?}", fee.name);
            if !owed.contains(&name) {
                owed.push(name);
            }
        }
    }
    let of_tied = |account: &str| customers.iter().find(|it| it.account == account).map(|it| it.name);
    let of_untied = |account: &str| untied.iter().find(|it| it.0 == account).map(|it| it.1);
    fees.into_iter()
        .map(|(account, fees)| HeldAccount {
            account: account.to_owned(),
            name: of_tied(account).or_else(|| of_untied(account)).unwrap_or_default().to_owned(),
            currency,
            cost_base: Amount::ZERO,
            reason: format!("fee {}: the account did not tie out in {currency}", fees.join(", ")),
        })
        .collect()
}
