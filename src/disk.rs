//! Files that a person names: where a path leads to, and how bytes get there. Links are followed, so that what they lead to is
//! written and they stay; what is no plain file (a device, a pipe) is written through; a plain file is replaced whole or not at
//! all. Names of our own beside them are new and nobody's before: a link that somebody has laid there is not followed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tempfile::{Builder, NamedTempFile};

/// Links that are followed from one name to the next: as many as Linux follows.
const LINKS_MAX: usize = 40;

/// Files that are made durable at one time.
const SYNCS_AT_ONCE: usize = 32;

/// How long a pipe may take to be opened: until somebody reads it.
const READER_WAIT: Duration = Duration::from_secs(3);

/// Where a path leads to when its last name is a link, and that of what it leads to, and so on; there may be nothing there.
#[must_use]
pub fn followed(path: &Path) -> PathBuf {
    links(path).last().unwrap_or_else(|| path.to_owned())
}

/// A path, what it leads to where it is a link, and so on.
fn links(path: &Path) -> impl Iterator<Item = PathBuf> {
    let next = |place: &PathBuf| Some(folder_of(place).join(fs::read_link(place).ok()?));
    std::iter::successors(Some(path.to_owned()), next).take(LINKS_MAX + 1)
}

/// The folder that a path stands in.
#[must_use]
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Whether something stands at a path that is neither a plain file nor a folder: a device, a pipe, a socket. What a program has
/// open already (`/dev/stdout`) counts as one, whatever it is: it must not be replaced below that program.
#[must_use]
pub fn is_device(path: &Path) -> bool {
    let special = |found: &fs::Metadata| !found.is_file() && !found.is_dir();
    let is_open = || links(path).any(|place| place.starts_with("/proc"));
    fs::metadata(path).is_ok_and(|found| special(&found) || (found.is_file() && is_open()))
}

/// Whether a place holds nothing yet, no plain file, or a plain file that is empty or begins with these bytes.
#[must_use]
pub fn is_empty_or_begins(path: &Path, beginning: &[u8]) -> bool {
    if !fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() > 0) {
        return true;
    }
    let mut seen = vec![0; beginning.len()];
    File::open(path).and_then(|mut file| file.read_exact(&mut seen)).is_ok() && seen == beginning
}

/// Writes what a person named a place for.
///
/// # Errors
/// When the disk refuses, or nobody reads a pipe. A plain file is as it was then.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if is_device(path) {
        return opened(path)?.write_all(bytes);
    }
    let place = followed(path);
    let mut fresh = beside(&place)?;
    fresh.write_all(bytes)?;
    if let Ok(before) = fs::metadata(&place) {
        fresh.as_file().set_permissions(before.permissions())?;
    }
    fresh.as_file().sync_all()?;
    fresh.persist(&place).map_err(|refused| refused.error)?;
    Ok(())
}

/// Writes what a file holds through to a device or a pipe.
///
/// # Errors
/// When either refuses, or nobody reads the pipe.
pub fn pour(from: &Path, device: &Path) -> io::Result<()> {
    let mut to = opened(device)?;
    io::copy(&mut File::open(from)?, &mut to)?;
    Ok(())
}

/// Makes many files durable, all of them together: a disk takes many at once in the time of a few, and one after the other in
/// that of all. They have to be written and closed.
///
/// # Errors
/// The first of them that the disk refuses, and why.
pub fn sync_all(files: &[PathBuf]) -> Result<(), (PathBuf, io::Error)> {
    let synced = |path: &PathBuf| File::open(path).and_then(|file| file.sync_all());
    let each =
        |files: &[PathBuf]| files.iter().try_for_each(|path| synced(path).map_err(|refused| (path.clone(), refused)));
    let share = files.len().div_ceil(SYNCS_AT_ONCE).max(1);
    let shares: Vec<Result<(), (PathBuf, io::Error)>> = thread::scope(|scope| {
        let begun: Vec<_> = files.chunks(share).map(|files| scope.spawn(move || each(files))).collect();
        begun.into_iter().map(|share| share.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    });
    shares.into_iter().collect()
}

/// A new file beside a place, under a name that nobody can foresee and that ends in `.new`: gone again unless it takes the
/// place.
///
/// # Errors
/// When the disk refuses.
pub fn beside(place: &Path) -> io::Result<NamedTempFile> {
    let name = place.file_name().ok_or(ErrorKind::InvalidFilename)?.to_string_lossy();
    let prefix = format!(".{name}.");
    let mut fresh = Builder::new();
    fresh.prefix(&prefix).suffix(".new");
    in_the_usual_mode(&mut fresh);
    fresh.tempfile_in(folder_of(place))
}

/// What the user's own mask leaves of reading and writing for everybody, as any other new file has it.
fn in_the_usual_mode(fresh: &mut Builder<'_, '_>) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fresh.permissions(fs::Permissions::from_mode(0o666));
    }
    #[cfg(not(unix))]
    let _ = fresh;
}

/// A device or a pipe, opened for writing. A pipe opens when somebody reads it, which is waited for, but not for ever.
fn opened(device: &Path) -> io::Result<File> {
    let (send, received) = mpsc::channel();
    let path = device.to_owned();
    thread::spawn(move || {
        // Who has stopped waiting need not hear of it.
        let _ = send.send(OpenOptions::new().append(true).open(path));
    });
    let late = |_late| io::Error::new(ErrorKind::TimedOut, "nobody reads this pipe");
    received.recv_timeout(READER_WAIT).map_err(late)?
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whichever of many files cannot be made durable is named, so none is passed over.
    #[test]
    fn every_one_of_many_files_is_synced() {
        let folder = tempfile::tempdir().unwrap();
        let files: Vec<PathBuf> = (0..70).map(|it| folder.path().join(it.to_string())).collect();
        assert!(sync_all(&[]).is_ok());
        for count in [1, SYNCS_AT_ONCE, SYNCS_AT_ONCE + 1, 70] {
            let files = &files[..count];
            for file in files {
                fs::write(file, "paper").unwrap();
            }
            sync_all(files).unwrap();
            for gone in files {
                fs::remove_file(gone).unwrap();
                assert_eq!(sync_all(files).unwrap_err().0, *gone);
                fs::write(gone, "paper").unwrap();
            }
        }
    }
}
