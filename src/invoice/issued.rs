//! Credit and debit notes that a close gives, numbered in series of their own and each naming the invoice it corrects:
//! refunds that the month's charges do not cover, and what rechecks of earlier months have proposed.
//!
//! A note is an invoice of differences: what it adds to the one that it corrects, below zero where it takes away.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{
    BilledInvoice, BilledLine, Billing, Gstin, Invoice, InvoiceError, InvoiceLine, NoteKind, Pricing, SupplyKind,
    TaxHead,
};
use crate::domain::{Amount, Currency, Period};
use crate::reconcile::HeldAccount;

/// A note that is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedNote {
    /// The invoice that it corrects.
    pub corrects: Corrected,
    /// Why it is given.
    pub reason: NoteReason,
    /// The credit that it is a part of, where that takes more than this one note: the id of one of `Billing::credits`.
    pub part_of: Option<String>,
    /// The month whose charges it settles, where that is neither the run's own nor that of the invoice.
    pub month: Option<Period>,
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
    /// What an earlier close had to give back, and no invoice could take.
    Held {
        /// The first run that held some of it.
        since: String,
    },
}

/// What is given back for a month and is not on one note as it is due: by notes to several invoices, to one that was taxed
/// otherwise, or not yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credit {
    /// Its stable id, `C-` and 16 hexadecimal digits.
    pub id: String,
    /// What for.
    pub reason: NoteReason,
    /// The month whose charges it settles, where that is not the run's own.
    pub month: Option<Period>,
    /// What is due, under the terms of that month, amounts below zero: what the month was billed with.
    pub due: Invoice,
    /// The lines that no invoice could take, without tax: a later close gives them.
    pub rest: Vec<InvoiceLine>,
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
    /// The customers' invoices up to the month, the newest first: what credit notes name. A sealed run keeps those of the
    /// customers who get a credit.
    pub last: Vec<LastInvoice>,
    /// What the last recheck of each month proposes and no run has given yet.
    pub due: Vec<NoteDue>,
    /// What earlier closes had to give back and no invoice could take.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<CreditHeld>,
}

/// What earlier closes had to give back to a customer and could not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreditHeld {
    /// The customer.
    pub account: String,
    /// The customer's name.
    pub name: String,
    /// The currency.
    pub currency: Currency,
    /// The first run that held some of it.
    pub since: String,
    /// The lines, without tax, below zero.
    pub lines: Vec<BilledLine>,
}

impl Corrections {
    /// Whether nothing is handed on.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Leaves out the invoices of customers who got no credit and are not held: nothing was asked of them. Who is held may have been
    /// asked for a credit before it was: a text that no document can carry is found when its note is printed.
    pub fn keep_what_was_asked(&mut self, billing: &Billing) {
        let notes = billing.notes.iter().map(|it| &it.document).chain(billing.credits.iter().map(|it| &it.due));
        let notes = notes.map(|it| (it.account.as_str(), it.currency));
        let due = self.due.iter().map(|it| (it.note.account.as_str(), it.note.currency));
        let held = self.held.iter().map(|it| (it.account.as_str(), it.currency));
        let held_now = billing.held.iter().map(|it| (it.account.as_str(), it.currency));
        let asked: BTreeSet<(&str, Currency)> = notes.chain(due).chain(held).chain(held_now).collect();
        self.last.retain(|it| asked.contains(&(it.account.as_str(), it.currency)));
    }
}

/// An invoice that a credit note can name, how its customer was supplied, and what is left of it.
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
    /// What is left of its taxable value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taxable_left: Option<Amount>,
    /// What is left of its tax, by head.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tax_left: Vec<(TaxHead, Amount)>,
}

/// A note that a recheck has proposed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoteDue {
    /// The proposal's id, `N-…`.
    pub proposal: String,
    /// The recheck that made it.
    pub recheck: String,
    /// The invoice that it corrects; no number where there is none yet, and the close finds one.
    pub corrects: Corrected,
    /// The month that was rechecked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub month: Option<Period>,
    /// What it adds to what the month was billed with, in the form of an invoice.
    pub note: BilledInvoice,
}

/// A note while it has no number yet.
pub(super) struct Unnumbered {
    pub(super) corrects: Corrected,
    pub(super) reason: NoteReason,
    pub(super) part_of: Option<String>,
    pub(super) month: Option<Period>,
    pub(super) document: Invoice,
}

impl Unnumbered {
    /// The hold in its place where a text of the customer cannot be printed: a later close gives it, for no run has.
    pub(super) fn kept_back(&self, pricing: &Pricing<'_>) -> Option<HeldAccount> {
        let Invoice { account, name, currency, cost_base, .. } = &self.document;
        let (reason, hint) = pricing.illegible.get(account)?.of_note(&self.corrects.number);
        let (account, name) = (account.clone(), name.clone());
        Some(HeldAccount { account, name, currency: *currency, cost_base: *cost_base, reason, hint, is_credit: true })
    }
}

impl NoteDue {
    /// The note that it asks for, made out on the day of the close.
    pub(super) fn made_out(&self, pricing: &Pricing<'_>) -> Unnumbered {
        let date = pricing.date;
        let due = if self.note.total.is_negative() { date } else { pricing.terms.due(date) };
        Unnumbered {
            corrects: self.corrects.clone(),
            reason: NoteReason::Recheck { proposal: self.proposal.clone(), recheck: self.recheck.clone() },
            part_of: None,
            month: self.month,
            document: self.note.made_out(date, due),
        }
    }
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
    let numbered = |Unnumbered { corrects, reason, part_of, month, document }| {
        let mut note = IssuedNote { corrects, reason, part_of, month, document };
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
