//! Files for other programs: invoices for accounting programs and the invoice registration portal, and journals of the
//! whole close. Papers of the run like any other, sealed with it.
//!
//! Prints what was billed and what moved the wallets; converts no currency and rounds nothing. What each file states of an
//! invoice is summed as it is printed and compared with the invoice before anything is given back. No text of others can
//! leave its field: each format escapes or replaces what it cannot hold.

mod beancount;
mod e_invoice;
mod hledger;
mod journal;
mod tally;
mod xero;
mod zoho;

use std::collections::BTreeMap;

use crate::domain::{Amount, is_blank};
use crate::invoice::{Billing, Corrected, CsvProfile, ExportFormat, ExportTerms, Invoice, InvoiceTerms, NoteKind};
use crate::reconcile::{Reconciliation, WalletCharges};
use crate::report::table::Table;
use crate::report::{Paper, Provenance, ReportError, as_csv, totals};

/// A close as the exports state it.
#[derive(Clone, Copy)]
pub struct Close<'a> {
    /// Where it comes from.
    pub provenance: &'a Provenance,
    /// What is asked for.
    pub terms: &'a ExportTerms,
    /// Tax and parties of the invoices.
    pub invoicing: &'a InvoiceTerms,
    /// What the books come to.
    pub books: &'a Reconciliation,
    /// What is billed.
    pub billing: &'a Billing,
    /// What moved every wallet; asked for by journals alone.
    pub charges: &'a [WalletCharges],
}

/// The files that the settings ask for, below `exports/`.
///
/// # Errors
/// When a file does not add up to the invoices or the wallets, or cannot be laid out.
pub fn exports(close: &Close<'_>) -> Result<Vec<Paper>, ReportError> {
    let mut papers = Vec::new();
    for format in close.terms.formats() {
        match format {
            ExportFormat::Tally => papers.extend(tally::print(close)?),
            ExportFormat::Zoho => {
                for table in zoho::tables(close)? {
                    papers.push(for_import(&table)?);
                }
            }
            ExportFormat::Xero => papers.push(for_import(&xero::table(close)?)?),
            ExportFormat::EInvoice => papers.extend(e_invoice::print(close)?),
            ExportFormat::Hledger => papers.push(paper("close.journal", hledger::print(close, &journal::of(close)?))),
            ExportFormat::Beancount => {
                papers.push(paper("close.beancount", beancount::print(close, &journal::of(close)?)));
            }
        }
    }
    Ok(papers)
}

/// A document that a customer gets, with what it adds to what the customer owes: of a credit note amounts below zero.
struct Document<'a> {
    invoice: &'a Invoice,
    /// Of a note, what it does and what it corrects.
    note: Option<(NoteKind, &'a Corrected)>,
}

impl Document<'_> {
    fn is_credit(&self) -> bool {
        matches!(self.note, Some((NoteKind::Credit, _)))
    }
}

impl<'a> Close<'a> {
    /// The invoices, and then the notes.
    fn documents(&self) -> impl Iterator<Item = Document<'a>> + use<'a> {
        let notes = self.billing.notes.iter();
        let notes = notes.map(|it| Document { invoice: &it.document, note: Some((it.kind(), &it.corrects)) });
        self.billing.invoices.iter().map(|invoice| Document { invoice, note: None }).chain(notes)
    }
}

/// A text below `exports/`.
fn paper(name: &str, text: String) -> Paper {
    Paper { name: format!("exports/{name}"), bytes: text.into_bytes() }
}

/// A table that another program reads is always in the profile for import: an apostrophe too many would stand in its books.
fn for_import(table: &Table) -> Result<Paper, ReportError> {
    Ok(Paper { name: format!("{}.csv", table.name), bytes: as_csv::print(table, CsvProfile::Import)? })
}

/// What an invoice comes to in a file, as printed, against what it comes to.
fn check(file: &str, invoice: &Invoice, printed: Amount) -> Result<(), ReportError> {
    totals::equal(printed, invoice.total, || format!("{file}, invoice {}", invoice.number))
}

/// What each billed customer is called in an accounting program: by the settings, else its name, else its account. A name
/// that two of them have is told apart by the account; one that a spreadsheet would run is left for the account.
fn parties<'a>(close: &Close<'a>) -> BTreeMap<&'a str, String> {
    let mut named: BTreeMap<&str, String> = BTreeMap::new();
    for Document { invoice, .. } in close.documents() {
        let plain = one_line(&invoice.supply.buyer.name);
        let usable = !plain.is_empty() && !as_csv::is_dangerous(&plain);
        let name = if usable { plain } else { invoice.account.clone() };
        named.entry(&invoice.account).or_insert(name);
    }
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for name in named.values() {
        *seen.entry(name.to_lowercase()).or_default() += 1;
    }
    for (account, name) in &mut named {
        let shared = seen.get(&name.to_lowercase()).is_some_and(|times| *times > 1);
        // A name that ends like one with its account could be taken for another customer's.
        if name != account && (shared || name.ends_with(')')) {
            *name = format!("{name} ({account})");
        }
        if let Some(own) = close.terms.customer(account) {
            own.clone_into(name);
        }
    }
    named
}

/// A text on one line: characters that take no ink become blanks, and rows of blanks become one. At most 100 characters.
fn one_line(text: &str) -> String {
    let blank = |c: char| if is_blank(c) { ' ' } else { c };
    let plain: String = text.chars().map(blank).collect();
    let words: Vec<&str> = plain.split(' ').filter(|word| !word.is_empty()).collect();
    words.join(" ").chars().take(100).collect::<String>().trim_end().to_owned()
}
