//! Credit and debit notes that a close gives, numbered in series of their own and each naming the invoice it corrects:
//! refunds that the month's charges do not cover, and what rechecks of earlier months have proposed.
//!
//! A note is an invoice of differences: what it adds to the one that it corrects, below zero where it takes away.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::bill::{Made, added_up, taxed};
use super::{
    BilledInvoice, Customer, Gstin, Invoice, InvoiceError, InvoiceLine, NoteKind, Pricing, State, Supply, SupplyKind,
};
use crate::domain::{Amount, Currency, Party};

/// A note that is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedNote {
    /// The invoice that it corrects.
    pub corrects: Corrected,
    /// Why it is given.
    pub reason: NoteReason,
    /// What it adds to that invoice: of a credit note all amounts are those of an invoice with their signs turned.
    pub document: Invoice,
}

/// An invoice that a note corrects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Corrected {
    /// Its number.
    pub number: String,
    /// The day it is dated.
    #[serde(with = "super::tax::day")]
    pub date: NaiveDate,
    /// The run that gave it; empty for the run that gives the note.
    pub run: String,
}

/// Why a note is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoteReason {
    /// Refunds of the month.
    Refunds,
    /// A recheck found that the invoice would be another now.
    Recheck {
        /// The proposal's id, `N-…`.
        proposal: String,
        /// The recheck.
        recheck: String,
    },
}

impl IssuedNote {
    /// What it does for the customer.
    #[must_use]
    pub fn kind(&self) -> NoteKind {
        if self.document.total.is_negative() { NoteKind::Credit } else { NoteKind::Debit }
    }

    /// The note as its customer reads it: a credit note's amounts are what is given back, above zero.
    #[must_use]
    pub fn shown(&self) -> Invoice {
        if self.kind() == NoteKind::Credit { self.document.turned() } else { self.document.clone() }
    }
}

/// What runs sealed before hand on to the notes of this one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Corrections {
    /// The place of the first credit note in its series; 0 where none was given yet.
    pub credit_from: u64,
    /// The place of the first debit note in its series; 0 where none was given yet.
    pub debit_from: u64,
    /// Each customer's last invoice before the month: what a credit note for refunds names.
    pub last: Vec<LastInvoice>,
    /// What the last recheck of each month proposes and no run has given yet.
    pub due: Vec<NoteDue>,
}

impl Corrections {
    /// Whether nothing is handed on.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The last invoice of a customer in a currency.
    pub(super) fn last_of(&self, account: &str, currency: Currency) -> Option<&LastInvoice> {
        self.last.iter().find(|it| it.account == account && it.currency == currency)
    }
}

/// An invoice that a credit note for refunds can name, and how its customer was supplied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LastInvoice {
    /// The customer.
    pub account: String,
    /// The currency.
    pub currency: Currency,
    /// The invoice.
    pub invoice: Corrected,
    /// The customer's GSTIN on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gstin: Option<Gstin>,
    /// The code of the State in which it was supplied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// How it was taxed.
    pub supply: SupplyKind,
    /// What is left of it after every note that has corrected it; not known of runs that were prepared before this was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<Amount>,
}

impl LastInvoice {
    /// Why a credit note cannot name it, if so: more would be given back than is left of it (CGST Act, section 34).
    pub(super) fn exceeded_by(&self, credit: &Invoice, corrections: &Corrections) -> Option<String> {
        let of_this_close = corrections.due.iter().filter(|it| it.corrects.number == self.invoice.number);
        let left = self.left? + of_this_close.map(|it| it.note.total).sum::<Amount>();
        let (number, currency, given) = (&self.invoice.number, self.currency, -credit.total);
        (given > left).then(|| {
            format!(
                "a credit note of {given} {currency} is due, and no more than {left} {currency} is left of {number}"
            )
        })
    }

    /// The invoice that a customer gets with this close, which has no number yet.
    pub(super) fn of_this_month(customer: &Customer<'_>, supply: &Supply, date: NaiveDate) -> Self {
        Self {
            account: customer.account.to_owned(),
            currency: customer.currency,
            invoice: Corrected { number: String::new(), date, run: String::new() },
            gstin: supply.gstin.clone(),
            place: supply.place.map(|place| place.code.to_owned()),
            supply: supply.kind,
            left: None,
        }
    }
}

