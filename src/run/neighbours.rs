//! The runs that are sealed beside this one, and what they hand on: invoice numbers, closing balances, what is open, what
//! the register notes. Their papers are believed only where their bytes are those that were sealed.

mod closings;
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
use sealed::{SealedBreak, SealedHeld, standing};

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
    let unbilled = unbilled(&runs, period);
    let previous = months.get(&period.previous()).map(|last| last.seal.clone());
    let carried = carried(&runs, months, rechecks, period, read_on);
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

/// Whom the months before held, where no run of its month has billed it: each as the last run says that lists the account at
/// all. Whoever is gone from the account list is owed no less for that.
fn unbilled(runs: &[Neighbour], period: Period) -> Vec<Unbilled> {
    let billed = notes::billed(runs);
    let mut ever: BTreeMap<Period, BTreeSet<&str>> = BTreeMap::new();
    for run in runs {
        ever.entry(run.inputs.period).or_default().extend(run.close.accounts.iter().map(|it| it.account.as_str()));
    }
    let mut months: BTreeMap<Period, BTreeMap<(String, Currency), Unbilled>> = BTreeMap::new();
    for run in runs.iter().filter(|run| run.inputs.period < period) {
        let month = run.inputs.period;
        let held = months.entry(month).or_default();
        let listed: BTreeSet<&str> = run.close.accounts.iter().map(|it| it.account.as_str()).collect();
        // An account that no run of the month lists is not gone: what the last run says of it counts.
        let is_gone =
            |account: &str| !listed.contains(account) && ever.get(&month).is_some_and(|ever| ever.contains(account));
        held.retain(|(account, _), _| is_gone(account));
        let open = |it: &&SealedHeld| match billed.get(&(month, it.account.clone(), it.currency)) {
            None => true,
            Some(invoiced) => !invoiced && it.asks_for_money(),
        };
        let own = run.close.held.iter().filter(|it| !it.credit).filter(open);
        held.extend(own.map(|it| ((it.account.clone(), it.currency), it.unbilled(month, &run.inputs.run))));
    }
    months.into_values().flat_map(BTreeMap::into_values).collect()
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
fn last_rechecks(runs: &[Neighbour], period: Period) -> Result<BTreeMap<Period, Vec<SealedRecheck>>, RunError> {
    let mut last: BTreeMap<Period, Vec<SealedRecheck>> = BTreeMap::new();
    for run in runs.iter().filter(|run| run.inputs.period < period) {
        let found = rechecks_of(&run.folder, &run.seal, run.rechecks)?;
        if !found.is_empty() {
            last.insert(run.inputs.period, found);
        }
    }
    Ok(last)
}

/// What they have found, by id.
fn found(rechecks: Vec<Vec<SealedRecheck>>) -> BTreeMap<String, OpenBreak> {
    rechecks.into_iter().flat_map(left_open).map(|it| (it.id.clone(), it)).collect()
}

/// What the runs of some months left open, and what is closed. Of a month its last run that speaks of a break decides: what it
/// could not ask again stays open. That a month could not ask opens nothing that another has closed.
#[derive(Default)]
struct Left {
    open: BTreeMap<String, OpenBreak>,
    closed: BTreeSet<String>,
}

impl Left {
    fn by(runs: &[Neighbour], until: impl Fn(Period) -> bool, is_open: fn(&SealedBreak) -> bool) -> Self {
        let mut left = Self::default();
        let months = runs.chunk_by(|a, b| a.inputs.period == b.inputs.period);
        for of_month in months.filter(|of_month| of_month.first().is_some_and(|run| until(run.inputs.period))) {
            let (mut said, mut found) = (BTreeMap::new(), BTreeMap::new());
            for run in of_month {
                let told = run.close.carried.iter().map(|it| (it.break_id.as_str(), standing(&it.standing).is_open()));
                said.extend(told.chain(run.close.breaks.iter().map(|it| (it.break_id.as_str(), is_open(it)))));
                found.extend(run.close.breaks.iter().filter(|it| is_open(it)).map(|it| (it.break_id.as_str(), it)));
            }
            for (id, is_open) in said {
                if !is_open {
                    left.closed.insert(id.to_owned());
                } else if let Some(found) = found.get(id) {
                    left.closed.remove(id);
                    left.open.insert(id.to_owned(), found.handed_on());
                }
            }
        }
        left
    }

    /// All of it with findings of rechecks, sorted by id.
    fn with(mut self, found: BTreeMap<String, OpenBreak>) -> Vec<OpenBreak> {
        self.open.extend(found);
        self.open.into_values().filter(|it| !self.closed.contains(&it.id)).collect()
    }
}

/// What the months before hand on: each as its runs say, and a recheck of the last, less what a later one says is gone.
fn carried(
    runs: &[Neighbour],
    mut months: BTreeMap<Period, &Neighbour>,
    rechecks: Vec<Vec<SealedRecheck>>,
    period: Period,
    read_on: &dyn Fn(&Inputs) -> Option<NaiveDate>,
) -> Option<Carried> {
    let left = Left::by(runs, |month| month < period, |it| it.open);
    let closings = closings::closings(runs, &months, period, read_on);
    let (month, last) = months.pop_last()?;
    Some(Carried {
        run: last.inputs.run.clone(),
        seal: last.seal.clone(),
        adjoins: month == period.previous(),
        read_late: read_on(&last.inputs).is_none_or(|day| day >= period.day_after()),
        closings,
        open: left.with(found(rechecks)),
    })
}

/// What the runs of the same month found, notices aside.
fn again(runs: &[Neighbour], period: Period) -> Option<Again> {
    let last = runs.iter().rfind(|run| run.inputs.period == period)?;
    let left = Left::by(runs, |month| month == period, |it| it.class.severity() > Severity::Notice);
    Some(Again { run: last.inputs.run.clone(), seal: last.seal.clone(), open: left.with(BTreeMap::new()) })
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
