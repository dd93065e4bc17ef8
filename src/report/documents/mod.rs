//! The invoices and notes themselves: of each one a page to print and a JSON file to read, as its customer gets them, and a PDF
//! where the settings ask for one.
//!
//! Prints what `invoice` made out, the wallet charges behind it, and who sends it. Nothing of cost and markup stands on
//! them: those are the partner's own. Adds up only what it then compares.

mod as_json;
mod page;
#[cfg(feature = "pdf")]
mod pdf;
mod sheet;

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::domain::Amount;
use crate::invoice::{
    Billing, Corrected, Credit, Deduction, Invoice, InvoiceTerms, IssuedNote, LineKind, NoteKind, NoteReason, Regime,
    kind_of,
};
use crate::reconcile::{Usage, UsageLine};
use crate::report::table::decimal_text;
use crate::report::totals::equal;
use crate::report::{Paper, Provenance, ReportError};
use sheet::Sheet;

/// The folder of the invoices in the run folder.
const FOLDER: &str = "invoices";

/// The folder of the credit and debit notes.
const NOTES: &str = "notes";

/// Whether the numbers are final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    /// They are sealed with the run.
    Final,
    /// They are those that the run would give, and say `draft` on every page.
    Draft,
}

/// What every invoice of a run rests on.
#[derive(Clone, Copy)]
pub(super) struct Issue<'a> {
    pub(super) provenance: &'a Provenance,
    pub(super) terms: &'a InvoiceTerms,
    pub(super) stand: Stand,
}

/// A document as its customer reads it.
pub(super) struct Document<'a> {
    /// What it states.
    pub(super) invoice: Cow<'a, Invoice>,
    /// What makes it a note.
    pub(super) note: Option<Note<'a>>,
    /// The usage behind it.
    pub(super) annex: Vec<Used<'a>>,
    /// The papers' name, without an ending.
    pub(super) name: String,
    /// It as JSON.
    pub(super) json: Vec<u8>,
}

/// What makes a document a note.
pub(super) struct Note<'a> {
    pub(super) kind: NoteKind,
    pub(super) corrects: &'a Corrected,
    pub(super) reason: &'static str,
    /// What it is a part of, in a sentence, where it is one.
    pub(super) parts: Option<String>,
}

impl Document<'_> {
    /// What the document is called.
    pub(super) fn title(&self, issue: &Issue<'_>) -> &'static str {
        match &self.note {
            Some(Note { kind: NoteKind::Credit, .. }) => "Credit note",
            Some(_) => "Debit note",
            None if issue.terms.regime() == Regime::None => "Invoice",
            None => "Tax invoice",
        }
    }

    /// What the customer deducts at source when it pays: nothing of what is given back.
    pub(super) fn deduction(&self) -> Option<Deduction> {
        let gives_back = self.note.as_ref().is_some_and(|note| note.kind == NoteKind::Credit);
        if gives_back { None } else { self.invoice.deduction() }
    }

    /// Its number, dates and so on: name and value.
    pub(super) fn facts(&self, issue: &Issue<'_>) -> Vec<(&'static str, String)> {
        let it = &self.invoice;
        let mut facts = vec![("Number", it.number.clone()), ("Date", it.date.to_string())];
        if let Some(Note { corrects, reason, .. }) = &self.note {
            facts.push(("Corrects invoice", corrects.number.clone()));
            facts.push(("Dated", corrects.date.to_string()));
            facts.push(("Reason", (*reason).to_owned()));
        }
        // Nothing is due on what is given back.
        if self.note.as_ref().is_none_or(|note| note.kind != NoteKind::Credit) {
            facts.push(("Due", it.due.to_string()));
        }
        let period = if self.note.is_some() { "With the close of" } else { "Period" };
        facts.push((period, issue.provenance.period.to_string()));
        facts.push(("Currency", it.currency.code().to_owned()));
        if let Some(place) = it.supply.place {
            facts.push(("Place of supply", format!("{} ({})", place.name, place.code)));
        }
        if issue.terms.regime() == Regime::Gst {
            facts.push(("Reverse charge", if issue.terms.reverse_charge() { "Yes" } else { "No" }.to_owned()));
        }
        facts
    }

    /// Where it comes from, in two sentences.
    pub(super) fn origin(&self, issue: &Issue<'_>) -> String {
        let (it, of) = (&self.invoice, issue.provenance);
        let what = if self.note.is_some() { "given with the close of" } else { "usage of" };
        format!(
            "{} {}, account {}, {what} {} by the calendar of {}. Run {} of {}, archive {}, tieout {}.",
            self.title(issue),
            it.number,
            it.account,
            of.period,
            of.zone,
            of.run,
            of.partner,
            of.archive_digest,
            of.version
        )
    }
}

/// Refuses terms that ask for documents which this program cannot print.
///
/// # Errors
/// When they ask for PDFs, and the program was built without the feature `pdf`.
pub const fn printable(terms: &InvoiceTerms) -> Result<(), ReportError> {
    if terms.pdf() && !cfg!(feature = "pdf") { Err(ReportError::WithoutPdf) } else { Ok(()) }
}

