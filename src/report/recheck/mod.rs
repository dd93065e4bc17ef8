//! Prints a recheck: what has become of a sealed month, and the notes proposed for it, as papers of their own.

mod as_json;
mod overview;
mod tables;

use std::collections::BTreeMap;

use crate::invoice::{CsvProfile, Note};
use crate::reconcile::HeldAccount;
use crate::reconcile::recheck::{Finding, Rechecked};
use crate::report::{Paper, Provenance, ReportError, as_papers, as_text};

/// Everything that a recheck's papers state.
#[derive(Clone, Copy)]
pub struct Recheck<'a> {
    /// Where the recheck comes from; its archive digest is that of the month as read now.
    pub provenance: &'a Provenance,
    /// The sealed run.
    pub sealed: SealedRun<'a>,
    /// What has become of it.
    pub rechecked: &'a Rechecked,
    /// What each finding means for an invoice, in the order of the findings.
    pub bearings: &'a [String],
    /// The notes proposed.
    pub notes: &'a [Note],
    /// Who was held by the sealed run: nobody there gets a note.
    pub held_then: &'a [HeldAccount],
    /// How the CSV files are written.
    pub csv: CsvProfile,
}

/// The run that is rechecked.
#[derive(Clone, Copy)]
pub struct SealedRun<'a> {
    /// Its id.
    pub run: &'a str,
    /// Its seal.
    pub seal: &'a str,
    /// SHA-256 of the archive manifest that it rests on.
    pub archive_digest: &'a str,
}

impl<'a> Recheck<'a> {
    /// The findings, each with what it means for an invoice.
    fn findings(&self) -> impl Iterator<Item = (&'a Finding, &'a str)> + use<'a> {
        self.rechecked.findings.iter().zip(self.bearings.iter().map(String::as_str))
    }

    /// The note that each finding bears on, by the finding's id: the first that names it.
    fn notes_by_finding(&self) -> BTreeMap<&'a str, &'a Note> {
        let named = self.notes.iter().rev().flat_map(|note| note.findings.iter().map(move |id| (id.as_str(), note)));
        named.collect()
    }
}

/// Prints every paper of a recheck that is not evidence, sorted by name. The same facts give the same bytes.
///
/// # Errors
/// When a paper cannot be laid out.
pub fn report_recheck(recheck: &Recheck<'_>) -> Result<Vec<Paper>, ReportError> {
    let mut papers = as_papers(&tables::tables(recheck), recheck.csv)?;
    papers.push(Paper { name: "recheck.json".to_owned(), bytes: as_json::print(recheck)? });
    papers.push(Paper { name: "summary.txt".to_owned(), bytes: recheck_summary(recheck).into_bytes() });
    papers.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(papers)
}

/// The text of `summary.txt` of a recheck.
#[must_use]
pub fn recheck_summary(recheck: &Recheck<'_>) -> String {
    as_text::print(&overview::overview(recheck))
}
