//! A sync: the month's books read ahead of its close, so that the close has little left to ask.

use std::path::PathBuf;

use super::error::RunError;
use super::{Request, archive_of, folder};
use crate::archive::{Archive, Evidence, ListOutcome};
use crate::domain::{Counted, List};
use crate::fetch::{Fetched, Line, Thorough, fetch};
use crate::watch::Watch;

/// What a sync has read.
#[derive(Debug)]
pub struct Synced {
    /// The archive that holds it.
    pub archive: PathBuf,
    /// What it took.
    pub fetched: Fetched,
    /// Ledgers, the master ledger among them, by how they were come by.
    pub ledgers: Ledgers,
}

/// Ledgers by how they were come by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ledgers {
    /// Walked from the first page to the last.
    pub walked: usize,
    /// Walked only where they had moved.
    pub extended: usize,
    /// Not walked, because their totals had not moved.
    pub unmoved: usize,
    /// Not to be had, or never holding still.
    pub lost: usize,
}

/// Reads what is new of a month into the archive, for its close to go on from. Makes no run folder.
///
/// # Errors
/// When the line or the archive fails.
pub async fn sync(request: &Request, watch: &dyn Watch) -> Result<Synced, RunError> {
    let partner = request.line.credentials.auth_id.as_str();
    let path = archive_of(&request.folder, partner, request.archive.as_deref());
    folder::make_parent(&path)?;
    let archive = Archive::open(&path, partner)?;
    let line =
        Line { thorough: Thorough { daily: true, wallets: false, ..request.line.thorough }, ..request.line.clone() };
    let fetched = fetch(&line, &archive, &request.plan, watch).await?;
    let ledgers = Ledgers::of(&archive.evidence(fetched.fetch)?, request.terms.master_declared_absent);
    Ok(Synced { archive: path, fetched, ledgers })
}

impl Ledgers {
    /// A master ledger that the settings declare absent is not lost.
    fn of(evidence: &Evidence, master_declared_absent: bool) -> Self {
        let mut ledgers = Self::default();
        let asked = |list| evidence.lists.iter().any(|found| found.list == list);
        for found in evidence.lists.iter().filter(|found| found.list.is_ledger()) {
            let one = match &found.outcome {
                ListOutcome::Complete { walk: 0 } => &mut ledgers.unmoved,
                ListOutcome::Complete { .. } if asked(found.list.reading(Counted::All)) => &mut ledgers.extended,
                ListOutcome::Complete { .. } => &mut ledgers.walked,
                ListOutcome::Missing { .. } if found.list == List::Master && master_declared_absent => continue,
                ListOutcome::Unstable { .. } | ListOutcome::Missing { .. } => &mut ledgers.lost,
            };
            *one += 1;
        }
        ledgers
    }
}