/// A page and a JSON file for each invoice, named after its number, and a PDF where the terms ask for one.
///
/// # Errors
/// When an annex does not add up to its invoice, a file cannot be laid out, or PDFs are asked for that cannot be printed.
pub fn documents(
    provenance: &Provenance,
    terms: &InvoiceTerms,
    billing: &Billing,
    usage: &Usage,
    stand: Stand,
) -> Result<Vec<Paper>, ReportError> {
    printable(terms)?;
    let issue = Issue { provenance, terms, stand };
    let credits: BTreeMap<&str, Parts<'_>> = parts(billing);
    let invoices = billing.invoices.iter().map(|invoice| {
        let mut annex = used(usage, invoice);
        // Refunds that are on no line of it are on notes, or wait for one.
        if invoice.lines.iter().all(|line| line.kind != LineKind::Refund) {
            annex.retain(|it| it.kind != LineKind::Refund);
        }
        check(invoice, &annex)?;
        document(&issue, FOLDER, Cow::Borrowed(invoice), None, annex)
    });
    let notes = billing.notes.iter().map(|note| {
        let mut annex = Vec::new();
        let of = note.part_of.as_deref().and_then(|id| credits.get(id));
        if note.reason == NoteReason::Refunds {
            annex = used(usage, &note.document);
            annex.retain(|it| it.kind == LineKind::Refund);
            check(of.map_or(&note.document, |parts| &parts.credit.due), &annex)?;
            for it in &mut annex {
                it.amount = -it.amount;
            }
        }
        document(&issue, NOTES, Cow::Owned(note.shown()), Some(of_note(note, of)), annex)
    });
    let documents = invoices.chain(notes).collect::<Result<Vec<_>, ReportError>>()?;
    #[cfg(feature = "pdf")]
    let pdfs = if terms.pdf() { pdf::papers(&issue, &documents)? } else { Vec::new() };
    #[cfg(not(feature = "pdf"))]
    let pdfs = Vec::new();
    let mut papers = Vec::with_capacity(documents.len() * 2 + pdfs.len());
    for it in documents {
        let name = &it.name;
        papers.push(Paper { name: format!("{name}.html"), bytes: page::print(&Sheet::of(&issue, &it)).into_bytes() });
        papers.push(Paper { name: format!("{name}.json"), bytes: it.json });
    }
    papers.extend(pdfs);
    Ok(papers)
}

/// What stands behind an invoice or a note.
fn used<'a>(usage: &'a Usage, invoice: &Invoice) -> Vec<Used<'a>> {
    let own = usage.get(&(invoice.account.clone(), invoice.currency)).into_iter().flatten();
    let used =
        |line: &'a UsageLine| Some(Used { kind: kind_of(line.direction, &line.class)?, amount: line.amount, line });
    own.filter_map(used).collect()
}

/// A credit that takes several notes, or of which something is left.
struct Parts<'a> {
    credit: &'a Credit,
    notes: Vec<&'a str>,
}

/// The credits with their notes, by id.
fn parts(billing: &Billing) -> BTreeMap<&str, Parts<'_>> {
    let none = |credit| Parts { credit, notes: Vec::new() };
    let mut parts: BTreeMap<&str, Parts<'_>> = billing.credits.iter().map(|it| (it.id.as_str(), none(it))).collect();
    for note in &billing.notes {
        if let Some(of) = note.part_of.as_deref().and_then(|id| parts.get_mut(id)) {
            of.notes.push(&note.document.number);
        }
    }
    parts
}

impl Parts<'_> {
    /// What the customer reads of it on each of its notes.
    fn told(&self) -> String {
        let currency = self.credit.due.currency;
        let money = |amount| decimal_text(amount, currency.minor_digits());
        let (due, rest) = (-self.credit.due.taxable(), -self.credit.rest.iter().map(|it| it.amount).sum::<Amount>());
        let notes = self.notes.join(", ");
        let later =
            if rest.is_zero() { String::new() } else { format!("; of it {currency} {} follows later", money(rest)) };
        format!("{currency} {} without tax is given back in all, by {notes}{later}.", money(due))
    }
}

/// What its customer reads of a note.
fn of_note<'a>(it: &'a IssuedNote, of: Option<&Parts<'_>>) -> Note<'a> {
    let reason = match it.reason {
        NoteReason::Refunds => "Refunds",
        NoteReason::Recheck { .. } => "Usage of the invoiced month has changed since",
        NoteReason::Held { .. } => "Refunds of earlier months",
    };
    Note { kind: it.kind(), corrects: &it.corrects, reason, parts: of.map(Parts::told) }
}

/// A document, with its JSON made.
fn document<'a>(
    issue: &Issue<'_>,
    folder: &str,
    invoice: Cow<'a, Invoice>,
    note: Option<Note<'a>>,
    annex: Vec<Used<'a>>,
) -> Result<Document<'a>, ReportError> {
    // Numbers hold capitals, digits, `/` and `-`: one character for one, so that no two names are alike in a series.
    let name = format!("{folder}/{}", invoice.number.replace('/', "-"));
    let mut it = Document { invoice, note, annex, name, json: Vec::new() };
    it.json = as_json::print(issue, &it)?;
    Ok(it)
}

/// A line of an annex that is billed: what only funds the wallet is none.
pub(super) struct Used<'a> {
    pub(super) kind: LineKind,
    pub(super) line: &'a UsageLine,
    /// What was charged, below zero for a refund on an invoice.
    pub(super) amount: Amount,
}

/// An annex, where there is one, against the cost of the lines that it stands behind.
fn check(invoice: &Invoice, annex: &[Used<'_>]) -> Result<(), ReportError> {
    if annex.is_empty() {
        return Ok(());
    }
    let mut listed: BTreeMap<(LineKind, &str), Amount> = BTreeMap::new();
    for Used { kind, line, amount } in annex {
        *listed.entry((*kind, line.class.as_str())).or_default() += *amount;
    }
    for line in invoice.lines.iter().filter(|line| matches!(line.kind, LineKind::Usage | LineKind::Refund)) {
        let sum = listed.remove(&(line.kind, line.class.as_str())).unwrap_or_default();
        let place = || format!("invoice {}, annex of {}", invoice.number, line.class);
        equal(sum, line.cost_base, place)?;
    }
    let left: Amount = listed.into_values().sum();
    equal(left, Amount::ZERO, || format!("invoice {}, annex beside its lines", invoice.number))
}
