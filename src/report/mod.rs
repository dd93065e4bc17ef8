//! Prints a close: reconciliation, billing and provenance in, papers (name, bytes) out.
//!
//! Every list becomes one neutral table, which the renderers (`as_csv`, `as_xlsx`) print without arithmetic; the summary
//! is one list of blocks, printed as text, on the workbook's first sheet and, with charts and the lists, as a page. What is
//! summed here (`totals`, `sums`) is summed through `Amount`, and `totals` is compared with what the stages before said. Never
//! reads a clock or a locale, never writes a file; a workbook of long lists lets its library keep their rows in a temporary one.

mod again;
mod as_csv;
mod as_html;
mod as_json;
mod as_text;
mod as_xlsx;
mod cash;
mod days;
mod definitions;
mod documents;
mod exports;
mod figures;
mod invoices;
mod markup;
mod months;
mod notes;
mod overview;
mod pictures;
mod proposals;
mod recharges;
mod recheck;
mod spread;
mod statement;
mod sums;
mod table;
mod tables;
mod texts;
mod totals;
mod unbilled;
mod unmatched;
mod unprintable;

use serde::Serialize;
use thiserror::Error;

use overview::Block;
use table::Table;

use crate::domain::{Amount, Period, UnreadableRow, Verdict};
use crate::invoice::{Billing, CsvProfile};
use crate::reconcile::Reconciliation;

pub use as_xlsx::is_of_the_disk;
pub use documents::{Stand, documents, printable};
pub use exports::{Close, exports};
pub use figures::{OtherFigure, has_figures, other_figure};
pub use recheck::{Recheck, SealedRun, recheck_summary, report_recheck};
pub use texts::refuse_texts;
pub use unprintable::{TextOf, Unprintable, illegible};

/// One paper of a run: a name relative to the run folder, and its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paper {
    /// The name, such as `breaks.csv` or `ledger/master-0001.parquet`.
    pub name: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Where a close comes from. Stands on top of `summary.txt`, `close.json` and the workbook's first sheet.
#[derive(Clone, Debug, Serialize)]
pub struct Provenance {
    /// The partner, `PA_…`.
    pub partner: String,
    /// The partner's name.
    pub partner_name: String,
    /// The month closed.
    pub period: Period,
    /// The first moment after the period, with the zone's offset.
    pub cut_off: String,
    /// The partner's zone, which decides what belongs to the period.
    pub zone: String,
    /// The run's id.
    pub run: String,
    /// SHA-256 of the archive manifest: the evidence everything here is derived from.
    pub archive_digest: String,
    /// The program's version.
    pub version: String,
    /// The simulator's scenario, where the books are not a partner's.
    pub scenario: Option<String>,
    /// The rate card's name and rounding strategy.
    pub rate_card: String,
    /// What a matched pair may differ by.
    pub tolerance: Amount,
}

