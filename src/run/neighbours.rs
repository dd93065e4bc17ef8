//! The runs that are sealed beside this one, and what they hand on: invoice numbers, closing balances, what is open, what
//! the register notes. Their papers are believed only where their bytes are those that were sealed.

mod kept;
mod sealed;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use chrono::NaiveDate;

use super::error::RunError;
use super::folder::{parent, sealed_folders};
use super::inputs::{Earlier, Inputs, RUN_FILE};
use super::recheck::{SealedRecheck, left_open, rechecks_of};
use super::{dates, notes};
use crate::domain::{Again, Carried, Currency, OpenBreak, Period, Severity};
use crate::invoice::{RateCard, Unbilled};
use crate::seal::{read_seal, sealed_paper};

pub(super) use sealed::Neighbour;
use sealed::{SealedBreak, standing};

/// Reads what the sealed runs of a shelf hand on, to invoices of a card and a day; `read_on` tells on which day a run's evidence was
/// read, where the archive holds it.
pub(super) fn earlier(
    mut runs: Vec<Neighbour>,
    (period, partner): (Period, &str),
    (card, date): (&RateCard, NaiveDate),
    read_on: &dyn Fn(&Inputs) -> Option<NaiveDate>,
) -> Result<Earlier, RunError> {
    let numbers =
        runs.iter().flat_map(|run| &run.close.invoices).filter_map(|it| card.series().place_of(&it.number, date));
    let first = card.series().first;
    let numbers_from = numbers.max().map_or(first, |last| last.saturating_add(1).max(first));
    let issued = notes::issued(&runs, period);
    let numbered = notes::numbered(&runs, card, date);
    let later_dated = dates::later_dated(&runs, card, date);
    runs.retain(|run| run.inputs.partner == partner);
    let months = last_runs(&runs, period);
    let rechecks = rechecked(&months)?;
    let corrections = notes::corrections(&runs, period, &last_rechecks(&runs, period)?, numbered);
    let unbilled = unbilled(&runs, &months);
    let previous = months.get(&period.previous()).map(|last| last.seal.clone());
    let carried = carried(months, rechecks, period, read_on);
    Ok(Earlier {
        numbers_from,
        issued,
        previous,
        carried,
        again: again(&runs, period),
        decisions: Vec::new(),
        corrections,
        unbilled,
        later_dated,
    })
}

/// The inputs of a run that is sealed beside this one and is the same but for what was handed on to it: of the same name, month,
/// partner, evidence and terms.
pub(super) fn sealed_already(folder: &Path, inputs: &Inputs) -> Result<Option<Inputs>, RunError> {
    let own = |inputs: &Inputs| inputs.clone().handed(Earlier::default()).to_json();
    for found in sealed_folders(&parent(folder), Some(folder))? {
        let text = sealed_paper(&found, &read_seal(&found)?, RUN_FILE)?;
        let Ok(sealed) = Inputs::from_json(&text) else { continue };
        if own(&sealed)? == own(inputs)? {
            return Ok(Some(sealed));
        }
    }
    Ok(None)
}

/// Whom the last run of each month before held, where no run of that month has billed it.
fn unbilled(runs: &[Neighbour], months: &BTreeMap<Period, &Neighbour>) -> Vec<Unbilled> {
    let mut found = Vec::new();
    for (period, last) in months {
        let of_month = runs.iter().filter(|run| run.inputs.period == *period);
        let billed: BTreeSet<(String, Currency)> =
            of_month.flat_map(Neighbour::issued).map(|it| (it.account, it.currency)).collect();
        let held = last.close.held.iter().filter(|it| !billed.contains(&(it.account.clone(), it.currency)));
        found.extend(held.map(|it| it.unbilled(*period, &last.inputs.run)));
    }
    found
}

