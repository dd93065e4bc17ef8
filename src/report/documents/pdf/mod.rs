//! Invoices as PDF/A-3 (ISO 19005-3, level A) and PDF/UA-1 (ISO 14289-1), set by `typst` from the template `invoice.typ`: the same
//! words as on the page, and the invoice's JSON attached.
//!
//! A `Sheet` and a JSON file in, a PDF's bytes out. Data reaches the template as a file that it reads, never as its code, and
//! the template calculates nothing. No system fonts, packages, network or clock: date and identifier are the invoice's own, so
//! the same invoice gives the same bytes everywhere. A character that the fonts here do not have is refused.

mod glyphs;
pub(super) mod sheet;
mod world;

use chrono::Datelike;
use rayon::prelude::*;
use typst::comemo;
use typst::diag::SourceDiagnostic;
use typst::ecow::EcoString;
use typst::foundations::{Datetime, Smart};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

use crate::report::documents::{Document, Issue};
use crate::report::{Paper, ReportError, Unprintable};
use sheet::Sheet;
use world::Desk;

/// Documents that are set side by side before the memory of the typesetter is cleared of what none of them used.
const BATCH: usize = 64;

/// A PDF for each invoice, in their order.
///
/// # Errors
/// When a text of any of them cannot be printed: all such texts are told at once. When the typesetter refuses a document.
pub(super) fn papers<'a>(issue: &Issue<'a>, documents: &[Document<'a>]) -> Result<Vec<Paper>, ReportError> {
    let missing: Vec<Unprintable> = documents.iter().flat_map(|it| Sheet::of(issue, it).unprintable()).collect();
    if !missing.is_empty() {
        return Err(ReportError::Unprintable(missing));
    }
    let mut papers = Vec::with_capacity(documents.len());
    for batch in documents.chunks(BATCH) {
        let printed = batch.par_iter().map(|it| {
            let bytes = print(&Sheet::of(issue, it), &it.name, &it.json)?;
            Ok(Paper { name: format!("{}.pdf", it.name), bytes })
        });
        papers.extend(printed.collect::<Result<Vec<_>, ReportError>>()?);
        comemo::evict(1);
    }
    Ok(papers)
}

/// Sets a sheet, with `json` attached to it: the bytes of `<name>.pdf`, whose attachment is called as the JSON paper beside it.
///
/// # Errors
/// When a text of it cannot be printed, or the typesetter refuses it.
pub(super) fn print(sheet: &Sheet<'_>, name: &str, json: &[u8]) -> Result<Vec<u8>, ReportError> {
    let missing = sheet.unprintable();
    if !missing.is_empty() {
        return Err(ReportError::Unprintable(missing));
    }
    let refused = |reason: String| ReportError::Pdf { name: format!("{name}.pdf"), reason };
    let told = |found: &[SourceDiagnostic]| {
        let texts = found.iter().flat_map(|it| [&it.message].into_iter().chain(it.hints.iter().map(|hint| &hint.v)));
        refused(texts.map(EcoString::as_str).collect::<Vec<_>>().join("; "))
    };
    let desk = Desk::new(serde_json::to_vec(sheet)?, json.to_vec());
    let set = typst::compile::<PagedDocument>(&desk);
    // It warns of what it sets otherwise than it was told to: a font that it does not know, places that do not settle.
    if !set.warnings.is_empty() {
        return Err(told(&set.warnings));
    }
    let document = set.output.map_err(|found| told(&found))?;
    let standards = [PdfStandard::A_3a, PdfStandard::Ua_1];
    let options = PdfOptions {
        ident: Smart::Custom(sheet.identifier.clone()),
        creator: Smart::Custom(Some(sheet.program.clone())),
        timestamp: midnight(sheet.date),
        standards: PdfStandards::new(&standards).map_err(|found| refused(found.message().to_string()))?,
        ..PdfOptions::default()
    };
    typst_pdf::pdf(&document, &options).map_err(|found| told(&found))
}

/// The first moment of a day: the moment at which the PDF says that it was made.
fn midnight(date: chrono::NaiveDate) -> Option<Timestamp> {
    let [month, day] = [date.month(), date.day()].map(u8::try_from);
    Some(Timestamp::new_utc(Datetime::from_ymd_hms(date.year(), month.ok()?, day.ok()?, 0, 0, 0)?))
}
