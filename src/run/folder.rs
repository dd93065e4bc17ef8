//! The run folder before it is sealed: which one it is, the inputs in it, and what its sealed neighbours say.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::error::RunError;
use super::inputs::{Inputs, RUN_FILE};
use crate::domain::{Period, sha256};
use crate::invoice::RateCard;
use crate::seal::{SEAL, read_seal};

/// Runs of one month that may stand beside each other.
const RUNS_MAX: u32 = 999;

/// What the sealed months before this one hand on.
pub(super) struct Earlier {
    pub(super) numbers_from: u64,
    pub(super) previous: Option<String>,
}

/// The run's name and folder: `2026-03`, or `2026-03.r2` where that is sealed. An unsealed folder is gone on with.
pub(super) fn choose(reports: &Path, period: Period) -> Result<(String, PathBuf), RunError> {
    names(period)
        .map(|name| (name.clone(), reports.join(name)))
        .find(|(_, folder)| !folder.join(SEAL).exists())
        .ok_or_else(|| RunError::TooManyRuns { reports: reports.to_owned(), period })
}

fn names(period: Period) -> impl DoubleEndedIterator<Item = String> {
    (1..=RUNS_MAX).map(move |run| if run == 1 { period.to_string() } else { format!("{period}.r{run}") })
}

/// The folders of a month's sealed runs, in order.
fn sealed(reports: &Path, period: Period) -> impl Iterator<Item = PathBuf> {
    names(period).map(|name| reports.join(name)).take_while(|folder| folder.join(SEAL).exists())
}

/// Reads what earlier months hand on: the last invoice number of any of them in this card's series, and the seal of the
/// month before. Runs of the same month do not count: a second run bills the same month with the same numbers.
pub(super) fn earlier(reports: &Path, period: Period, card: &RateCard) -> Result<Earlier, RunError> {
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
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => make(parent),
        Some(_) | None => Ok(()),
    }
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

fn disk<'a>(action: &'static str, path: &'a Path) -> impl Fn(io::Error) -> RunError + 'a {
    move |source| RunError::Disk { action, path: path.to_owned(), source }
}