/// What rechecks have found, since they were sealed, in a partner's runs of the months before one, sorted by id; of a
/// simulated run nothing.
///
/// # Errors
/// When the folder cannot be listed, or a run or the newest recheck of a month is not what was sealed or cannot be read.
pub fn open_breaks(reports: &Path, month: Period, partner: &str) -> Result<Vec<OpenBreak>, RunError> {
    let mut runs = neighbours(reports)?;
    runs.retain(|run| run.inputs.partner == partner);
    Ok(found(rechecked(&last_runs(&runs, month))?).into_values().collect())
}

/// The last run of each month before this one: what an earlier one lacked is in its own papers.
fn last_runs(runs: &[Neighbour], period: Period) -> BTreeMap<Period, &Neighbour> {
    runs.iter().filter(|run| run.inputs.period < period).map(|run| (run.inputs.period, run)).collect()
}

/// The rechecks of these runs, by month.
fn rechecked(months: &BTreeMap<Period, &Neighbour>) -> Result<Vec<Vec<SealedRecheck>>, RunError> {
    months.values().map(|run| rechecks_of(&run.folder, &run.seal, run.rechecks)).collect()
}

/// The rechecks of the last run of each month before that has any: what they propose for invoices of the month is due also where
/// a further run, which bills nobody again, has not been rechecked yet.
fn last_rechecks(runs: &[Neighbour], period: Period) -> Result<Vec<Vec<SealedRecheck>>, RunError> {
    let mut last: BTreeMap<Period, Vec<SealedRecheck>> = BTreeMap::new();
    for run in runs.iter().filter(|run| run.inputs.period < period) {
        let found = rechecks_of(&run.folder, &run.seal, run.rechecks)?;
        if !found.is_empty() {
            last.insert(run.inputs.period, found);
        }
    }
    Ok(last.into_values().collect())
}

/// What they have found, by id.
fn found(rechecks: Vec<Vec<SealedRecheck>>) -> BTreeMap<String, OpenBreak> {
    rechecks.into_iter().flat_map(left_open).map(|it| (it.id.clone(), it)).collect()
}

/// What the months before hand on: each as its last run says, and a recheck of it, less what a later one says is gone.
fn carried(
    mut months: BTreeMap<Period, &Neighbour>,
    rechecks: Vec<Vec<SealedRecheck>>,
    period: Period,
    read_on: &dyn Fn(&Inputs) -> Option<NaiveDate>,
) -> Option<Carried> {
    let mut open = found(rechecks);
    for run in months.values() {
        for gone in run.close.carried.iter().filter(|it| !standing(&it.standing).is_open()) {
            open.remove(&gone.break_id);
        }
        for own in run.close.breaks.iter().filter(|it| it.open) {
            open.entry(own.break_id.clone()).or_insert_with(|| own.handed_on());
        }
    }
    let (month, last) = months.pop_last()?;
    Some(Carried {
        run: last.inputs.run.clone(),
        seal: last.seal.clone(),
        adjoins: month == period.previous(),
        read_late: read_on(&last.inputs).is_none_or(|day| day >= period.day_after()),
        closings: last.closings(),
        open: open.into_values().collect(),
    })
}

/// What the last run of the same month found, notices aside.
fn again(runs: &[Neighbour], period: Period) -> Option<Again> {
    let last = runs.iter().rfind(|run| run.inputs.period == period)?;
    let found = last.close.breaks.iter().filter(|it| it.class.severity() > Severity::Notice);
    let mut open: Vec<OpenBreak> = found.map(SealedBreak::handed_on).collect();
    open.sort_by(|a, b| a.id.cmp(&b.id));
    Some(Again { run: last.inputs.run.clone(), seal: last.seal.clone(), open })
}

/// The sealed closes of a folder, simulated ones aside, by month and place in it; one that stands there twice is one.
pub(super) fn neighbours(reports: &Path) -> Result<Vec<Neighbour>, RunError> {
    let (mut runs, mut met): (Vec<Neighbour>, BTreeSet<String>) = (Vec::new(), BTreeSet::new());
    for folder in sealed_folders(reports, None)? {
        runs.extend(Neighbour::read(folder)?.filter(|run| met.insert(run.seal.clone())));
    }
    runs.sort_by_key(|run| (run.inputs.period, run.number()));
    Ok(runs)
}
