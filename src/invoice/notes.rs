//! Credit and debit notes, proposed: what the invoices of a sealed month would be if they were made from the charges as
//! they are now, less what they were. Nothing is issued, and no number of a series is taken.

use std::collections::BTreeMap;

use serde::Serialize;

use rust_decimal::Decimal;

use super::bill::{Made, added_up, supplied, taxed};
use super::known::Known;
use super::{
    Billed, BilledInvoice, BilledLine, Customer, Invoice, InvoiceError, InvoiceLine, LineKind, LineTax, Pricing,
    TaxHead, lines,
};
use crate::domain::{Amount, Currency, Side, sha256};
use crate::reconcile::recheck::{ChargedNow, Finding, Rechecked};
use crate::reconcile::{Charge, HeldAccount};

/// What a note does for the customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoteKind {
    /// The invoice was too high.
    Credit,
    /// The invoice was too low, or there is none yet.
    Debit,
    /// Lines have changed, but not the total.
    Level,
}

/// How far a note is from being sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoteStatus {
    /// It corrects an invoice, and the account ties out now.
    Proposed,
    /// The account does not tie out now: the note waits, as its invoice would.
    Held,
    /// There is no invoice that it could correct: the next close of the month bills it.
    NotYetBilled,
}

/// A proposed note to one customer in one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Its stable id, `N-` and 16 hexadecimal digits: the same facts have the same id in every recheck.
    pub id: String,
    /// What it does.
    pub kind: NoteKind,
    /// How far it is.
    pub status: NoteStatus,
    /// Why it is held; empty where it is not.
    pub reason: String,
    /// The invoice that it corrects, and the run that gave it.
    pub invoice: Option<(String, String)>,
    /// What it adds to that invoice, supplied and taxed as it was, under its number and date: what a close makes out.
    pub correction: Option<Invoice>,
    /// The numbers of the notes that have corrected that invoice before.
    pub corrected_by: Vec<String>,
    /// How much of a credit note is more than what is left of its invoice: the close gives that on other invoices of the
    /// customer, newest first, and holds what exceeds them all.
    pub beyond: Amount,
    /// The customer.
    pub account: String,
    /// The customer's name.
    pub name: String,
    /// The currency.
    pub currency: Currency,
    /// What was invoiced, tax, round-off and the notes given since included.
    pub invoiced: Amount,
    /// What the charges come to now, by the same rate card and taxed and rounded off as the invoice was.
    pub due: Amount,
    /// The lines that differ.
    pub lines: Vec<NoteLine>,
    /// The findings that bear on it, by id.
    pub findings: Vec<String>,
}

impl Note {
    /// Due less invoiced: what the customer owes more, or, below zero, is owed; in whole minor units.
    #[must_use]
    pub fn amount(&self) -> Amount {
        self.due - self.invoiced
    }

    /// The tax in it.
    #[must_use]
    pub fn tax(&self) -> Amount {
        self.lines.iter().map(NoteLine::tax).sum()
    }

    /// The tax in it under a head.
    #[must_use]
    pub fn owed(&self, head: TaxHead) -> Amount {
        let heads = self.lines.iter().flat_map(|line| line.taxes().heads);
        heads.filter(|(of, ..)| *of == head).map(|(.., amount)| amount).sum()
    }

    /// The round-off in it.
    #[must_use]
    pub fn round_off(&self) -> Amount {
        self.amount() - self.lines.iter().map(|line| line.amount() + line.tax()).sum()
    }
}

/// One line of a note: a line of the invoice, then and now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteLine {
    /// What kind.
    pub kind: LineKind,
    /// The charge class, or `fee` or `minimum`.
    pub class: String,
    /// What the customer reads.
    pub description: String,
    /// As invoiced.
    pub invoiced: Billable,
    /// The same as it is now.
    pub due: Billable,
}

/// What a line of an invoice states.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Billable {
    /// Entries.
    pub entries: u64,
    /// Their cost.
    pub cost_base: Amount,
    /// What is charged for them.
    pub amount: Amount,
    /// The markup in percent, where one applies.
    pub markup_percent: Option<Decimal>,
    /// The tax on that.
    pub tax: LineTax,
}

impl std::ops::AddAssign for Billable {
    fn add_assign(&mut self, other: Self) {
        self.entries += other.entries;
        self.cost_base += other.cost_base;
        self.amount += other.amount;
        self.markup_percent = self.markup_percent.or(other.markup_percent);
        self.tax = self.tax.plus(&other.tax);
    }
}

impl Billable {
    /// What a line comes to; how it came to it, its rates, are the same wherever this is.
    fn figures(&self) -> (u64, Amount, Amount, BTreeMap<TaxHead, Amount>) {
        let heads = self.tax.heads.iter().filter(|(.., amount)| !amount.is_zero());
        let heads = heads.map(|(head, _, amount)| (*head, *amount)).collect();
        (self.entries, self.cost_base, self.amount, heads)
    }
}

impl NoteLine {
    /// What the line adds to the note before tax.
    #[must_use]
    pub fn amount(&self) -> Amount {
        self.due.amount - self.invoiced.amount
    }

