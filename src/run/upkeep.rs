//! The upkeep of an archive: what of it is damaged, which sealed runs rest on that, and what another copy puts back.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::error::RunError;
use super::folder::{archive_files, parent, sealed_folders};
use super::kind::Run;
use crate::archive::{Archive, ArchiveError, DamagedBody, FetchId, Soundness};

/// What was found in an archive, and what was put right.
#[derive(Clone, Debug)]
pub struct Upkeep {
    /// The archive.
    pub archive: PathBuf,
    /// How sound it is now.
    pub now: Soundness,
    /// Bodies that were damaged before and are sound now, each with the file that it was taken from.
    pub restored: Vec<(DamagedBody, PathBuf)>,
    /// The sealed runs beside it that rest on a fetch.
    runs: BTreeMap<FetchId, Vec<String>>,
}

impl Upkeep {
    /// The sealed runs that rest on a body.
    #[must_use]
    pub fn runs_on(&self, body: &DamagedBody) -> BTreeSet<&str> {
        body.pages.iter().filter_map(|page| self.runs.get(&page.fetch)).flatten().map(String::as_str).collect()
    }
}

/// The archives in a folder of run folders, sorted by name.
///
/// # Errors
/// When the folder cannot be listed.
pub fn archives_in(reports: &Path) -> Result<Vec<PathBuf>, RunError> {
    archive_files(reports)
}

/// Holds everything in an archive against what it was archived as. Changes nothing.
///
/// # Errors
/// When the file is no archive or cannot be read at all; damage is no error.
pub fn check_archive(path: &Path) -> Result<Upkeep, RunError> {
    let archive = Archive::open_existing(path)?;
    let now = archive.check()?;
    Ok(Upkeep { archive: path.to_owned(), now, restored: Vec::new(), runs: runs_on(path, &archive)? })
}

/// Takes every damaged body from the first of other archives and packs that holds it sound.
///
/// # Errors
/// When the file is no archive, is being written to, another is no archive or another partner's, or the disk refuses.
pub fn repair_archive(path: &Path, from: &[PathBuf]) -> Result<Upkeep, RunError> {
    let partner = Archive::open_existing(path)?.partner().to_owned();
    let sources = from.iter().map(|file| Ok((file, source(file, &partner)?))).collect::<Result<Vec<_>, RunError>>()?;
    let archive = Archive::open(path, &partner)?;
    let before = archive.check()?;
    let mut restored = Vec::new();
    for body in &before.damaged {
        let found = sources.iter().find_map(|(file, source)| Some((file, source.body(&body.digest).ok()?)));
        if let Some((file, bytes)) = found {
            archive.renew(&bytes)?;
            restored.push((body.clone(), (*file).clone()));
        }
    }
    let now = if restored.is_empty() { before } else { archive.check()? };
    Ok(Upkeep { archive: path.to_owned(), now, restored, runs: runs_on(path, &archive)? })
}

/// Another copy of a partner's pages.
fn source(file: &Path, partner: &str) -> Result<Archive, RunError> {
    let source = Archive::open_existing(file)?;
    if source.partner() == partner {
        return Ok(source);
    }
    let (path, seen, expected) = (file.to_owned(), source.partner().to_owned(), partner.to_owned());
    Err(ArchiveError::OtherPartner { path, seen, expected }.into())
}

/// The runs that are sealed beside an archive, by the fetches that they rest on. What cannot be read is `verify`'s to tell.
fn runs_on(path: &Path, archive: &Archive) -> Result<BTreeMap<FetchId, Vec<String>>, RunError> {
    let mut runs: BTreeMap<FetchId, Vec<String>> = BTreeMap::new();
    for folder in sealed_folders(&parent(path), None)? {
        let fetches = Run::read(&folder).and_then(|run| run.fetches(archive)).unwrap_or_default();
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for fetch in fetches {
            runs.entry(fetch).or_default().push(name.clone());
        }
    }
    Ok(runs)
}
