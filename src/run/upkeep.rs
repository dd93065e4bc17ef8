//! The upkeep of an archive: what of it is damaged, which sealed runs rest on that, and what another copy puts back.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::error::RunError;
use super::evidence_of;
use super::folder::{archive_beside, archive_files, parent, sealed_folders};
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
    /// Sealed runs whose evidence is whole again, each with the file that it was taken from.
    pub adopted: Vec<(String, PathBuf)>,
    /// The file as it was, where it was torn and made anew of what could be read.
    pub torn: Option<PathBuf>,
    /// Sealed runs beside it whose evidence it does not hold.
    pub lost: Vec<String>,
    /// The sealed runs beside it that rest on a fetch.
    runs: RunsByFetch,
}

/// Sealed runs by name, by the fetches that they rest on.
type RunsByFetch = BTreeMap<FetchId, Vec<String>>;

impl Upkeep {
    /// Whether nothing is wrong any more.
    #[must_use]
    pub const fn is_sound(&self) -> bool {
        self.now.is_sound() && self.lost.is_empty()
    }

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
    told(path, &Archive::open_existing(path)?)
}

/// What there is to tell of an archive as it is now.
fn told(path: &Path, archive: &Archive) -> Result<Upkeep, RunError> {
    let (runs, lost) = runs_on(path, archive)?;
    let (archive, now) = (path.to_owned(), archive.check()?);
    Ok(Upkeep { archive, now, restored: Vec::new(), adopted: Vec::new(), torn: None, lost, runs })
}

/// Puts right what can be: a torn file is made anew of what can be read of it and kept beside the new one; every damaged body, and
/// the evidence of a sealed run that is gone, is taken from the first of other archives and packs that holds it sound.
///
/// # Errors
/// When the file is no archive, is being written to, another is no archive or another partner's, or the disk refuses.
pub fn repair_archive(path: &Path, from: &[PathBuf]) -> Result<Upkeep, RunError> {
    let before = Archive::open_existing(path)?;
    let partner = before.partner().to_owned();
    let sources = from.iter().map(|file| Ok((file, source(file, &partner)?))).collect::<Result<Vec<_>, RunError>>()?;
    let is_torn = before.check()?.is_torn;
    drop(before);
    let torn = if is_torn { Some(Archive::salvage(path, &partner)?) } else { None };
    let archive = Archive::open(path, &partner)?;
    let (mut restored, mut adopted) = (Vec::new(), Vec::new());
    for body in archive.check()?.damaged {
        let found = sources.iter().find_map(|(file, source)| Some((file, source.body(&body.digest).ok()?)));
        if let Some((file, bytes)) = found {
            archive.renew(&bytes)?;
            restored.push((body, (*file).clone()));
        }
    }
    for (name, run) in sealed_beside(path, &partner)? {
        for inputs in run.rests_on().iter().filter(|inputs| evidence_of(&archive, inputs).is_err()) {
            let found =
                sources.iter().find_map(|(file, source)| Some((file, source, evidence_of(source, inputs).ok()?.0)));
            if let Some((file, source, fetch)) = found {
                archive.adopt(source, fetch)?;
                adopted.push((name.clone(), (*file).clone()));
            }
        }
    }
    Ok(Upkeep { restored, adopted, torn, ..told(path, &archive)? })
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

/// The runs of a partner that are sealed beside an archive, by name. What cannot be read is `verify`'s to tell.
fn sealed_beside(path: &Path, partner: &str) -> Result<Vec<(String, Run)>, RunError> {
    let run = |folder: PathBuf| {
        let run = Run::read(&folder).ok().filter(|run| run.partner() == partner)?;
        Some((folder.file_name()?.to_string_lossy().into_owned(), run))
    };
    Ok(sealed_folders(&parent(path), None)?.into_iter().filter_map(run).collect())
}

/// The runs sealed beside an archive by the fetches that they rest on, and those whose evidence it does not hold. A pack or a copy
/// need not hold it.
fn runs_on(path: &Path, archive: &Archive) -> Result<(RunsByFetch, Vec<String>), RunError> {
    let (mut runs, mut lost) = (RunsByFetch::new(), Vec::new());
    let is_theirs = path == archive_beside(path, archive.partner(), None);
    for (name, run) in sealed_beside(path, archive.partner())? {
        match run.fetches(archive) {
            Ok(fetches) => fetches.into_iter().for_each(|fetch| runs.entry(fetch).or_default().push(name.clone())),
            Err(_not_held) if is_theirs => lost.push(name),
            Err(_not_held) => {}
        }
    }
    Ok((runs, lost))
}

/// Every page that a run rests on whose body is damaged, as findings of a verification.
pub(super) fn damaged_evidence(folder: &Path, archive: Option<&Path>) -> Vec<String> {
    let Ok((run, archive)) = Run::open(folder, archive) else { return Vec::new() };
    let fetches = run.fetches(&archive).unwrap_or_default();
    let evidence = fetches.into_iter().filter_map(|fetch| archive.evidence(fetch).ok());
    evidence.flat_map(|evidence| archive.damaged(&evidence)).map(|damaged| format!("archive: {damaged}")).collect()
}