    /// The tax that it adds.
    #[must_use]
    pub fn tax(&self) -> Amount {
        self.taxes().amount()
    }

    /// The same by head.
    #[must_use]
    pub fn taxes(&self) -> LineTax {
        self.due.tax.plus(&self.invoiced.tax.turned())
    }

    /// What the line adds to its invoice; its entries are those that it stands for now.
    fn correction(&self) -> InvoiceLine {
        let cost_base = self.due.cost_base - self.invoiced.cost_base;
        let priced = matches!(self.kind, LineKind::Usage | LineKind::Refund);
        InvoiceLine {
            kind: self.kind,
            class: self.class.clone(),
            description: self.description.clone(),
            entries: self.due.entries,
            cost_base,
            markup_percent: self.due.markup_percent.or(self.invoiced.markup_percent),
            markup: if priced { self.amount() - cost_base } else { Amount::ZERO },
            amount: self.amount(),
            tax: self.taxes(),
        }
    }
}

/// Proposes a note for every customer whose invoice would be another now, and for every customer with something to bill
/// who was neither billed nor held. Sorted by account, currency and invoice.
///
/// `pricing` is for what no run has billed. Of customers whose ledger cannot be read now nothing is proposed.
///
/// # Errors
/// When a charge exceeds exact arithmetic.
pub fn notes(
    billed: &[Billed],
    held_then: &[HeldAccount],
    pricing: &Pricing<'_>,
    now: &Rechecked,
) -> Result<Vec<Note>, InvoiceError> {
    let known = Known::of(billed, held_then);
    let mut findings: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for it in now.findings.iter().filter(|it| it.side == Side::Customer) {
        findings.entry(it.found.account().unwrap_or_default()).or_default().push(it);
    }
    let mut notes = Vec::new();
    for charged in &now.charged {
        let findings = findings.get(charged.account.as_str()).map_or(&[][..], Vec::as_slice);
        let invoices = known.invoices(&charged.account, charged.currency);
        for (run, invoice) in invoices {
            notes.extend(note(charged, Some((run, invoice)), pricing, findings)?);
        }
        if invoices.is_empty() && known.held(&charged.account, charged.currency).is_none() {
            notes.extend(note(charged, None, pricing, findings)?);
        }
    }
    Ok(notes)
}

/// The notes of one customer; none where every line is what it was. Usage of a month for which something was given back and
/// nothing invoiced gets an invoice, not a debit note: it stands by itself.
fn note(
    charged: &ChargedNow,
    billed: Option<(&Billed, &BilledInvoice)>,
    pricing: &Pricing<'_>,
    findings: &[&Finding],
) -> Result<Vec<Note>, InvoiceError> {
    let ChargedNow { account, name, currency, charges, .. } = charged;
    // Fees are due from whoever ties out; a customer without an invoice and without usage is none of a recheck's.
    let is = |kind: LineKind| move |charge: &Charge| lines::kind_of(charge.direction, &charge.class) == Some(kind);
    let to_bill = charges.iter().any(is(LineKind::Usage));
    let customer = Customer { account, name, currency: *currency, charges };
    let refund = |line: &InvoiceLine| line.kind == LineKind::Refund;
    let mut notes = Vec::new();
    match billed {
        Some(month) if month.1.is_credit => {
            let due: Vec<_> = priced(&customer, billed, pricing)?.into_iter().filter(refund).collect();
            notes.extend(proposed(charged, billed, &due, (pricing, findings)));
            if to_bill {
                let mut usage = priced(&customer, None, pricing)?;
                usage.retain(|line| !refund(line));
                notes.extend(proposed(charged, None, &usage, (pricing, findings)));
            }
        }
        None if !to_bill && !charges.iter().any(is(LineKind::Refund)) => {}
        Some(_) | None => {
            let due = priced(&customer, billed, pricing)?;
            notes.extend(proposed(charged, billed, &due, (pricing, findings)));
        }
    }
    Ok(notes)
}

