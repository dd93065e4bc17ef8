//! Writes a run folder whole or not at all, and reads what is in one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::text::{Sealed, SealedPaper, safe_name};
use super::{SEAL, Seal, SealError};
use crate::report::Paper;

/// Writes the papers and their seal to a folder that is not sealed yet, durably: a temporary folder beside it, every file
/// written, all of them synced, then one rename. A folder that is there already is replaced when it holds nothing but papers of these names.
///
/// # Errors
/// When the papers are not those of the seal, a name is unsafe, the folder is sealed or holds something else, or the disk
/// refuses. Then nothing in the folder has changed.
pub fn write_run(folder: &Path, papers: &[Paper], seal: &Seal) -> Result<(), SealError> {
    make_folder(&place(folder)?.0)?;
    write_run_alone(folder, papers, seal, &alone(folder)?)
}

/// The same, for who keeps every other process out already.
///
/// # Errors
/// Those of `write_run`.
pub fn write_run_alone(folder: &Path, papers: &[Paper], seal: &Seal, _alone: &Alone) -> Result<(), SealError> {
    papers.iter().try_for_each(|paper| safe_name(&paper.name))?;
    refuse_other_papers(folder, papers, seal)?;
    // Where a link stands for the run folder, what it leads to is replaced, and the link stays.
    let followed = crate::disk::followed(folder);
    let folder = followed.as_path();
    let (parent, name) = place(folder)?;
    refuse_occupied(folder, papers)?;
    let fresh = parent.join(format!(".{name}.unsealed"));
    let written = write_fresh(&fresh, papers, seal)
        .and_then(|()| put_in_place(folder, &fresh, &aside(&parent, &name)))
        .and_then(|()| sync_path(&parent));
    if written.is_err() {
        // What is half written only takes up room; where it cannot be removed, the next run does so.
        let _ = clear(&fresh);
    }
    written
}

/// Writes every paper and the seal into a new folder, durably.
fn write_fresh(fresh: &Path, papers: &[Paper], seal: &Seal) -> Result<(), SealError> {
    clear(fresh)?;
    // Made by this call or not at all: a link that somebody has laid there meanwhile is not followed.
    fs::create_dir(fresh).map_err(disk("make the folder", fresh))?;
    let (mut folders, mut written) = (BTreeSet::from([fresh.to_owned()]), Vec::new());
    for paper in papers.iter().chain(std::iter::once(&seal.paper())) {
        let path = fresh.join(&paper.name);
        if let Some(inner) = path.parent().filter(|inner| !folders.contains(*inner)) {
            make_folder(inner)?;
            folders.insert(inner.to_owned());
        }
        write_file(&path, &paper.bytes)?;
        written.push(path);
    }
    // All at once when all are written: the disk takes many together in the time of a few, and none in the place of another.
    crate::disk::sync_all(&written).map_err(|(path, source)| disk("sync", &path)(source))?;
    folders.iter().try_for_each(|folder| sync_path(folder))
}

/// As long as it lives, no other process writes into the runs that stand in a folder.
#[derive(Debug)]
pub struct Alone {
    _locked: Vec<File>,
}

/// Keeps every other process out of the runs beside this one: waits for its turn, which lasts as long as a run takes to be
/// written, and seldom to be derived.
///
/// # Errors
/// When the folder that the runs stand in cannot be opened or locked.
pub fn alone(folder: &Path) -> Result<Alone, SealError> {
    alone_beside(&[folder])
}

/// The same beside each of these paths, which may stand in several folders. Everyone takes the folders in one order, so that no
/// two wait for each other.
///
/// # Errors
/// Those of `alone`.
pub fn alone_beside(paths: &[&Path]) -> Result<Alone, SealError> {
    let mut parents = BTreeMap::new();
    for path in paths {
        let (parent, _) = place(path)?;
        parents.insert(parent.canonicalize().map_err(disk("open", &parent))?, parent);
    }
    let lock = |parent: PathBuf| {
        let file = File::open(&parent).map_err(disk("open", &parent))?;
        file.lock().map_err(disk("lock", &parent))?;
        Ok(file)
    };
    Ok(Alone { _locked: parents.into_values().map(lock).collect::<Result<_, _>>()? })
}

/// Puts right what `write_run` left when it was killed between its last two steps: what it had set aside comes back where
/// nothing took its place, and goes where something did.
///
/// # Errors
/// When the disk refuses.
pub fn mend(folder: &Path) -> Result<(), SealError> {
    let followed = crate::disk::followed(folder);
    let (parent, name) = place(&followed)?;
    let aside = aside(&parent, &name);
    if !aside.try_exists().map_err(disk("look at", &aside))? {
        return Ok(());
    }
    let _alone = alone(folder)?;
    let folder = followed.as_path();
    if folder.try_exists().map_err(disk("look at", folder))? {
        return clear(&aside);
    }
    fs::rename(&aside, folder).map_err(disk("put back", folder))
}

