//! The folders of a recheck: the sealed run it is about, the invoices of the month, and where it goes itself.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::inputs::{FORMAT, RecheckInputs};
use crate::domain::{Period, sha256};
use crate::invoice::{Billed, BilledInvoice};
use crate::register::{DocumentKind, Kept};
use crate::report::Paper;
use crate::run::error::RunError;
use crate::run::folder::{self, RUNS_MAX, disk, rerun};
use crate::run::inputs::{Inputs, RUN_FILE};
use crate::run::neighbours::Neighbour;
use crate::run::notes::SealedNote;
use crate::seal::{SEAL, check, mend, read_seal};

/// A sealed run whose papers are those that were sealed.
pub(super) struct SealedFolder {
    pub(super) folder: PathBuf,
    pub(super) inputs: Inputs,
    pub(super) seal: String,
}

/// Whether a folder holds a recheck, as its `run.json` says. What cannot be read is none.
pub(in crate::run) fn is_recheck(folder: &Path) -> bool {
    is_recheck_text(&fs::read(folder.join(RUN_FILE)).unwrap_or_default())
}

/// Whether a `run.json` is a recheck's.
pub(in crate::run) fn is_recheck_text(text: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Form {
        format: String,
    }
    serde_json::from_slice::<Form>(text).is_ok_and(|form| form.format == FORMAT)
}

/// Reads the inputs of a recheck.
pub(in crate::run) fn read_inputs(folder: &Path) -> Result<RecheckInputs, RunError> {
    let path = folder.join(RUN_FILE);
    let text = fs::read(&path).map_err(disk("read", &path))?;
    RecheckInputs::from_json(&text).map_err(|reason| RunError::Malformed { path, reason })
}

/// The last sealed run of a month, as `close --out` names its runs; one whose folder is lost leaves a gap.
pub(super) fn last_sealed(
    folder: &Path,
    period: Period,
    partner: &str,
    is_lost: impl Fn(&Path) -> bool,
) -> Result<SealedFolder, RunError> {
    mend(folder)?;
    let runs = (1..=RUNS_MAX).map(|run| rerun(folder, run));
    let runs = runs.take_while(|run| run.join(SEAL).exists() || is_lost(run)).filter(|run| run.join(SEAL).exists());
    let runs: Vec<PathBuf> = runs.collect();
    // Several partners may close into one folder; where none of the runs is this one's, the last is refused by name.
    let own = |run: &&PathBuf| folder::read_inputs(run).is_ok_and(|inputs| inputs.partner == partner);
    let Some(last) = runs.iter().rfind(own).or(runs.last()).cloned() else {
        let prepared = folder.join(RUN_FILE).exists();
        let folder = folder.to_owned();
        return Err(if prepared { RunError::NotSealed(folder) } else { RunError::NoRun(folder) });
    };
    if is_recheck(&last) {
        return Err(RunError::NotAClose(last));
    }
    let sealed = checked(&last)?;
    if sealed.inputs.period != period {
        return Err(RunError::OtherMonth { folder: last, found: sealed.inputs.period, asked: period });
    }
    Ok(sealed)
}

/// Reads a sealed close, whose papers must be those that were sealed.
fn checked(folder: &Path) -> Result<SealedFolder, RunError> {
    let seal = intact(folder)?;
    Ok(SealedFolder { folder: folder.to_owned(), inputs: folder::read_inputs(folder)?, seal })
}

/// The seal of a folder, with every paper proved to be the one that was sealed.
pub(super) fn intact(folder: &Path) -> Result<String, RunError> {
    let faults: Vec<String> = check(folder, None, None)?.iter().map(ToString::to_string).collect();
    if !faults.is_empty() {
        return Err(RunError::Broken { folder: folder.to_owned(), faults });
    }
    Ok(sha256(read_seal(folder)?.to_text().as_bytes()))
}

impl SealedFolder {
    /// Refuses a run that is another partner's, or nobody's: the simulator's.
    pub(super) fn refuse_unfit(&self, partner: &str) -> Result<(), RunError> {
        if let Some(scenario) = &self.inputs.terms.scenario {
            return Err(RunError::Simulated { folder: self.folder.clone(), scenario: scenario.clone() });
        }
        if self.inputs.partner != partner {
            let run = self.inputs.partner.clone();
            return Err(RunError::NotYours { run, credentials: partner.to_owned() });
        }
        Ok(())
    }
}

/// The documents of a sealed run.
#[derive(Default, Deserialize)]
struct Close {
    invoices: Vec<BilledInvoice>,
    #[serde(default)]
    notes: Vec<SealedNote>,
}

