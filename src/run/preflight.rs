//! What would keep a run from being written, found out before anybody is asked for anything. Looks alone: it makes no folder
//! and no file that stays.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::RunError;
use super::folder::{disk, parent};
use super::inputs::RUN_FILE;
use super::{archive_of, register_of};
use crate::archive::{Archive, ArchiveError};
use crate::register::{Register, RegisterError};
use crate::seal::SealError;

/// Refuses a run folder, an archive or a register that a run could not be written to. Who asks is not always known yet: then
/// whose archive and register they are is not looked at, nor any that would be called after the partner.
///
/// # Errors
/// When a folder cannot be made or written to, something else stands in its place, or the archive or the register is another
/// partner's or none.
pub fn preflight(folder: &Path, archive: Option<&Path>, partner: Option<&str>) -> Result<(), RunError> {
    refuse_unwritable(&parent(folder))?;
    let Some(archive) = archive.map(Path::to_owned).or(partner.map(|partner| archive_of(folder, partner, None))) else {
        return Ok(());
    };
    refuse_archive(&archive, partner)?;
    let Some(partner) = partner else { return Ok(()) };
    let register = register_of(folder, partner, Some(&archive));
    let seen = match Register::open_existing(&register) {
        Err(RegisterError::Absent(_)) => return Ok(()),
        opened => opened?.partner().to_owned(),
    };
    if seen == partner {
        return Ok(());
    }
    Err(RegisterError::OtherPartner { path: register, seen, expected: partner.to_owned() }.into())
}

/// Refuses a run folder that is not sealed and holds anything but what `fetch` leaves in it: it would be in the way when the
/// run is sealed.
pub(super) fn refuse_occupied(folder: &Path) -> Result<(), RunError> {
    // Where a link stands for it, what that leads to.
    let folder = &crate::disk::followed(folder);
    match fs::metadata(folder) {
        Err(absent) if absent.kind() == ErrorKind::NotFound => return Ok(()),
        Err(refused) => return Err(disk("look at", folder)(refused)),
        Ok(found) if !found.is_dir() => return Err(SealError::InTheWay(folder.to_owned()).into()),
        Ok(_) => {}
    }
    if ["close.json", "recheck.json"].iter().any(|paper| folder.join(paper).exists()) {
        return Err(RunError::SealGone(folder.to_owned()));
    }
    let fresh = format!(".{RUN_FILE}.new");
    for entry in fs::read_dir(folder).map_err(disk("list", folder))? {
        let path = entry.map_err(disk("list", folder))?.path();
        let name = path.file_name().unwrap_or_default();
        if !(name == RUN_FILE || *name == *fresh) || path.is_dir() {
            return Err(SealError::InTheWay(path).into());
        }
    }
    refuse_unwritable(folder)
}

/// Refuses a folder that is there and cannot be written to, or that cannot be made.
fn refuse_unwritable(folder: &Path) -> Result<(), RunError> {
    let nearest = nearest(folder);
    match fs::metadata(&nearest) {
        Ok(found) if !found.is_dir() => {
            Err(disk("make a folder in", &nearest)(io::Error::from(ErrorKind::NotADirectory)))
        }
        // A file without a name is gone when it is closed.
        Ok(_) => tempfile::tempfile_in(&nearest).map(drop).map_err(disk("write to the folder", &nearest)),
        Err(refused) => Err(disk("look at", &nearest)(refused)),
    }
}

/// The folder itself, or the nearest above it that is there.
fn nearest(folder: &Path) -> PathBuf {
    let there = |folder: &&Path| folder.symlink_metadata().is_ok();
    let above = folder.ancestors().filter(|folder| !folder.as_os_str().is_empty()).find(there);
    above.unwrap_or(if folder.is_absolute() { Path::new("/") } else { Path::new(".") }).to_owned()
}

/// Refuses a file that cannot be the partner's archive, or could not be made.
fn refuse_archive(path: &Path, partner: Option<&str>) -> Result<(), RunError> {
    let refused =
        |kind: ErrorKind| ArchiveError::Disk { path: path.to_owned(), source: Arc::new(io::Error::from(kind)) };
    if path.file_name().is_none() || path.as_os_str().as_encoded_bytes().ends_with(b"/") {
        return Err(refused(ErrorKind::IsADirectory).into());
    }
    refuse_unwritable(&parent(path))?;
    let found = match fs::metadata(path) {
        Err(absent) if absent.kind() == ErrorKind::NotFound => return Ok(()),
        Err(refused) => return Err(disk("look at", path)(refused)),
        Ok(found) => found,
    };
    if found.is_dir() {
        return Err(refused(ErrorKind::IsADirectory).into());
    }
    // A database cannot be kept in a device or a pipe.
    if !found.is_file() {
        return Err(refused(ErrorKind::InvalidFilename).into());
    }
    OpenOptions::new().append(true).open(path).map_err(disk("write to", path))?;
    let is_empty = || fs::metadata(path).is_ok_and(|found| found.len() == 0);
    let archive = match Archive::open_existing(path) {
        // An empty file becomes an archive; so does one whose making was cut off, which opening it has taken back.
        Err(ArchiveError::NotAnArchive { .. }) if is_empty() => return Ok(()),
        opened => opened?,
    };
    match partner {
        Some(expected) if archive.partner() != expected => {
            let (path, seen, expected) = (path.to_owned(), archive.partner().to_owned(), expected.to_owned());
            Err(ArchiveError::OtherPartner { path, seen, expected }.into())
        }
        Some(_) | None => Ok(()),
    }
}
