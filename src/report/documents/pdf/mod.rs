//! Invoices as PDF/A-3 (ISO 19005-3, level A) and PDF/UA-1 (ISO 14289-1), set by `typst` from the template `invoice.typ`: the same
//! words as on the page, and the invoice's JSON attached.
//!
//! A `Sheet` and a JSON file in, a PDF's bytes out. Data reaches the template as a file that it reads, never as its code, and
//! the template calculates nothing. No system fonts, packages, network or clock: date and identifier are the invoice's own, so
//! the same invoice gives the same bytes everywhere. A text that the fonts here cannot print is refused, and told whose it is.

mod fitted;
mod glyphs;
mod suspects;
mod world;

use chrono::{Datelike, NaiveDate};
use rayon::prelude::*;
use serde::Serialize;
use typst::comemo;
use typst::diag::SourceDiagnostic;
use typst::ecow::EcoString;
use typst::foundations::{Datetime, Smart};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

use crate::report::documents::sheet::Sheet;
use crate::report::documents::{Document, Issue, Stand};
use crate::report::{Paper, ReportError, Unprintable};
use world::{Desk, Template};

/// Documents that are set side by side before the memory of the typesetter is cleared of what none of them used.
const BATCH: usize = 16;

/// A PDF for each document, in their order.
///
/// # Errors
/// When texts of any of them cannot be printed: all such texts are told at once. When the typesetter refuses a document.
pub(super) fn papers<'a>(issue: &Issue<'a>, documents: &[Document<'a>]) -> Result<Vec<Paper>, ReportError> {
    let missing = |it: &Document<'a>| {
        let mut sheet = Sheet::of(issue, it);
        fitted::fit(&mut sheet);
        fitted::unprintable(&mut sheet, &it.invoice.account)
    };
    let mut refused: Vec<Unprintable> = documents.iter().flat_map(missing).collect();
    if !refused.is_empty() {
        return Err(ReportError::Unprintable(refused));
    }
    let mut papers = Vec::with_capacity(documents.len());
    for batch in documents.chunks(BATCH) {
        let printed: Vec<_> = batch.par_iter().map(|it| print(issue, it)).collect();
        for bytes in printed.into_iter().zip(batch) {
            match bytes {
                (Ok(bytes), it) => papers.push(Paper { name: format!("{}.pdf", it.name), bytes }),
                (Err(ReportError::Unprintable(found)), _) => refused.extend(found),
                (Err(other), _) => return Err(other),
            }
        }
        comemo::evict(1);
    }
    if refused.is_empty() { Ok(papers) } else { Err(ReportError::Unprintable(refused)) }
}

/// What the template reads: the sheet, and what is said of the attached file.
#[derive(Serialize)]
struct Set<'a> {
    #[serde(flatten)]
    sheet: &'a Sheet<'a>,
    /// The attached paper, and what it is.
    attached: [String; 2],
}

/// Sets a document, with its JSON attached to it under the name of the JSON paper.
///
/// # Errors
/// When a text of it cannot be printed, or the typesetter refuses it for another reason.
fn print(issue: &Issue<'_>, it: &Document<'_>) -> Result<Vec<u8>, ReportError> {
    let mut sheet = Sheet::of(issue, it);
    fitted::fit(&mut sheet);
    let (title, number) = (sheet.title, sheet.number);
    let attached = [format!("{}.json", number.replace('/', "-")), format!("{title} {number} for programs")];
    let read = serde_json::to_vec(&Set { sheet: &sheet, attached })?;
    let of = issue.provenance;
    let draft = if issue.stand == Stand::Draft { " draft" } else { "" };
    let imprint = Imprint {
        identifier: format!("{} {} {number}{draft}", of.partner, of.run),
        program: format!("tieout {}", of.version),
        date: it.invoice.date,
    };
    set(&Desk::new(Template::Invoice, read, it.json.clone()), &imprint).map_err(|reason| {
        let found = suspects::among(&mut sheet, &it.invoice.account, &imprint);
        let refused = || ReportError::Pdf { name: format!("{}.pdf", it.name), reason };
        if found.is_empty() { refused() } else { ReportError::Unprintable(found) }
    })
}

/// What a PDF says of itself.
struct Imprint {
    identifier: String,
    program: String,
    date: NaiveDate,
}

/// Sets what is on the desk; the typesetter's own words where it refuses.
fn set(desk: &Desk, imprint: &Imprint) -> Result<Vec<u8>, String> {
    let told = |found: &[SourceDiagnostic]| {
        let texts = found.iter().flat_map(|it| [&it.message].into_iter().chain(it.hints.iter().map(|hint| &hint.v)));
        texts.map(EcoString::as_str).collect::<Vec<_>>().join("; ")
    };
    let set = typst::compile::<PagedDocument>(desk);
    // It warns of what it sets otherwise than it was told to: a font that it does not know, places that do not settle.
    if !set.warnings.is_empty() {
        return Err(told(&set.warnings));
    }
    let document = set.output.map_err(|found| told(&found))?;
    let standards = [PdfStandard::A_3a, PdfStandard::Ua_1];
    let options = PdfOptions {
        ident: Smart::Custom(imprint.identifier.clone()),
        creator: Smart::Custom(Some(imprint.program.clone())),
        timestamp: midnight(imprint.date),
        standards: PdfStandards::new(&standards).map_err(|found| found.message().to_string())?,
        ..PdfOptions::default()
    };
    typst_pdf::pdf(&document, &options).map_err(|found| told(&found))
}

/// The first moment of a day: the moment at which the PDF says that it was made.
fn midnight(date: NaiveDate) -> Option<Timestamp> {
    let [month, day] = [date.month(), date.day()].map(u8::try_from);
    Some(Timestamp::new_utc(Datetime::from_ymd_hms(date.year(), month.ok()?, day.ok()?, 0, 0, 0)?))
}