/// What every sealed run of the month has billed, the papers of those that are here proved first, with the notes that any run has
/// given for it. `runs` are the partner's.
pub(super) fn billed<'a>(
    sealed: &SealedFolder,
    runs: impl Iterator<Item = &'a Neighbour>,
    kept: impl Fn(&str) -> Result<Option<Kept>, RunError>,
) -> Result<Vec<Billed>, RunError> {
    let mut billed = Vec::new();
    let mut notes: Vec<(String, BilledInvoice)> = Vec::new();
    for run in runs.filter(|run| run.inputs.period >= sealed.inputs.period) {
        let Close { mut invoices, notes: given } = if run.is_here {
            intact(&run.folder)?;
            documents(&run.folder)?
        } else {
            kept(&run.seal)?.map(|kept| documents_of(&run.folder, &kept)).transpose()?.unwrap_or_default()
        };
        let of_the_month = run.inputs.period == sealed.inputs.period;
        for note in given {
            let own = |account: &str, currency| {
                let of = |it: &&BilledInvoice| it.account == account && it.currency == currency;
                invoices.iter().find(of).map(|it| it.number.clone())
            };
            match note.changes(own) {
                Some(number) => notes.push((number, note.document)),
                None if of_the_month => invoices.push(note.document),
                None => {}
            }
        }
        if of_the_month {
            let Inputs { run: name, terms, .. } = &run.inputs;
            let (rate_card, invoice) = (terms.rate_card.clone(), terms.invoice.clone());
            billed.push(Billed { run: name.clone(), seal: run.seal.clone(), rate_card, invoice, invoices });
        }
    }
    billed.sort_by(|a: &Billed, b| (a.run.len(), &a.run, &a.seal).cmp(&(b.run.len(), &b.run, &b.seal)));
    for (number, note) in &notes {
        let invoices = billed.iter_mut().flat_map(|run| &mut run.invoices);
        invoices.filter(|it| it.number == *number).for_each(|it| it.correct(note));
    }
    Ok(billed)
}

/// The documents of a run whose folder is lost, as the register keeps them.
fn documents_of(folder: &Path, kept: &Kept) -> Result<Close, RunError> {
    let malformed =
        |refused: serde_json::Error| RunError::Malformed { path: folder.to_owned(), reason: refused.to_string() };
    let mut close = Close::default();
    for (it, text) in &kept.documents {
        if it.kind == DocumentKind::Invoice {
            close.invoices.push(serde_json::from_str(text).map_err(malformed)?);
        } else {
            close.notes.push(serde_json::from_str(text).map_err(malformed)?);
        }
    }
    Ok(close)
}

fn documents(run: &Path) -> Result<Close, RunError> {
    let path = run.join("close.json");
    let text = fs::read(&path).map_err(disk("read", &path))?;
    serde_json::from_slice(&text).map_err(|refused| RunError::Malformed { path, reason: refused.to_string() })
}

/// The id and the folder of the next recheck of a sealed run, and the folder of the one before. The numbers up to the highest
/// that is known are taken, also where a folder is lost.
pub(super) fn choose(sealed: &SealedFolder, known: u32) -> Result<(String, PathBuf, Option<PathBuf>), RunError> {
    let mut before = None;
    for number in 1..=RUNS_MAX {
        let folder = named(&sealed.folder, number);
        mend(&folder)?;
        if !folder.join(SEAL).exists() {
            if number <= known {
                continue;
            }
            return Ok((format!("{}{}", sealed.inputs.run, suffix(number)), folder, before));
        }
        before = Some(folder);
    }
    Err(RunError::TooManyRuns { folder: sealed.folder.clone(), period: sealed.inputs.period })
}

/// The folder of a recheck, by its number from 1.
pub(in crate::run) fn named(sealed: &Path, number: u32) -> PathBuf {
    let name = sealed.file_name().unwrap_or_default().to_string_lossy();
    sealed.with_file_name(format!("{name}{}", suffix(number)))
}

fn suffix(number: u32) -> String {
    if number == 1 { ".recheck".to_owned() } else { format!(".recheck{number}") }
}

/// Whether a sealed recheck states what these papers state: its tables, which name neither run nor evidence.
pub(super) fn says_the_same(before: &Path, papers: &[Paper]) -> bool {
    let is_table = |paper: &&Paper| Path::new(&paper.name).extension().is_some_and(|end| end == "csv");
    intact(before).is_ok()
        && papers
            .iter()
            .filter(is_table)
            .all(|paper| fs::read(before.join(&paper.name)).is_ok_and(|it| it == paper.bytes))
}
