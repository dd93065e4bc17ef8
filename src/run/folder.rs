//! The run folder before it is sealed: which one it is, the inputs in it, and which runs are sealed beside it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::error::RunError;
use super::inputs::{Inputs, RUN_FILE};
use super::kind::Run;
use super::recheck::is_recheck;
use crate::domain::{Period, sha256};
use crate::seal::{SEAL, alone, mend};

/// Runs of one month that may stand beside each other.
pub(super) const RUNS_MAX: u32 = 999;

/// The run's id and folder: `2026-03` in the folder asked for, or `2026-03.r2` in `<folder>.r2` where that is sealed, or taken
/// by a run whose folder is lost. An unsealed folder is gone on with.
pub(super) fn choose(
    folder: &Path,
    period: Period,
    taken: impl Fn(&Path) -> bool,
) -> Result<(String, PathBuf), RunError> {
    for run in 1..=RUNS_MAX {
        let (id, folder) = (numbered(period.to_string(), run), rerun(folder, run));
        mend(&folder)?;
        if !folder.join(SEAL).exists() && !taken(&folder) {
            return Ok((id, folder));
        }
    }
    Err(RunError::TooManyRuns { folder: folder.to_owned(), period })
}

fn numbered(name: String, run: u32) -> String {
    if run == 1 { name } else { format!("{name}.r{run}") }
}

/// The folder of a run, by its number from 1.
pub(super) fn rerun(folder: &Path, run: u32) -> PathBuf {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if run == 1 { folder.to_owned() } else { folder.with_file_name(numbered(name, run)) }
}

/// The folder that a run folder stands in.
pub(super) fn parent(folder: &Path) -> PathBuf {
    match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        Some(_) | None => PathBuf::from("."),
    }
}

/// A partner's archive: the one named, else the one beside the run folder.
pub(super) fn archive_beside(folder: &Path, partner: &str, named: Option<&Path>) -> PathBuf {
    let beside = || parent(folder).join(format!("{partner}.archive.sqlite"));
    named.map_or_else(beside, Path::to_owned)
}

/// A partner's register: beside its archive.
#[must_use]
pub fn register_of(folder: &Path, partner: &str, archive: Option<&Path>) -> PathBuf {
    archive_beside(folder, partner, archive).with_file_name(format!("{partner}.register.sqlite"))
}

/// A run folder as it is reached from the folder of a register, so that both can be moved together; absolute where no way leads
/// there.
pub(super) fn place_of(register: &Path, folder: &Path) -> String {
    let whole = |path: PathBuf| path.canonicalize().unwrap_or(path);
    let (from, to) = (whole(parent(register)), whole(parent(folder)));
    let name = folder.file_name().unwrap_or_default();
    let same = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().count() - same;
    let way: PathBuf = if same == 0 {
        to
    } else {
        std::iter::repeat_n(Path::new(".."), up)
            .collect::<PathBuf>()
            .join(to.components().skip(same).collect::<PathBuf>())
    };
    way.join(name).to_string_lossy().replace('\\', "/")
}

/// The run folder that a register reaches by this place.
pub(super) fn reached(register: &Path, place: &str) -> PathBuf {
    parent(register).join(place)
}

/// The registers in a folder, by partner.
pub(super) fn register_files(folder: &Path) -> Result<BTreeMap<String, PathBuf>, RunError> {
    let of = |path: PathBuf| {
        let partner = path.file_name()?.to_str()?.strip_suffix(".register.sqlite")?.to_owned();
        Some((partner, path))
    };
    Ok(listed(folder)?.into_iter().filter_map(of).collect())
}

/// The archives and registers of all partners in a folder; none where it cannot be listed.
#[must_use]
pub fn book_files(folder: &Path) -> Vec<PathBuf> {
    let is_one = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.ends_with(".archive.sqlite") || name.ends_with(".register.sqlite")
    };
    listed(folder).unwrap_or_default().into_iter().filter(is_one).collect()
}

/// The archives in a folder.
pub(super) fn archive_files(folder: &Path) -> Result<Vec<PathBuf>, RunError> {
    let mut files = listed(folder)?;
    files.retain(|path| path.to_str().is_some_and(|path| path.ends_with(".archive.sqlite")));
    Ok(files)
}

