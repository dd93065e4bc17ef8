//! Lays papers down in a folder that is nobody's seal, in place of those that an earlier call laid there. A list in the folder
//! says which these are: everything else there is the user's own, and stays.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Component, Path};

use super::error::RunError;
use super::folder::{disk, make, make_parent};
use crate::domain::sha256;
use crate::report::Paper;

/// The list of what was laid down, in the form of `sha256sum`.
const LIST: &str = "drafts.sha256";

/// Papers, each by its digest and its name.
type Laid = BTreeSet<(String, String)>;

/// Lays papers down, and takes away what an earlier call laid down and nobody has changed since.
///
/// # Errors
/// When something else stands at the name of a paper, or the disk refuses.
pub(super) fn lay_down(folder: &Path, papers: &[Paper]) -> Result<(), RunError> {
    make(folder)?;
    let before = listed(folder)?;
    let now: Laid = papers.iter().map(|paper| (sha256(&paper.bytes), paper.name.clone())).collect();
    for (_, name) in &now {
        refuse_others(folder, name, [&before, &now])?;
    }
    // Until all is done the list holds both: what is cut off here is no stranger to the next call.
    write_list(folder, before.union(&now))?;
    let names: BTreeSet<&str> = now.iter().map(|(_, name)| name.as_str()).collect();
    for (digest, name) in before.iter().filter(|(_, name)| !names.contains(name.as_str())) {
        if digest_of(folder, name)?.is_some_and(|found| found == *digest) {
            let path = folder.join(name);
            fs::remove_file(&path).map_err(disk("clear", &path))?;
        }
    }
    for paper in papers {
        let path = folder.join(&paper.name);
        make_parent(&path)?;
        clear(&path)?;
        let written = File::create_new(&path).and_then(|mut file| file.write_all(&paper.bytes));
        written.map_err(disk("write", &path))?;
    }
    write_list(folder, now.iter())
}

/// What an earlier call laid down, as its list says; a line that is none, or that leads out of the folder, counts for nothing.
fn listed(folder: &Path) -> Result<Laid, RunError> {
    let path = folder.join(LIST);
    let text = match fs::symlink_metadata(&path) {
        Ok(found) if found.is_file() => fs::read_to_string(&path).map_err(disk("read", &path))?,
        Ok(_) => return Err(RunError::NotADraft(path)),
        Err(absent) if absent.kind() == ErrorKind::NotFound => String::new(),
        Err(source) => return Err(disk("look at", &path)(source)),
    };
    let inside = |name: &str| Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
    let lines = text.lines().filter_map(|line| line.split_once("  ")).filter(|(_, name)| inside(name));
    Ok(lines.map(|(digest, name)| (digest.to_owned(), name.to_owned())).collect())
}

fn write_list<'a>(folder: &Path, laid: impl Iterator<Item = &'a (String, String)>) -> Result<(), RunError> {
    let path = folder.join(LIST);
    let lines: Vec<String> = laid.map(|(digest, name)| format!("{digest}  {name}\n")).collect();
    crate::disk::write(&path, lines.concat().as_bytes()).map_err(disk("write", &path))
}

/// Refuses a name where something stands that none of these lists knows.
fn refuse_others(folder: &Path, name: &str, lists: [&Laid; 2]) -> Result<(), RunError> {
    let own = |digest: String| {
        let line = (digest, name.to_owned());
        lists.iter().any(|list| list.contains(&line))
    };
    let path = folder.join(name);
    let absent = !path.try_exists().map_err(disk("look at", &path))? && fs::symlink_metadata(&path).is_err();
    if absent || digest_of(folder, name)?.is_some_and(own) {
        return Ok(());
    }
    Err(RunError::NotADraft(path))
}

/// The digest of a plain file; nothing where there is none.
fn digest_of(folder: &Path, name: &str) -> Result<Option<String>, RunError> {
    let path = folder.join(name);
    match fs::symlink_metadata(&path) {
        Ok(found) if found.is_file() => Ok(Some(sha256(&fs::read(&path).map_err(disk("read", &path))?))),
        Ok(_) | Err(_) => Ok(None),
    }
}

/// Takes away what stands at a name.
fn clear(path: &Path) -> Result<(), RunError> {
    match fs::remove_file(path) {
        Err(refused) if refused.kind() != ErrorKind::NotFound => Err(disk("clear", path)(refused)),
        Ok(()) | Err(_) => Ok(()),
    }
}
