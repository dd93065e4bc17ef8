//! The run folder before it is sealed: which one it is, the inputs in it, and what its sealed neighbours say.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::error::RunError;
use super::inputs::{Earlier, Inputs, RUN_FILE};
use crate::domain::{Period, sha256};
use crate::invoice::RateCard;
use crate::seal::{SEAL, read_seal};

/// Runs of one month that may stand beside each other.
const RUNS_MAX: u32 = 999;

/// The run's id and folder: `2026-03` in the folder asked for, or `2026-03.r2` in `<folder>.r2` where that is sealed. An
/// unsealed folder is gone on with.
pub(super) fn choose(folder: &Path, period: Period) -> Result<(String, PathBuf), RunError> {
    (1..=RUNS_MAX)
        .map(|run| (numbered(period.to_string(), run), rerun(folder, run)))
        .find(|(_, folder)| !folder.join(SEAL).exists())
        .ok_or_else(|| RunError::TooManyRuns { folder: folder.to_owned(), period })
}

fn numbered(name: String, run: u32) -> String {
    if run == 1 { name } else { format!("{name}.r{run}") }
}

fn rerun(folder: &Path, run: u32) -> PathBuf {
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

/// The folders of a month's sealed runs, in order.
fn sealed(reports: &Path, period: Period) -> impl Iterator<Item = PathBuf> {
    let first = reports.join(period.to_string());
    (1..=RUNS_MAX).map(move |run| rerun(&first, run)).take_while(|folder| folder.join(SEAL).exists())
}

/// Reads what earlier months hand on: the last invoice number of any of them in this card's series, and the seal of the
/// month before. Runs of the same month do not count: a second run bills the same month with the same numbers.
pub(super) fn earlier(folder: &Path, period: Period, card: &RateCard) -> Result<Earlier, RunError> {
    let reports = &parent(folder);
    let mut last = None;
    for folder in months_before(reports, period)?.into_iter().flat_map(|month| sealed(reports, month)) {
        let path = folder.join("invoices.csv");
        let text = fs::read_to_string(&path).map_err(disk("read", &path))?;
        let numbers = text.lines().skip(1).filter_map(|line| line.split(',').next());
        last = numbers.filter_map(|number| card.place_of(number.trim_matches('"'))).chain(last).max();
    }
    let previous = sealed(reports, period.previous()).last();
    let previous = previous.map(|folder| read_seal(&folder)).transpose()?;
    Ok(Earlier {
        numbers_from: last.map_or(card.first_number(), |last| last.saturating_add(1)),
        previous: previous.map(|sealed| sha256(sealed.to_text().as_bytes())),
    })
}

/// The months before this one that have a folder.
fn months_before(reports: &Path, period: Period) -> Result<Vec<Period>, RunError> {
    let entries = match fs::read_dir(reports) {
        Err(absent) if absent.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        found => found.map_err(disk("list", reports))?,
    };
    let mut months = Vec::new();
    for entry in entries {
        let name = entry.map_err(disk("list", reports))?.file_name();
        months.extend(name.to_str().and_then(|name| name.parse::<Period>().ok()).filter(|month| *month < period));
    }
    months.sort();
    Ok(months)
}

/// Makes a folder and those above it.
pub(super) fn make(folder: &Path) -> Result<(), RunError> {
    fs::create_dir_all(folder).map_err(disk("make the folder", folder))
}

/// Makes the folder that a file is to stand in.
pub(super) fn make_parent(file: &Path) -> Result<(), RunError> {
    make(&parent(file))
}

/// Writes `run.json` whole or not at all: a temporary file beside the folder's others, synced, then renamed.
pub(super) fn write_inputs(folder: &Path, inputs: &Inputs) -> Result<(), RunError> {
    make(folder)?;
    let (fresh, path) = (folder.join(format!(".{RUN_FILE}.new")), folder.join(RUN_FILE));
    let text = inputs.to_json()?;
    File::create(&fresh)
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

/// Refuses a run that is sealed.
pub(super) fn refuse_sealed(folder: &Path) -> Result<(), RunError> {
    if folder.join(SEAL).exists() { Err(RunError::Sealed(folder.to_owned())) } else { Ok(()) }
}

/// Names what the disk was asked for when it refused.
pub(super) fn disk<'a>(action: &'static str, path: &'a Path) -> impl Fn(io::Error) -> RunError + 'a {
    move |source| RunError::Disk { action, path: path.to_owned(), source }
}
