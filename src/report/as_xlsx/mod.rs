//! Prints a close as a workbook: a front sheet, a sheet for each list (several where one cannot hold it), the definitions,
//! the figures of the charts. Typed cells, ready to filter and to print.
//!
//! Nothing is added up here: totals are formulas whose exact results `report::sums` has, with the exact figure as text
//! beside them. A figure that a float cannot hold to the last digit stands as text. Nothing that others wrote can become a
//! formula. The same facts give the same bytes: the workbook's date is the day after the period, not the clock's. The rows
//! of a long list go through a temporary file without a name; it leaves no trace in the bytes.

mod cells;
mod charts;
mod front;
mod laid;
mod looks;
mod sheet;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use chrono::Datelike;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, Worksheet, XlsxError};

use crate::domain::Verdict;
use crate::report::overview::Block;
use crate::report::pictures::Picture;
use crate::report::table::Table;
use crate::report::{Provenance, ReportError};

use laid::Laid;
use looks::Looks;
use sheet::Writer;

/// The paper size A4.
const A4: u8 = 9;

/// How hard the file is compressed where a list is long: the least, for most of the time goes there.
const FAST: u8 = 1;

/// What a sheet can hold.
#[derive(Clone, Copy)]
struct Limits {
    /// Rows of a sheet, the header included.
    rows: usize,
    /// Characters of a cell, in UTF-16 units.
    text: usize,
    /// Rows of a list that are kept in memory: the longer ones go through a temporary file.
    in_memory: usize,
}

const EXCEL: Limits = Limits { rows: 1_048_576, text: 32_767, in_memory: 10_000 };

/// What a workbook is made of.
pub(super) struct Contents<'a> {
    /// Where it comes from.
    pub(super) provenance: &'a Provenance,
    /// What it comes to.
    pub(super) verdict: Verdict,
    /// The overview.
    pub(super) overview: &'a [Block],
    /// The lists, in the order of the sheets; one without a title has none.
    pub(super) tables: &'a [Table],
    /// What the charts show.
    pub(super) pictures: &'a [Picture],
    /// The words used.
    pub(super) definitions: &'a Table,
}

/// The workbook's bytes.
///
/// # Errors
/// When the workbook cannot be laid out, or the temporary folder cannot hold the rows of a long list.
pub(super) fn print(it: &Contents) -> Result<Vec<u8>, ReportError> {
    print_within(EXCEL, it)
}

fn print_within(limits: Limits, it: &Contents) -> Result<Vec<u8>, ReportError> {
    let shown = it.tables.iter().filter(|table| !table.title.is_empty()).chain([it.definitions]);
    let lists: Vec<Laid> = shown.map(|table| Laid::new(table, &it.provenance.partner, limits)).collect();
    if !lists.iter().any(|laid| laid.many) {
        return Ok(workbook(limits, it, &lists)?);
    }
    // The library panics when its temporary file cannot be written any more, which is no bug: a full disk is a failure.
    let written = catch_unwind(AssertUnwindSafe(|| workbook(limits, it, &lists)));
    match written {
        Ok(bytes) => bytes.map_err(refused),
        Err(panic) => match panic.downcast_ref::<String>().filter(|text| text.contains(OF_THE_SYSTEM)) {
            Some(text) => Err(ReportError::TemporaryFile { reason: said(text).to_owned() }),
            None => resume_unwind(panic),
        },
    }
}

/// A workbook that is not written because of its temporary file, or of anything else.
fn refused(error: XlsxError) -> ReportError {
    if let XlsxError::IoError(refused) = &error {
        return ReportError::TemporaryFile { reason: refused.to_string() };
    }
    if let XlsxError::TempFileError(folder, refused) = &error {
        return ReportError::TemporaryFile { reason: format!("{}: {}", folder.display(), refused.kind()) };
    }
    error.into()
}

/// How a refusal of the system stands in the text of a panic.
const OF_THE_SYSTEM: &str = "Os {";

/// Whether a panic, by its place and text, is the library's for a temporary file that the system refuses to write: it ends as
/// `ReportError::TemporaryFile`.
#[must_use]
pub fn is_of_the_disk(place: &str, text: &str) -> bool {
    place.contains("rust_xlsxwriter") && text.contains(OF_THE_SYSTEM)
}

/// What the system said: `File too large` of `… Os { code: 27, kind: FileTooLarge, message: "File too large" } …`.
fn said(text: &str) -> &str {
    let said = text.split_once("message: \"").and_then(|(_, rest)| rest.split_once('"'));
    said.map_or(text, |(message, _)| message)
}

fn workbook(limits: Limits, it: &Contents, lists: &[Laid]) -> Result<Vec<u8>, XlsxError> {
    let looks = Looks::new();
    let mut workbook = Workbook::new();
    workbook.set_properties(&properties(it.provenance)?);
    let footer = format!("&L{} {}&C&A&RPage &P of &N", it.provenance.partner.replace('&', "&&"), it.provenance.period);
    let summary = workbook.add_worksheet();
    summary.set_name(front::SUMMARY)?;
    page(summary, &footer);
    front::write(summary, it, lists, (limits, &looks))?;
    for laid in lists {
        let writer = Writer::new(laid, lists, limits, &looks);
        for part in &laid.parts {
            let sheet =
                if laid.many { workbook.add_worksheet_with_constant_memory()? } else { workbook.add_worksheet() };
            sheet.set_name(&part.sheet)?;
            writer.write(sheet, part, &footer)?;
        }
    }
    let figures = workbook.add_worksheet();
    figures.set_name(charts::FIGURES)?;
    charts::write_figures(figures, it.pictures, lists, &footer, (limits, &looks))?;
    if lists.iter().any(|laid| laid.many) {
        workbook.set_zip_compression_level(FAST);
    }
    workbook.save_to_buffer()
}

fn properties(provenance: &Provenance) -> Result<DocProperties, XlsxError> {
    let day = provenance.period.day_after();
    let fits = |number: u32| u8::try_from(number).unwrap_or(1);
    let year = u16::try_from(day.year()).unwrap_or(1900);
    let date = ExcelDateTime::from_ymd(year, fits(day.month()), fits(day.day()))?;
    Ok(DocProperties::new()
        .set_title(format!("Month close {} {}", provenance.partner, provenance.period))
        .set_comment(format!("run {}, archive {}", provenance.run, provenance.archive_digest))
        .set_author(format!("tieout {}", provenance.version))
        .set_creation_datetime(&date))
}

fn page(sheet: &mut Worksheet, footer: &str) {
    sheet.set_landscape().set_paper_size(A4).set_print_fit_to_pages(1, 0).set_footer(footer);
    sheet.set_margins(0.4, 0.4, 0.5, 0.6, 0.3, 0.3);
}

#[cfg(test)]
mod tests;