/// The note that makes what was billed what is due.
fn proposed(
    charged: &ChargedNow,
    billed: Option<(&Billed, &BilledInvoice)>,
    due: &[InvoiceLine],
    (pricing, findings): (&Pricing<'_>, &[&Finding]),
) -> Option<Note> {
    let ChargedNow { account, name, currency, charges, held } = charged;
    let customer = Customer { account, name, currency: *currency, charges };
    let lines = differences(billed.map_or(&[][..], |(_, invoice)| &invoice.lines), due);
    if lines.is_empty() {
        return None;
    }
    let invoiced = billed.map_or(Amount::ZERO, |(_, invoice)| invoice.total);
    let owed: Amount = due.iter().map(|line| line.amount + line.tax.amount()).sum();
    let round_off = billed.map_or(pricing.terms, |(run, _)| &run.invoice).round_off(owed, *currency);
    let due = owed + round_off;
    let kind = match due - invoiced {
        Amount::ZERO => NoteKind::Level,
        less if less.is_negative() => NoteKind::Credit,
        _more => NoteKind::Debit,
    };
    let status = match (held, billed) {
        (Some(_), _) => NoteStatus::Held,
        (None, Some(_)) => NoteStatus::Proposed,
        (None, None) => NoteStatus::NotYetBilled,
    };
    let left = billed.and_then(|(_, invoice)| invoice.left);
    let beyond = left.map_or(Amount::ZERO, |left| (invoiced - due - left).max(Amount::ZERO));
    let named = billed.and_then(|(run, month)| match (&month.names, month.is_credit) {
        (Some(names), _) => Some((names.number.clone(), names.run.clone())),
        (None, false) => Some((month.number.clone(), run.run.clone())),
        (None, true) => None,
    });
    let mut note = Note {
        id: String::new(),
        kind,
        status,
        reason: held.clone().unwrap_or_default(),
        invoice: named,
        correction: billed.map(|(_, month)| correction(&customer, month, &lines, round_off)),
        corrected_by: billed.map(|(_, month)| month.corrected_by.clone()).unwrap_or_default(),
        beyond,
        account: account.clone(),
        name: name.clone(),
        currency: *currency,
        invoiced,
        due,
        lines,
        findings: findings.iter().map(|it| it.found.id().to_owned()).collect(),
    };
    note.id = id_of(&note);
    Some(note)
}

/// What a note adds to what the month was billed with, in the form of an invoice, under the number and date of the one that it
/// names.
fn correction(customer: &Customer<'_>, month: &BilledInvoice, lines: &[NoteLine], round_off: Amount) -> Invoice {
    let date = month.date.parse().unwrap_or_default();
    let (number, date) = match (&month.names, month.is_credit) {
        (Some(names), _) => (names.number.clone(), names.date),
        (None, false) => (month.number.clone(), date),
        (None, true) => (String::new(), date),
    };
    let made = Made { round_off: round_off - month.round_off, date, due: date };
    let lines = lines.iter().map(NoteLine::correction).collect();
    Invoice { number, ..added_up(customer, lines, month.supplied(), made) }
}

/// What a customer's charges come to now: priced and taxed as its invoice was, or as a new one would be. Where no invoice
/// could be made out to it, nothing is taxed.
fn priced(
    customer: &Customer<'_>,
    invoice: Option<(&Billed, &BilledInvoice)>,
    pricing: &Pricing<'_>,
) -> Result<Vec<InvoiceLine>, InvoiceError> {
    let Some((run, invoice)) = invoice else {
        let lines = lines::of(customer, pricing.card)?;
        return match supplied(customer, pricing) {
            Ok(supply) => taxed(customer, lines, &supply, pricing),
            Err(_held) => Ok(lines),
        };
    };
    let date = invoice.date.parse().unwrap_or(pricing.date);
    let then = Pricing { card: &run.rate_card, terms: &run.invoice, date, ..*pricing };
    taxed(customer, lines::of(customer, then.card)?, &invoice.supplied(), &then)
}

/// The lines whose entries, cost, amount or tax are not what they were, sorted by kind, class and description.
fn differences(invoiced: &[BilledLine], due: &[InvoiceLine]) -> Vec<NoteLine> {
    let mut lines: BTreeMap<(LineKind, &str, &str), [Billable; 2]> = BTreeMap::new();
    for it in invoiced {
        let (entries, cost_base, amount, markup_percent) = (it.entries, it.cost_base, it.amount, it.markup_percent);
        let facts = Billable { entries, cost_base, amount, markup_percent, tax: it.taxes() };
        lines.entry((it.kind, &it.class, &it.description)).or_default()[0] += facts;
    }
    for it in due {
        let (entries, cost_base, amount, markup_percent) = (it.entries, it.cost_base, it.amount, it.markup_percent);
        let facts = Billable { entries, cost_base, amount, markup_percent, tax: it.tax.clone() };
        lines.entry((it.kind, &it.class, &it.description)).or_default()[1] += facts;
    }
    let differing = lines.into_iter().filter(|(_, [invoiced, due])| invoiced.figures() != due.figures());
    let line = |((kind, class, description), [invoiced, due]): ((LineKind, &str, &str), [Billable; 2])| NoteLine {
        kind,
        class: class.to_owned(),
        description: description.to_owned(),
        invoiced,
        due,
    };
    differing.map(line).collect()
}

/// The id: the first 16 hexadecimal digits of a SHA-256 over the invoice and every line, each part with its length.
fn id_of(note: &Note) -> String {
    let mut text = String::new();
    let mut put = |part: &str| text.extend([part.len().to_string().as_str(), ":", part]);
    put(&note.account);
    put(note.currency.code());
    put(note.invoice.as_ref().map_or("", |(number, _)| number));
    for line in &note.lines {
        put(&line.class);
        put(&line.description);
        for it in [&line.invoiced, &line.due] {
            put(&it.entries.to_string());
            put(&it.cost_base.to_text(0));
            put(&it.amount.to_text(0));
            let tax = it.tax.amount();
            if !tax.is_zero() {
                put(&tax.to_text(0));
            }
        }
    }
    format!("N-{}", &sha256(text.as_bytes())[..16])
}
