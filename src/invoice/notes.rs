//! Credit and debit notes, proposed: what the invoices of a sealed month would be if they were made from the charges as
//! they are now, less what they were. Nothing is issued, and no number of a series is taken.

use serde::{Deserialize, Serialize};

use super::{Customer, InvoiceError, InvoiceLine, LineKind, RateCard, lines};
use crate::domain::{Amount, ChargeClass, Currency, Direction, Entry, Side, sha256};
use crate::reconcile::HeldAccount;
use crate::reconcile::recheck::{ChargedNow, Finding, Rechecked};

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
}

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
    /// The customer.
    pub account: String,
    /// The customer's name.
    pub name: String,
    /// The currency.
    pub currency: Currency,
    /// What was invoiced.
    pub invoiced: Amount,
    /// What the charges come to now, by the same rate card.
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
    /// Entries, cost and amount as invoiced.
    pub invoiced: (u64, Amount, Amount),
    /// The same as they are now.
    pub due: (u64, Amount, Amount),
}

impl NoteLine {
    /// What the line adds to the note.
    #[must_use]
    pub fn amount(&self) -> Amount {
        self.due.2 - self.invoiced.2
    }
}

/// Proposes a note for every customer whose invoice would be another now, and for every customer with something to bill
/// who was neither billed nor held. Sorted by account, currency and invoice.
///
/// `card` prices what no run has billed. Of customers whose ledger cannot be read now nothing is proposed.
///
/// # Errors
/// When a charge exceeds exact arithmetic.
pub fn notes(
    billed: &[Billed],
    held_then: &[HeldAccount],
    card: &RateCard,
    now: &Rechecked,
) -> Result<Vec<Note>, InvoiceError> {
    let mut notes = Vec::new();
    for charged in &now.charged {
        let of_customer = |invoice: &&BilledInvoice| is_of(charged, &invoice.account, invoice.currency);
        let invoices = billed.iter().flat_map(|run| run.invoices.iter().filter(of_customer).map(move |it| (run, it)));
        let mut is_billed = false;
        for (run, invoice) in invoices {
            is_billed = true;
            notes.extend(note(charged, Some((run, invoice)), &run.rate_card, &now.findings)?);
        }
        let held = held_then.iter().any(|it| is_of(charged, &it.account, it.currency));
        if !is_billed && !held {
            notes.extend(note(charged, None, card, &now.findings)?);
        }
    }
    Ok(notes)
}

fn is_of(charged: &ChargedNow, account: &str, currency: Currency) -> bool {
    charged.account == account && charged.currency == currency
}

/// The note of one customer; nothing where every line is what it was.
fn note(
    charged: &ChargedNow,
    invoice: Option<(&Billed, &BilledInvoice)>,
    card: &RateCard,
    findings: &[Finding],
) -> Result<Option<Note>, InvoiceError> {
    let ChargedNow { account, name, currency, charges, held } = charged;
    // Fees are due from whoever ties out; a customer without an invoice and without charges is none of a recheck's.
    if invoice.is_none() && charges.iter().all(|charge| lines::kind_of(charge).is_none()) {
        return Ok(None);
    }
    let due = lines::of(&Customer { account, name, currency: *currency, charges }, card)?;
    let lines = differences(invoice.map_or(&[][..], |(_, invoice)| &invoice.lines), &due);
    if lines.is_empty() {
        return Ok(None);
    }
    let invoiced = invoice.map_or(Amount::ZERO, |(_, invoice)| invoice.total);
    let due: Amount = due.iter().map(|line| line.amount).sum();
    let kind = match due - invoiced {
        Amount::ZERO => NoteKind::Level,
        less if less.is_negative() => NoteKind::Credit,
        _more => NoteKind::Debit,
    };
    let status = match (held, invoice) {
        (Some(_), _) => NoteStatus::Held,
        (None, Some(_)) => NoteStatus::Proposed,
        (None, None) => NoteStatus::NotYetBilled,
    };
    let of_customer = |it: &&Finding| it.side == Side::Customer && it.found.account() == Some(account.as_str());
    let mut note = Note {
        id: String::new(),
        kind,
        status,
        reason: held.clone().unwrap_or_default(),
        invoice: invoice.map(|(run, invoice)| (invoice.number.clone(), run.run.clone())),
        account: account.clone(),
        name: name.clone(),
        currency: *currency,
        invoiced,
        due,
        lines,
        findings: findings.iter().filter(of_customer).map(|it| it.found.id().to_owned()).collect(),
    };
    note.id = id_of(&note);
    Ok(Some(note))
}

