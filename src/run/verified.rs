//! Verification: a run's papers derived anew from the archive, held against the folder, its seal, the runs beside it and the
//! register.

use std::path::Path;

use super::compared::{Compared, compared};
use super::error::RunError;
use super::kind::Run;
use super::pack::unpacked;
use super::upkeep::damaged_evidence;
use super::{folder, stage};
use crate::domain::sha256;
use crate::report::ReportError;
use crate::seal::{Rederived, check, check_earlier, read_seal};
use crate::watch::Watch;

/// The program's version, as a run's inputs carry it.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The seal's hash as the folder has it, where there is a readable seal.
    pub seal: Option<String>,
    /// Papers named by the seal.
    pub papers: usize,
    /// Every discrepancy, by name. None means that the run verifies.
    pub faults: Vec<String>,
    /// What is worth a look, and no discrepancy.
    pub remarks: Vec<String>,
    /// What the verification does not show.
    pub not_shown: Vec<String>,
    /// Where an earlier version sealed the run: that version, and what of its papers this one derives again.
    pub earlier: Option<(String, Rederived)>,
}

/// Derives a run's papers anew from the archive and compares them with the folder and with its seal, bit for bit.
///
/// # Errors
/// When the folder cannot be read at all, or holds papers that this program was not built to print. A folder, seal or archive
/// that does not hold what it should is a finding.
pub fn verify(
    folder: &Path,
    archive: Option<&Path>,
    expect_seal: Option<&str>,
    watch: &dyn Watch,
) -> Result<Verified, RunError> {
    stage(watch, "verify");
    folder::refuse_absent(folder)?;
    let opened = unpacked(folder, archive)?;
    let compared = compared(folder, archive, expect_seal);
    let (folder, archive) = (opened.folder.as_path(), opened.archive.as_deref());
    folder::refuse_never_sealed(folder)?;
    let derived = Run::open(folder, archive).and_then(|(run, archive)| run.papers(&archive));
    let (expected, refused) = match derived {
        Ok(papers) => (Some(papers), Vec::new()),
        // Nothing is wrong with the run: this program cannot tell.
        Err(refused @ RunError::Report(ReportError::WithoutPdf)) => return Err(refused),
        // Nor where the archive is not there or cannot be read, as long as the papers are those that were sealed.
        Err(refused) if refused.is_of_the_place() && check(folder, None, expect_seal)?.is_empty() => {
            return Err(refused);
        }
        Err(refused) => (None, [refused.faults(folder), damaged_evidence(folder, archive)].concat()),
    };
    let made = Run::read(folder).map(|run| run.version().to_owned()).ok().filter(|made| made != VERSION);
    // Another version prints other words, so its papers are held against the seal, and their figures against the archive.
    let (exact, faults_of_figures, earlier) = match (made, expected) {
        (Some(made), Some(papers)) if read_seal(folder).is_ok() => {
            let (compared, faults) = check_earlier(folder, &papers)?;
            (None, faults, Some((made, compared)))
        }
        (_, expected) => (expected, Vec::new(), None),
    };
    let faults = check(folder, exact.as_deref(), expect_seal)?;
    let Compared { faults: of_others, remarks, not_shown } = compared?;
    let faults: Vec<String> = faults
        .into_iter()
        .chain(faults_of_figures)
        .map(|fault| fault.to_string())
        .chain(refused)
        .chain(of_others)
        .collect();
    let sealed = read_seal(folder).ok();
    let hash = sealed.as_ref().map(|sealed| sha256(sealed.to_text().as_bytes()));
    Ok(Verified {
        seal: hash,
        papers: sealed.map_or(0, |sealed| sealed.papers.len()),
        faults,
        remarks,
        not_shown,
        earlier,
    })
}
