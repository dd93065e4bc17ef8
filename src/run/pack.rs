//! Packing a run into one file, and opening a run whether it is packed or not.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::error::RunError;
use super::folder::disk;
use super::kind::Run;
use crate::archive::Archive;
use crate::seal::{SEAL, read_seal};

/// Puts a sealed run and exactly the archived pages it rests on into one file, which `verify` accepts anywhere.
///
/// # Errors
/// When the run is not sealed, lacks a paper, the archive does not hold its evidence, or the file exists already.
pub fn pack(folder: &Path, archive: Option<&Path>, out: Option<&Path>) -> Result<PathBuf, RunError> {
    let (run, archive) = Run::open(folder, archive)?;
    let fetches = run.fetches(&archive)?;
    let sealed = read_seal(folder)?;
    let names = sealed.papers.iter().map(|paper| paper.name.as_str()).chain([SEAL]);
    let papers = names
        .map(|name| {
            let path = folder.join(name);
            Ok((name.to_owned(), fs::read(&path).map_err(disk("read", &path))?))
        })
        .collect::<Result<Vec<_>, RunError>>()?;
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
    let papers = Archive::open_existing(run)?.papers()?;
    if papers.is_empty() {
        return Err(RunError::Packed(run.to_owned()));
    }
    let folder = TempDir::new().map_err(disk("make a folder for the papers of", run))?;
    for (name, bytes) in papers {
        let safe = !name.split('/').any(|part| part.is_empty() || part.starts_with('.')) && !name.contains('\\');
        if !safe {
            return Err(disk("unpack", run)(io::Error::new(io::ErrorKind::InvalidData, format!("paper {name:?}"))));
        }
        let path = folder.path().join(name);
        super::folder::make_parent(&path)?;
        fs::write(&path, bytes).map_err(disk("unpack", &path))?;
    }
    let archive = archive.unwrap_or(run).to_owned();
    Ok(Opened { folder: folder.path().to_owned(), archive: Some(archive), _unpacked: Some(folder) })
}
