//! The folders of a recheck: the sealed run it is about, the invoices of the month, and where it goes itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::inputs::{FORMAT, RecheckInputs};
use crate::domain::{Currency, Period, sha256};
use crate::invoice::{Billed, BilledInvoice, Corrected};
use crate::register::{DocumentKind, Kept};
use crate::report::Paper;
use crate::run::error::RunError;
use crate::run::folder::{self, RUNS_MAX, disk, rerun};
use crate::run::inputs::{Inputs, RUN_FILE};
use crate::run::neighbours::Neighbour;
use crate::run::notes::{Change, SealedCredit, SealedNote, changes, noted};
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
    #[serde(default)]
    invoices: Vec<BilledInvoice>,
    #[serde(default)]
    notes: Vec<SealedNote>,
    #[serde(default)]
    credits: Vec<SealedCredit>,
}

/// What every sealed run of the month has billed, with what any run has given for the month since. The papers of the runs that
/// are here are proved first; of those that are lost `kept` gives what the register keeps. `runs` are the partner's.
pub(super) fn billed<'a>(
    sealed: &SealedFolder,
    runs: impl Iterator<Item = &'a Neighbour>,
    kept: impl Fn(&str) -> Result<Option<Kept>, RunError>,
) -> Result<Vec<Billed>, RunError> {
    let month = sealed.inputs.period;
    let given = |run: &Neighbour| {
        if run.is_here {
            intact(&run.folder)?;
            return documents(&run.folder);
        }
        Ok(kept(&run.seal)?.map(|kept| documents_of(&run.folder, &kept)).transpose()?.unwrap_or_default())
    };
    let mut runs = runs
        .filter(|run| run.inputs.period >= month)
        .map(|run| Ok((run, given(run)?)))
        .collect::<Result<Vec<(&Neighbour, Close)>, RunError>>()?;
    let order = |it: &Neighbour| (it.inputs.period, it.inputs.run.len(), it.inputs.run.clone(), it.seal.clone());
    runs.sort_by_cached_key(|(run, _)| order(run));
    let mut billed = Vec::new();
    for (run, close) in runs.iter_mut().filter(|(run, _)| run.inputs.period == month) {
        let Inputs { run: name, terms, .. } = &run.inputs;
        let (rate_card, invoice) = (terms.rate_card.clone(), terms.invoice.clone());
        let invoices = std::mem::take(&mut close.invoices);
        billed.push(Billed { run: name.clone(), seal: run.seal.clone(), rate_card, invoice, invoices });
    }
    let notes = || runs.iter().flat_map(|(_, close)| &close.notes);
    let added_to = noted(notes());
    for invoice in billed.iter_mut().flat_map(|run| &mut run.invoices) {
        let added = added_to.get(invoice.number.as_str()).copied().unwrap_or_default();
        invoice.left = Some(invoice.total + added);
    }
    let numbers: BTreeSet<String> =
        billed.iter().flat_map(|run| &run.invoices).map(|invoice| invoice.number.clone()).collect();
    let of_month = |number: &str| numbers.contains(number).then_some(month);
    // What was held once and given since names an invoice as well.
    let was_held = notes().filter(|note| note.was_held());
    let since: BTreeMap<Customer, Corrected> =
        was_held.map(|note| (customer(&note.document), note.corrects.clone())).collect();
    let mut own: BTreeMap<Customer, (usize, usize)> = BTreeMap::new();
    for (place, run) in billed.iter().enumerate() {
        own.extend(run.invoices.iter().enumerate().map(|(of_run, it)| (customer(it), (place, of_run))));
    }
    for (run, close) in &runs {
        let given = (close.notes.as_slice(), close.credits.as_slice());
        for change in changes(run.inputs.period, given, of_month).into_iter().filter(|it| it.month == month) {
            let names = change.names.or_else(|| since.get(&customer(change.document))).cloned();
            take(&mut billed, &mut own, &run.inputs.run, &change, names);
        }
    }
    Ok(billed)
}

/// A customer in a currency.
type Customer = (String, Currency);

fn customer(of: &BilledInvoice) -> Customer {
    (of.account.clone(), of.currency)
}

/// Takes what a run changed into what its customer was billed with; where that is nothing yet, it is what was given back alone.
fn take(
    billed: &mut [Billed],
    own: &mut BTreeMap<Customer, (usize, usize)>,
    run: &str,
    change: &Change<'_>,
    names: Option<Corrected>,
) {
    let known = own.get(&customer(change.document));
    if let Some(month) = known.and_then(|(place, of_run)| billed.get_mut(*place)?.invoices.get_mut(*of_run)) {
        month.correct(change.document, &change.numbers);
        month.names = month.names.take().or(names).filter(|_| month.is_credit);
    } else if let Some((place, of_run)) = billed.iter_mut().enumerate().find(|(_, it)| it.run == run) {
        let corrected_by = change.numbers.clone();
        own.insert(customer(change.document), (place, of_run.invoices.len()));
        of_run.invoices.push(BilledInvoice { corrected_by, is_credit: true, names, ..change.document.clone() });
    }
}

/// The documents of a run whose folder is lost, as the register keeps them.
fn documents_of(folder: &Path, kept: &Kept) -> Result<Close, RunError> {
    let malformed =
        |refused: serde_json::Error| RunError::Malformed { path: folder.to_owned(), reason: refused.to_string() };
    let mut close: Close = serde_json::from_str(&kept.papers).map_err(malformed)?;
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