/// Why a close cannot be printed: a fault of this program, never of the books, but for a text that the settings refuse.
#[derive(Debug, Error)]
pub enum ReportError {
    /// Two sums of the same thing differ.
    #[error("{what}: {printed} as listed, {stated} as stated, difference {difference}")]
    DoesNotAddUp {
        /// What was summed twice.
        what: String,
        /// The sum of what is listed.
        printed: Amount,
        /// The figure it has to be.
        stated: Amount,
        /// `printed − stated`.
        difference: Amount,
    },
    /// A text that a spreadsheet would run, where the settings ask for CSV files with every text as it is.
    #[error(
        "{paper}, row {row}, column {column}: {seen:?} begins like a formula, which the CSV profile \"import\" refuses"
    )]
    Dangerous {
        /// The paper.
        paper: String,
        /// The row, from 1 below the header.
        row: usize,
        /// The column.
        column: &'static str,
        /// The text.
        seen: String,
    },
    /// A text of the settings that a spreadsheet would run, in a CSV file for import.
    #[error("{key}: {seen:?} begins like a formula, which a CSV file for import refuses")]
    DangerousSetting {
        /// The key.
        key: String,
        /// The text.
        seen: String,
    },
    /// PDFs are asked for, and this program cannot make them.
    #[error("invoice.pdf: PDFs need a program built with the feature pdf: cargo install --path . --features pdf")]
    WithoutPdf,
    /// Texts that the fonts of the PDFs cannot print.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Unprintable(Vec<Unprintable>),
    /// A PDF that cannot be set.
    #[error("{name}: the PDF cannot be set: {reason}")]
    Pdf {
        /// The paper.
        name: String,
        /// What the typesetter said.
        reason: String,
    },
    /// A file for another program that cannot be printed as JSON.
    #[error("{name}: the file cannot be printed as json")]
    Export {
        /// The paper.
        name: &'static str,
        /// Why.
        source: serde_json::Error,
    },
    /// A table that cannot be printed as CSV.
    #[error("{name}: the table cannot be printed as csv")]
    Csv {
        /// The paper.
        name: &'static str,
        /// Why.
        source: csv::Error,
    },
    /// `close.json` cannot be printed.
    #[error("close.json: the close cannot be printed as json")]
    Json(#[from] serde_json::Error),
    /// `close.xlsx` cannot be printed.
    #[error("close.xlsx: the workbook cannot be printed")]
    Workbook(#[from] rust_xlsxwriter::XlsxError),
    /// `close.xlsx` has a long list, whose rows the temporary folder cannot hold.
    #[error("close.xlsx: the temporary folder cannot hold the rows: {reason}")]
    TemporaryFile {
        /// What the system said.
        reason: String,
    },
}

/// Prints every paper of a close that is not evidence, sorted by name. The same facts give the same bytes.
///
/// # Errors
/// When figures that were computed twice do not agree, or a paper cannot be laid out.
pub fn report(
    provenance: &Provenance,
    books: &Reconciliation,
    billing: &Billing,
    unreadable: &[UnreadableRow],
) -> Result<Vec<Paper>, ReportError> {
    report_in(CsvProfile::default(), provenance, books, billing, unreadable)
}

/// The same, with the CSV files in one of their profiles.
///
/// # Errors
/// Those of `report`; for import also when a text would run in a spreadsheet.
pub fn report_in(
    csv: CsvProfile,
    provenance: &Provenance,
    books: &Reconciliation,
    billing: &Billing,
    unreadable: &[UnreadableRow],
) -> Result<Vec<Paper>, ReportError> {
    totals::check(books, billing)?;
    let lists = Lists::new(provenance, books, billing, unreadable);
    let mut papers = as_papers(&lists.tables, csv)?;
    let mut add = |name: &str, bytes| papers.push(Paper { name: name.to_owned(), bytes });
    add("close.html", as_html::print(provenance, books, &lists.overview, &lists.tables).into_bytes());
    add("close.json", as_json::print(provenance, books, billing, unreadable)?);
    add("close.xlsx", lists.workbook()?);
    add("summary.txt", as_text::print(&lists.overview).into_bytes());
    papers.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(papers)
}

/// The lists and the overview of a close, laid out and not yet printed.
pub struct Lists<'a> {
    provenance: &'a Provenance,
    verdict: Verdict,
    overview: Vec<Block>,
    tables: Vec<Table>,
}

impl<'a> Lists<'a> {
    /// Lays them out; compares no sums.
    #[must_use]
    pub fn new(
        provenance: &'a Provenance,
        books: &Reconciliation,
        billing: &Billing,
        unreadable: &[UnreadableRow],
    ) -> Self {
        Self {
            provenance,
            verdict: books.verdict,
            overview: overview::overview(provenance, books, billing),
            tables: tables::tables(&provenance.run, books, billing, unreadable),
        }
    }

    /// The bytes of `close.xlsx`.
    ///
    /// # Errors
    /// When the workbook cannot be laid out, or the temporary folder cannot hold the rows of a long list.
    pub fn workbook(&self) -> Result<Vec<u8>, ReportError> {
        as_xlsx::print(&as_xlsx::Contents {
            provenance: self.provenance,
            verdict: self.verdict,
            overview: &self.overview,
            tables: &self.tables,
            pictures: &pictures::pictures(&self.tables, &self.provenance.partner),
            definitions: &definitions::table(&self.tables),
        })
    }
}

/// Every table as a paper of its own.
fn as_papers(tables: &[Table], csv: CsvProfile) -> Result<Vec<Paper>, ReportError> {
    let paper = |table: &Table| Ok(Paper { name: format!("{}.csv", table.name), bytes: as_csv::print(table, csv)? });
    tables.iter().map(paper).collect()
}

/// The text of `summary.txt`: what a finance person reads first, fit for a terminal.
#[must_use]
pub fn summary(provenance: &Provenance, books: &Reconciliation, billing: &Billing) -> String {
    as_text::print(&overview::overview(provenance, books, billing))
}
