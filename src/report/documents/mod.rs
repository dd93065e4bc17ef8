//! The invoices themselves: of each one a page to print and a JSON file to read, as its customer gets them, and a PDF where the
//! settings ask for one.
//!
//! Prints what `invoice` made out, the wallet charges behind it, and who sends it. Nothing of cost and markup stands on
//! them: those are the partner's own. Adds up only what it then compares.

mod as_json;
mod page;
#[cfg(feature = "pdf")]
mod pdf;

use std::collections::BTreeMap;

use crate::domain::Amount;
use crate::invoice::{Billing, Invoice, InvoiceTerms, LineKind, Regime, kind_of};
use crate::reconcile::{Usage, UsageLine};
use crate::report::totals::equal;
use crate::report::{Paper, Provenance, ReportError};

/// The folder of the invoices in the run folder.
const FOLDER: &str = "invoices";

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

impl Issue<'_> {
    /// What the document is called.
    pub(super) fn title(&self) -> &'static str {
        if self.terms.regime() == Regime::None { "Invoice" } else { "Tax invoice" }
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
    let documents = billing.invoices.iter().map(|invoice| document(&issue, invoice, usage));
    let documents = documents.collect::<Result<Vec<_>, ReportError>>()?;
    #[cfg(feature = "pdf")]
    let pdfs = if terms.pdf() { pdf::papers(&issue, &documents)? } else { Vec::new() };
    #[cfg(not(feature = "pdf"))]
    let pdfs = Vec::new();
    let mut papers = Vec::with_capacity(documents.len() * 2 + pdfs.len());
    for Document { invoice, annex, name, json } in documents {
        papers.push(Paper { name: format!("{name}.html"), bytes: page::print(&issue, invoice, &annex).into_bytes() });
        papers.push(Paper { name: format!("{name}.json"), bytes: json });
    }
    papers.extend(pdfs);
    Ok(papers)
}

/// An invoice with what is printed beside it.
struct Document<'a> {
    invoice: &'a Invoice,
    annex: Vec<Used<'a>>,
    /// The papers' name, without an ending.
    name: String,
    /// The invoice as JSON.
    json: Vec<u8>,
}

fn document<'a>(issue: &Issue<'_>, invoice: &'a Invoice, usage: &'a Usage) -> Result<Document<'a>, ReportError> {
    let own = usage.get(&(invoice.account.clone(), invoice.currency)).into_iter().flatten();
    let annex: Vec<Used<'a>> =
        own.filter_map(|line| Some(Used { kind: kind_of(line.direction, &line.class)?, line })).collect();
    check(invoice, &annex)?;
    // Numbers hold capitals, digits, `/` and `-`: one character for one, so that no two names are alike in a series.
    let name = format!("{FOLDER}/{}", invoice.number.replace('/', "-"));
    let json = as_json::print(issue, invoice, &annex)?;
    Ok(Document { invoice, annex, name, json })
}

/// A line of an annex that is billed: what only funds the wallet is none.
pub(super) struct Used<'a> {
    pub(super) kind: LineKind,
    pub(super) line: &'a UsageLine,
}

/// An annex, where there is one, against the cost of the lines that it stands behind.
fn check(invoice: &Invoice, annex: &[Used<'_>]) -> Result<(), ReportError> {
    if annex.is_empty() {
        return Ok(());
    }
    let mut listed: BTreeMap<(LineKind, &str), Amount> = BTreeMap::new();
    for Used { kind, line } in annex {
        *listed.entry((*kind, line.class.as_str())).or_default() += line.amount;
    }
    for line in invoice.lines.iter().filter(|line| matches!(line.kind, LineKind::Usage | LineKind::Refund)) {
        let sum = listed.remove(&(line.kind, line.class.as_str())).unwrap_or_default();
        let place = || format!("invoice {}, annex of {}", invoice.number, line.class);
        equal(sum, line.cost_base, place)?;
    }
    let left: Amount = listed.into_values().sum();
    equal(left, Amount::ZERO, || format!("invoice {}, annex beside its lines", invoice.number))
}
