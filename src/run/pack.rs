//! Packing a run into one file, and opening a run whether it is packed or not.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::compared::compared;
use super::error::RunError;
use super::folder::{disk, refuse_absent, refuse_never_sealed};
use super::kind::Run;
use crate::archive::{Archive, ArchiveError};
use crate::seal::{SEAL, check, read_as_sealed, read_seal};

/// Puts a sealed run and exactly the archived pages it rests on into one file, which `verify` accepts anywhere. The bytes that are
/// packed are those that were sealed.
///
/// # Errors
/// When the run was never sealed, its papers are not those that were sealed, the archive does not hold its evidence or holds it
/// damaged, or the file exists already.
pub fn pack(folder: &Path, archive: Option<&Path>, out: Option<&Path>) -> Result<PathBuf, RunError> {
    refuse_absent(folder)?;
    refuse_never_sealed(folder)?;
    let mut faults: Vec<String> = check(folder, None, None)?.iter().map(ToString::to_string).collect();
    // Nor is a run packed whose seal is not the one that is known.
    faults.extend(compared(folder, archive, None)?.faults);
    if !faults.is_empty() {
        return Err(RunError::Broken { folder: folder.to_owned(), faults });
    }
    let (run, archive) = Run::open(folder, archive)?;
    let fetches = run.fetches(&archive)?;
    let sealed = read_seal(folder)?;
    let papers = sealed.papers.iter().map(|line| Ok((line.name.clone(), read_as_sealed(folder, line)?)));
    let papers = papers.collect::<Result<Vec<_>, RunError>>();
    let mut papers = papers?;
    papers.push((SEAL.to_owned(), sealed.to_text().into_bytes()));
    let beside = || folder.with_file_name(format!("{}.pack", folder.file_name().unwrap_or_default().to_string_lossy()));
    let file = out.map_or_else(beside, Path::to_owned);
    archive.pack(&fetches, &papers, &file)?;
    Ok(file)
}

/// A run that can be read: its folder, and the archive named for it.
pub(super) struct Opened {
    pub(super) folder: PathBuf,
    pub(super) archive: Option<PathBuf>,
    /// Holds the papers of a packed run until they are no longer needed.
    _unpacked: Option<TempDir>,
}

/// Opens a run folder as it is, or unpacks a packed run into a folder of its own; a pack is its own archive.
pub(super) fn unpacked(run: &Path, archive: Option<&Path>) -> Result<Opened, RunError> {
    if !run.is_file() {
        return Ok(Opened { folder: run.to_owned(), archive: archive.map(Path::to_owned), _unpacked: None });
    }
    let pack = Archive::open_existing(run)?;
    let folder = TempDir::new().map_err(disk("make a folder for the papers of", run))?;
    let papers = pack.unpack(|name, bytes| {
        let safe = !name.split('/').any(|part| part.is_empty() || part.starts_with('.')) && !name.contains('\\');
        if !safe {
            let (path, name) = (run.to_owned(), name.to_owned());
            return Err(ArchiveError::Paper { path, name, seen: "no safe name".to_owned() }.into());
        }
        let path = folder.path().join(name);
        super::folder::make_parent(&path)?;
        fs::write(&path, bytes).map_err(disk("unpack", &path))
    })?;
    if papers == 0 {
        return Err(RunError::Packed(run.to_owned()));
    }
    let archive = archive.unwrap_or(run).to_owned();
    Ok(Opened { folder: folder.path().to_owned(), archive: Some(archive), _unpacked: Some(folder) })
}