/// What stands in a folder, sorted; nothing where there is no such folder.
fn listed(folder: &Path) -> Result<Vec<PathBuf>, RunError> {
    let entries = match fs::read_dir(folder) {
        Err(absent) if absent.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        found => found.map_err(disk("list", folder))?,
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>();
    let mut paths = paths.map_err(disk("list", folder))?;
    paths.sort();
    Ok(paths)
}

/// Every sealed close in a folder but one's own, sorted by name; a recheck is none.
pub(super) fn sealed_runs(reports: &Path, own: Option<&Path>) -> Result<Vec<PathBuf>, RunError> {
    let mut runs = sealed_folders(reports, own)?;
    runs.retain(|run| !is_recheck(run));
    Ok(runs)
}

/// Every sealed folder in a folder but one's own, sorted by name. A folder that is being written is hidden, and no run yet,
/// though it holds a seal at its end.
pub(super) fn sealed_folders(reports: &Path, own: Option<&Path>) -> Result<Vec<PathBuf>, RunError> {
    let mut runs = listed(reports)?;
    let hidden = |run: &Path| run.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
    runs.retain(|run| {
        Some(run.as_path()) != own && !hidden(run) && run.join(SEAL).exists() && run.join(RUN_FILE).exists()
    });
    Ok(runs)
}

/// The seals of every folder that is sealed beside this one, rechecks too: what they hand on changes when one comes.
pub(super) fn seals_beside(own: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>, RunError> {
    let folders = sealed_folders(&parent(own), Some(own))?;
    let seal = |folder: PathBuf| {
        let path = folder.join(SEAL);
        let text = fs::read(&path).map_err(disk("read", &path))?;
        Ok((folder, text))
    };
    folders.into_iter().map(seal).collect()
}

/// Whether a run that is sealed beside this one, a recheck too, rests on this evidence.
pub(super) fn rests_on(own: &Path, evidence: &str) -> Result<bool, RunError> {
    for run in sealed_folders(&parent(own), Some(own))? {
        if Run::read(&run)?.evidence() == evidence {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The seal of a folder, where it has one: the SHA-256 of what the file holds, whatever that is.
pub(super) fn seal_in(folder: &Path) -> Result<Option<String>, RunError> {
    let path = folder.join(SEAL);
    match fs::read(&path) {
        Ok(text) => Ok(Some(sha256(&text))),
        Err(absent) if matches!(absent.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(source) => Err(disk("read", &path)(source)),
    }
}

/// Makes a folder and those above it; where a link stands for it, what that leads to.
pub(super) fn make(folder: &Path) -> Result<(), RunError> {
    fs::create_dir_all(crate::disk::followed(folder)).map_err(disk("make the folder", folder))
}

/// Makes the folder that a file is to stand in.
pub(super) fn make_parent(file: &Path) -> Result<(), RunError> {
    make(&parent(file))
}

/// Writes `run.json` whole or not at all: a temporary file beside the folder's others, synced, then renamed. A folder that
/// was sealed meanwhile is left as it is.
pub(super) fn write_inputs(folder: &Path, inputs: &Inputs) -> Result<(), RunError> {
    make(folder)?;
    let _alone = alone(folder)?;
    refuse_sealed(folder)?;
    let (fresh, path) = (folder.join(format!(".{RUN_FILE}.new")), folder.join(RUN_FILE));
    let text = inputs.to_json()?;
    // Left by a run that was killed, or a link that somebody has laid there: it goes, and is not followed.
    match fs::remove_file(&fresh) {
        Err(refused) if refused.kind() != io::ErrorKind::NotFound => return Err(disk("clear", &fresh)(refused)),
        Ok(()) | Err(_) => {}
    }
    File::create_new(&fresh)
        .and_then(|mut file| file.write_all(&text).and_then(|()| file.sync_all()))
        .map_err(disk("write", &fresh))?;
    fs::rename(&fresh, &path).map_err(disk("put in place", &path))
}

/// Reads the inputs of a prepared or sealed run.
pub(super) fn read_inputs(folder: &Path) -> Result<Inputs, RunError> {
    let path = folder.join(RUN_FILE);
    match fs::read(&path) {
        Ok(text) => Inputs::from_json(&text).map_err(|reason| RunError::Malformed { path, reason }),
        Err(absent) if absent.kind() == io::ErrorKind::NotFound => Err(RunError::NoRun(folder.to_owned())),
        Err(source) => Err(disk("read", &path)(source)),
    }
}

/// Refuses a path where there is nothing.
pub(super) fn refuse_absent(run: &Path) -> Result<(), RunError> {
    if run.exists() { Ok(()) } else { Err(RunError::NoRun(run.to_owned())) }
}

/// Refuses a folder that never was a sealed run: neither a seal nor any paper is in it but the inputs of a prepared one. A run
/// from which the seal was taken away has its papers still.
pub(super) fn refuse_never_sealed(folder: &Path) -> Result<(), RunError> {
    if holds_papers(folder) || folder.join(SEAL).exists() {
        Ok(())
    } else {
        Err(RunError::NotSealed(folder.to_owned()))
    }
}

/// Whether papers of a run are in a folder beside the inputs of a prepared one.
pub(super) fn holds_papers(folder: &Path) -> bool {
    ["summary.txt", "close.json", "recheck.json"].iter().any(|paper| folder.join(paper).exists())
}

/// Refuses a run that is sealed.
pub(super) fn refuse_sealed(folder: &Path) -> Result<(), RunError> {
    if folder.join(SEAL).exists() { Err(RunError::Sealed(folder.to_owned())) } else { Ok(()) }
}

/// Names what the disk was asked for when it refused.
pub(super) fn disk<'a>(action: &'static str, path: &'a Path) -> impl Fn(io::Error) -> RunError + 'a {
    move |source| RunError::Disk { action, path: path.to_owned(), source }
}