/// A note that a recheck has proposed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoteDue {
    /// The proposal's id, `N-…`.
    pub proposal: String,
    /// The recheck that made it.
    pub recheck: String,
    /// The invoice that it corrects.
    pub corrects: Corrected,
    /// What it adds to that invoice, in the form of an invoice.
    pub note: BilledInvoice,
}

/// A note while it has no number yet.
pub(super) struct Unnumbered {
    pub(super) corrects: Corrected,
    pub(super) reason: NoteReason,
    pub(super) document: Invoice,
}

impl Unnumbered {
    /// The same, naming the invoice that its customer gets with it, where it named none before.
    pub(super) fn named(mut self, number: Option<&str>) -> Self {
        if self.corrects.number.is_empty() {
            number.unwrap_or_default().clone_into(&mut self.corrects.number);
        }
        self
    }
}

/// The credit note for a customer's refunds, supplied and taxed as the invoice that it names.
pub(super) fn refunds(
    customer: &Customer<'_>,
    lines: Vec<InvoiceLine>,
    names: &LastInvoice,
    buyer: Party,
    pricing: &Pricing<'_>,
) -> Result<Unnumbered, InvoiceError> {
    let LastInvoice { invoice: corrects, gstin, place, supply: kind, .. } = names;
    let place = place.as_deref().and_then(State::of_code);
    let supply = Supply { buyer, gstin: gstin.clone(), place, kind: *kind, remarks: Vec::new() };
    let lines = taxed(customer, lines, &supply, &Pricing { date: corrects.date, ..*pricing })?;
    let owed: Amount = lines.iter().map(|line| line.amount + line.tax.amount()).sum();
    let made =
        Made { round_off: pricing.terms.round_off(owed, customer.currency), date: pricing.date, due: pricing.date };
    let document = added_up(customer, lines, supply, made);
    Ok(Unnumbered { corrects: corrects.clone(), reason: NoteReason::Refunds, document })
}

/// The notes that rechecks have proposed, made out on the day of the close.
pub(super) fn proposed<'a>(due: &'a [NoteDue], pricing: &'a Pricing<'_>) -> impl Iterator<Item = Unnumbered> + 'a {
    due.iter().map(|it| {
        let date = pricing.date;
        let due = if it.note.total.is_negative() { date } else { pricing.terms.due(date) };
        Unnumbered {
            corrects: it.corrects.clone(),
            reason: NoteReason::Recheck { proposal: it.proposal.clone(), recheck: it.recheck.clone() },
            document: it.note.made_out(date, due),
        }
    })
}

/// Numbers notes in order of account, currency and invoice, each in the series of its kind.
pub(super) fn numbered(
    mut notes: Vec<Unnumbered>,
    from: &Corrections,
    pricing: &Pricing<'_>,
) -> Result<Vec<IssuedNote>, InvoiceError> {
    let of = |it: &Unnumbered| (it.document.account.clone(), it.document.currency, it.corrects.number.clone());
    notes.sort_by_key(of);
    let mut counts = BTreeMap::from([(NoteKind::Credit, from.credit_from), (NoteKind::Debit, from.debit_from)]);
    let numbered = |Unnumbered { corrects, reason, document }| {
        let mut note = IssuedNote { corrects, reason, document };
        let kind = note.kind();
        let series = if kind == NoteKind::Credit { pricing.card.credit_notes() } else { pricing.card.debit_notes() };
        let count = counts.entry(kind).or_default();
        // 0 where the series has given none yet.
        if *count == 0 {
            *count = series.first;
        }
        let account = note.document.account.clone();
        let number = series.number(*count, pricing.date);
        note.document.number = number.map_err(|refused| InvoiceError::Number { account, refused })?;
        *count = count.saturating_add(1);
        Ok(note)
    };
    notes.into_iter().map(numbered).collect()
}
