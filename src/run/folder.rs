//! The run folder before it is sealed: which one it is, the inputs in it, and what its sealed neighbours say.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::error::RunError;
use super::inputs::{Earlier, Inputs, RUN_FILE, Terms};
use super::kind::Run;
use super::recheck::is_recheck;
use crate::domain::{Amount, Currency, Period, sha256};
use crate::invoice::Issued;
use crate::seal::{SEAL, alone, mend, read_seal};

/// Runs of one month that may stand beside each other.
pub(super) const RUNS_MAX: u32 = 999;

/// The run's id and folder: `2026-03` in the folder asked for, or `2026-03.r2` in `<folder>.r2` where that is sealed. An
/// unsealed folder is gone on with.
pub(super) fn choose(folder: &Path, period: Period) -> Result<(String, PathBuf), RunError> {
    for run in 1..=RUNS_MAX {
        let folder = rerun(folder, run);
        mend(&folder)?;
        if !folder.join(SEAL).exists() {
            return Ok((numbered(period.to_string(), run), folder));
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

/// What a sealed close says of its invoices.
#[derive(Deserialize)]
struct SealedClose {
    invoices: Vec<SealedInvoice>,
}

/// One of them.
#[derive(Deserialize)]
struct SealedInvoice {
    number: String,
    account: String,
    currency: Currency,
    total: Amount,
}

/// Reads what the runs sealed beside this one hand on: the last invoice number of any of them in this card's series, the
/// invoices of earlier runs of the same month, and the seal of the month before. A simulated month stands alone.
pub(super) fn earlier(folder: &Path, period: Period, terms: &Terms) -> Result<Earlier, RunError> {
    let card = &terms.rate_card;
    if terms.scenario.is_some() {
        return Ok(Earlier { numbers_from: card.first_number(), ..Earlier::default() });
    }
    let reports = &parent(folder);
    let (mut last, mut issued) = (None, Vec::new());
    for run in sealed_runs(reports, folder)? {
        let (month, invoices) = invoices_of(&run)?;
        last = invoices.iter().filter_map(|it| card.place_of(&it.number)).chain(last).max();
        issued.extend(invoices.into_iter().filter(|_| month == period));
    }
    let before = reports.join(period.previous().to_string());
    let previous = (1..=RUNS_MAX).map(|run| rerun(&before, run)).take_while(|run| run.join(SEAL).exists()).last();
    let previous = previous.map(|folder| read_seal(&folder)).transpose()?;
    Ok(Earlier {
        numbers_from: last.map_or(card.first_number(), |last| last.saturating_add(1)),
        issued,
        previous: previous.map(|sealed| sha256(sealed.to_text().as_bytes())),
        carried: None,
    })
}

/// Every sealed close beside this one, sorted by name; a recheck is none.
pub(super) fn sealed_runs(reports: &Path, own: &Path) -> Result<Vec<PathBuf>, RunError> {
    let mut runs = sealed_folders(reports, own)?;
    runs.retain(|run| !is_recheck(run));
    Ok(runs)
}

/// Every sealed folder beside this one, sorted by name. A folder that is being written is hidden, and no run yet, though
/// it holds a seal at its end.
fn sealed_folders(reports: &Path, own: &Path) -> Result<Vec<PathBuf>, RunError> {
    let entries = match fs::read_dir(reports) {
        Err(absent) if absent.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        found => found.map_err(disk("list", reports))?,
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>();
    let mut runs = paths.map_err(disk("list", reports))?;
    let hidden = |run: &Path| run.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
    runs.retain(|run| run != own && !hidden(run) && run.join(SEAL).exists() && run.join(RUN_FILE).exists());
    runs.sort();
    Ok(runs)
}

/// Whether a run that is sealed beside this one, a recheck too, rests on this evidence.
pub(super) fn rests_on(own: &Path, evidence: &str) -> Result<bool, RunError> {
    for run in sealed_folders(&parent(own), own)? {
        if Run::read(&run)?.evidence() == evidence {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The month of a sealed run, and its invoices; a simulated run has given none.
fn invoices_of(run: &Path) -> Result<(Period, Vec<Issued>), RunError> {
    let inputs = read_inputs(run)?;
    if inputs.terms.scenario.is_some() {
        return Ok((inputs.period, Vec::new()));
    }
    let path = run.join("close.json");
    let text = fs::read(&path).map_err(disk("read", &path))?;
    let close: SealedClose =
        serde_json::from_slice(&text).map_err(|refused| RunError::Malformed { path, reason: refused.to_string() })?;
    let issued = |it: SealedInvoice| {
        let SealedInvoice { number, account, currency, total } = it;
        Issued { number, account, currency, total, run: inputs.run.clone() }
    };
    Ok((inputs.period, close.invoices.into_iter().map(issued).collect()))
}

/// Makes a folder and those above it.
pub(super) fn make(folder: &Path) -> Result<(), RunError> {
    fs::create_dir_all(folder).map_err(disk("make the folder", folder))
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

/// Refuses a path where there is nothing.
pub(super) fn refuse_absent(run: &Path) -> Result<(), RunError> {
    if run.exists() { Ok(()) } else { Err(RunError::NoRun(run.to_owned())) }
}

/// Refuses a run that is sealed.
pub(super) fn refuse_sealed(folder: &Path) -> Result<(), RunError> {
    if folder.join(SEAL).exists() { Err(RunError::Sealed(folder.to_owned())) } else { Ok(()) }
}

/// Names what the disk was asked for when it refused.
pub(super) fn disk<'a>(action: &'static str, path: &'a Path) -> impl Fn(io::Error) -> RunError + 'a {
    move |source| RunError::Disk { action, path: path.to_owned(), source }
}