/// Where the unsealed folder waits while the sealed one takes its place.
fn aside(parent: &Path, name: &str) -> PathBuf {
    parent.join(format!(".{name}.replaced"))
}

/// Whether `write_run` is at work on a folder, or was killed before its last step: the sealed one has not got its name yet.
#[must_use]
pub fn is_half_written(folder: &Path) -> bool {
    place(folder)
        .is_ok_and(|(parent, name)| aside(&parent, &name).exists() || parent.join(format!(".{name}.unsealed")).exists())
}

fn refuse_other_papers(folder: &Path, papers: &[Paper], seal: &Seal) -> Result<(), SealError> {
    let malformed = |(line, reason)| SealError::Malformed { path: folder.join(SEAL), line, reason };
    let sealed = Sealed::read(seal.text.as_bytes()).map_err(malformed)?;
    if SealedPaper::of_all(papers) == sealed.papers { Ok(()) } else { Err(SealError::OtherPapers(folder.to_owned())) }
}

/// The folder's parent and its own name.
fn place(folder: &Path) -> Result<(PathBuf, String), SealError> {
    let name = folder.file_name().and_then(|name| name.to_str());
    let parent = folder.parent().map(|parent| if parent.as_os_str().is_empty() { Path::new(".") } else { parent });
    match (parent, name) {
        (Some(parent), Some(name)) => Ok((parent.to_owned(), name.to_owned())),
        (None, _) | (_, None) => Err(SealError::NotAFolder(folder.to_owned())),
    }
}

/// Refuses a folder that is sealed, or that holds anything this run would not write again.
fn refuse_occupied(folder: &Path, papers: &[Paper]) -> Result<(), SealError> {
    let found = match fs::symlink_metadata(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(disk("look at", folder)(source)),
        Ok(found) if !found.is_dir() => return Err(SealError::InTheWay(folder.to_owned())),
        Ok(_) => files(folder)?,
    };
    if found.contains_key(SEAL) {
        return Err(SealError::AlreadySealed(folder.to_owned()));
    }
    let own: BTreeSet<&str> = papers.iter().map(|paper| paper.name.as_str()).collect();
    let stray = found.iter().find(|(name, is_file)| !**is_file || !own.contains(name.as_str()));
    stray.map_or(Ok(()), |(name, _)| Err(SealError::InTheWay(folder.join(name))))
}

fn clear(folder: &Path) -> Result<(), SealError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(disk("clear", folder)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn make_folder(folder: &Path) -> Result<(), SealError> {
    fs::create_dir_all(folder).map_err(disk("make the folder", folder))
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<(), SealError> {
    let mut file = File::create_new(path).map_err(disk("make the file", path))?;
    file.write_all(bytes).map_err(disk("write", path))
}

/// Makes a file or a folder durable.
fn sync_path(path: &Path) -> Result<(), SealError> {
    File::open(path).and_then(|file| file.sync_all()).map_err(disk("sync", path))
}

/// Renames the fresh folder into its place; what stood there is set aside first, and put back when that fails.
fn put_in_place(folder: &Path, fresh: &Path, aside: &Path) -> Result<(), SealError> {
    clear(aside)?;
    let is_there = folder.try_exists().map_err(disk("look at", folder))?;
    if is_there {
        fs::rename(folder, aside).map_err(disk("set aside", folder))?;
    }
    if let Err(source) = fs::rename(fresh, folder) {
        if is_there {
            fs::rename(aside, folder).map_err(disk("put back", folder))?;
        }
        return Err(disk("rename the finished run to", folder)(source));
    }
    clear(aside)
}

/// Everything in a folder that is not a folder, by name relative to it, and whether it is a plain file. Links are named,
/// never followed.
pub(super) fn files(folder: &Path) -> Result<BTreeMap<String, bool>, SealError> {
    let mut found = BTreeMap::new();
    let mut open = vec![(folder.to_owned(), String::new())];
    while let Some((path, prefix)) = open.pop() {
        for entry in fs::read_dir(&path).map_err(disk("list", &path))? {
            let entry = entry.map_err(disk("list", &path))?;
            let kind = entry.file_type().map_err(disk("look at", &entry.path()))?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if kind.is_dir() {
                open.push((entry.path(), format!("{name}/")));
            } else {
                found.insert(name, kind.is_file());
            }
        }
    }
    Ok(found)
}

/// Says what was tried with which file when the disk refuses.
pub(super) fn disk(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SealError {
    let path = path.to_owned();
    move |source| SealError::Disk { action, path, source }
}