/// The lines whose entries, cost or amount are not what they were, sorted by kind, class and description.
fn differences(invoiced: &[BilledLine], due: &[InvoiceLine]) -> Vec<NoteLine> {
    type Facts = (u64, Amount, Amount);
    let mut lines: std::collections::BTreeMap<(LineKind, &str, &str), [Facts; 2]> = std::collections::BTreeMap::new();
    let mut add = |time: usize, key, facts: Facts| {
        let sum = &mut lines.entry(key).or_default()[time];
        *sum = (sum.0 + facts.0, sum.1 + facts.1, sum.2 + facts.2);
    };
    for it in invoiced {
        add(0, (it.kind, &it.class, &it.description), (it.entries, it.cost_base, it.amount));
    }
    for it in due {
        add(1, (it.kind, &it.class, &it.description), (it.entries, it.cost_base, it.amount));
    }
    let differing = lines.into_iter().filter(|(_, [invoiced, due])| invoiced != due);
    let line = |((kind, class, description), [invoiced, due]): ((LineKind, &str, &str), [Facts; 2])| NoteLine {
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
        for (entries, cost, amount) in [line.invoiced, line.due] {
            put(&entries.to_string());
            put(&cost.to_text(0));
            put(&amount.to_text(0));
        }
    }
    format!("N-{}", &sha256(text.as_bytes())[..16])
}

/// What a finding means for the invoices of its customer, in half a sentence.
#[must_use]
pub fn bearing(finding: &Finding, billed: &[Billed], held_then: &[HeldAccount]) -> String {
    if finding.side == Side::Master {
        return "not billed from the master ledger: invoices are made from the customers' own".to_owned();
    }
    let before: Vec<&Entry> = finding.sealed.iter().filter(|entry| billable(entry).is_some()).collect();
    let after: Vec<&Entry> = finding.now.iter().filter(|entry| billable(entry).is_some()).collect();
    let Some(entry) = before.first().or(after.first()) else {
        return "not billed: neither usage nor a refund that counts in the month".to_owned();
    };
    let account = entry.holder();
    let invoices = billed.iter().flat_map(|run| &run.invoices);
    let mut invoices = invoices.filter(|it| it.account == account && it.currency == entry.currency);
    if let Some(invoice) = invoices.next() {
        let on_line = |it: &&BilledLine| Some(it.kind) == billable(entry) && it.class == entry.class.as_str();
        let line = invoice.lines.iter().find(on_line).map(|it| format!(", line {}", it.line)).unwrap_or_default();
        let number = &invoice.number;
        return match (before.is_empty(), after.is_empty()) {
            (true, _) => format!("not billed on {number}; it would add to it{line}"),
            (false, true) => format!("billed on {number}{line}; it would not be now"),
            (false, false) => format!("billed on {number}{line}"),
        };
    }
    let held = held_then.iter().find(|it| it.account == account && it.currency == entry.currency);
    held.map_or_else(
        || "not billed: the customer has no invoice of the month".to_owned(),
        |it| format!("on the held list of the sealed run: {}", it.reason),
    )
}

/// The kind of line that an entry is billed on, if it is.
fn billable(entry: &Entry) -> Option<LineKind> {
    let refund = entry.class.as_str() == ChargeClass::REFUND;
    match entry.direction {
        Direction::Debit if entry.counts() => Some(LineKind::Usage),
        Direction::Credit if entry.counts() && refund => Some(LineKind::Refund),
        Direction::Debit | Direction::Credit | Direction::Unclassified => None,
    }
}
