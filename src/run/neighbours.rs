//! The runs that are sealed beside this one, and what they hand on: invoice numbers, closing balances, what is open, what
//! the register notes. Their papers are believed only where their bytes are those that were sealed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDate};
use serde::Deserialize;

use super::error::RunError;
use super::folder::{archive_beside, parent, previous_seal, register_files, sealed_folders};
use super::inputs::{Earlier, Inputs, RUN_FILE};
use super::recheck::{SealedRecheck, is_recheck_text, left_open, rechecks_of};
use crate::domain::{
    Again, Aged, Amount, Calendar, Carried, Class, Closing, Currency, OpenBreak, Period, Severity, Standing, sha256,
};
use crate::invoice::{Issued, RateCard};
use crate::register::{Noted, Outcome, Register, Sighting};
use crate::seal::{read_seal, sealed_paper};

/// A run that is sealed, as its own papers tell it.
struct Neighbour {
    folder: PathBuf,
    seal: String,
    inputs: Inputs,
    close: SealedClose,
}

/// What `close.json` says of it.
#[derive(Deserialize)]
struct SealedClose {
    invoices: Vec<SealedInvoice>,
    accounts: Vec<SealedAccount>,
    breaks: Vec<SealedBreak>,
    #[serde(default)]
    carried: Vec<SealedOutcome>,
}

#[derive(Deserialize)]
struct SealedInvoice {
    number: String,
    account: String,
    currency: Currency,
    total: Amount,
}

#[derive(Deserialize)]
struct SealedAccount {
    account: String,
    currency: Currency,
    closing: Option<Amount>,
}

#[derive(Deserialize)]
struct SealedBreak {
    break_id: String,
    class: Class,
    account: Option<String>,
    currency: Option<Currency>,
    entry_ids: Vec<String>,
    reference: Option<String>,
    field: String,
    master_value: String,
    customer_value: String,
    legs: Vec<SealedLeg>,
    #[serde(default)]
    on_wallet: Option<Amount>,
    explanation: String,
    standing: Option<String>,
    #[serde(default)]
    dated: String,
    #[serde(default)]
    age_days: u64,
    #[serde(default)]
    first_run: String,
    #[serde(default)]
    open: bool,
}

#[derive(Deserialize)]
struct SealedLeg {
    currency: Currency,
    effect: Amount,
}

#[derive(Deserialize)]
struct SealedOutcome {
    break_id: String,
    standing: String,
    asked_again: bool,
    by: Option<String>,
    why: String,
    age_days: u64,
}

/// Reads what the runs sealed beside this one hand on, to invoices of a card and a day; `read_on` tells on which day a run's evidence was read, where the
/// archive holds it. A simulated month stands alone.
pub(super) fn earlier(
    folder: &Path,
    period: Period,
    partner: &str,
    card: (&RateCard, NaiveDate),
    is_simulated: bool,
    read_on: &dyn Fn(&Inputs) -> Option<NaiveDate>,
) -> Result<Earlier, RunError> {
    if is_simulated {
        return Ok(Earlier { numbers_from: card.0.first_number(), ..Earlier::default() });
    }
    let (card, date) = card;
    let mut runs = neighbours(&parent(folder), Some(folder))?;
    let numbers = runs.iter().flat_map(|run| &run.close.invoices).filter_map(|it| card.place_of(&it.number, date));
    let numbers_from = numbers.max().map_or(card.first_number(), |last| last.saturating_add(1));
    let issued = runs.iter().filter(|run| run.inputs.period == period).flat_map(Neighbour::issued).collect();
    runs.retain(|run| run.inputs.partner == partner);
    let carried = carried(&runs, period, read_on)?;
    Ok(Earlier {
        numbers_from,
        issued,
        previous: previous_seal(folder, period)?,
        carried,
        again: again(&runs, period),
        decisions: Vec::new(),
    })
}

/// What rechecks have found, since they were sealed, in a partner's runs of the months before one, sorted by id; of a
/// simulated run nothing.
///
/// # Errors
/// When the folder cannot be listed, or a run or the newest recheck of a month is not what was sealed or cannot be read.
pub fn open_breaks(reports: &Path, month: Period, partner: &str) -> Result<Vec<OpenBreak>, RunError> {
    let mut runs = neighbours(reports, None)?;
    runs.retain(|run| run.inputs.partner == partner);
    Ok(rechecked(&last_runs(&runs, month))?.into_values().collect())
}

/// The last run of each month before this one: what an earlier one lacked is in its own papers.
fn last_runs(runs: &[Neighbour], period: Period) -> BTreeMap<Period, &Neighbour> {
    runs.iter().filter(|run| run.inputs.period < period).map(|run| (run.inputs.period, run)).collect()
}

/// What rechecks of these runs have found, by id.
fn rechecked(months: &BTreeMap<Period, &Neighbour>) -> Result<BTreeMap<String, OpenBreak>, RunError> {
    let mut open = BTreeMap::new();
    for run in months.values() {
        open.extend(left_open(rechecks_of(&run.folder, &run.seal)?).map(|it| (it.id.clone(), it)));
    }
    Ok(open)
}

/// What the months before hand on: each as its last run says, and a recheck of it, less what a later one says is gone.
fn carried(
    runs: &[Neighbour],
    period: Period,
    read_on: &dyn Fn(&Inputs) -> Option<NaiveDate>,
) -> Result<Option<Carried>, RunError> {
    let mut months = last_runs(runs, period);
    let mut open = rechecked(&months)?;
    for run in months.values() {
        for gone in run.close.carried.iter().filter(|it| !standing(&it.standing).is_open()) {
            open.remove(&gone.break_id);
        }
        for own in run.close.breaks.iter().filter(|it| it.open) {
            open.entry(own.break_id.clone()).or_insert_with(|| own.handed_on());
        }
    }
    let Some((month, last)) = months.pop_last() else { return Ok(None) };
    Ok(Some(Carried {
        run: last.inputs.run.clone(),
        seal: last.seal.clone(),
        adjoins: month == period.previous(),
        read_late: read_on(&last.inputs).is_none_or(|day| day >= period.day_after()),
        closings: last.closings(),
        open: open.into_values().collect(),
    }))
}

/// What the last run of the same month found, notices aside.
fn again(runs: &[Neighbour], period: Period) -> Option<Again> {
    let last = runs.iter().rfind(|run| run.inputs.period == period)?;
    let found = last.close.breaks.iter().filter(|it| it.class.severity() > Severity::Notice);
    let mut open: Vec<OpenBreak> = found.map(SealedBreak::handed_on).collect();
    open.sort_by(|a, b| a.id.cmp(&b.id));
    Some(Again { run: last.inputs.run.clone(), seal: last.seal.clone(), open })
}

/// The sealed runs of a folder, simulated ones aside, by month and place in it.
fn neighbours(reports: &Path, own: Option<&Path>) -> Result<Vec<Neighbour>, RunError> {
    let mut runs = Vec::new();
    for folder in sealed_folders(reports, own)? {
        let sealed = read_seal(&folder)?;
        let of = |name: &str, reason: String| RunError::Malformed { path: folder.join(name), reason };
        // Whether it is a recheck is believed of the sealed bytes alone.
        let text = sealed_paper(&folder, &sealed, RUN_FILE)?;
        if is_recheck_text(&text) {
            continue;
        }
        let inputs = Inputs::from_json(&text).map_err(|why| of(RUN_FILE, why))?;
        if inputs.terms.scenario.is_none() {
            const CLOSE: &str = "close.json";
            let close = serde_json::from_slice(&sealed_paper(&folder, &sealed, CLOSE)?);
            let close = close.map_err(|refused| of(CLOSE, refused.to_string()))?;
            let seal = sha256(sealed.to_text().as_bytes());
            runs.push(Neighbour { folder, seal, inputs, close });
        }
    }
    runs.sort_by_key(|run| (run.inputs.period, run.number()));
    Ok(runs)
}

impl Neighbour {
    /// Its place among the runs of its month, from 1.
    fn number(&self) -> u32 {
        self.inputs.run.rsplit_once(".r").and_then(|(_, number)| number.parse().ok()).unwrap_or(1)
    }

    fn issued(&self) -> impl Iterator<Item = Issued> {
        self.close.invoices.iter().map(|it| Issued {
            number: it.number.clone(),
            account: it.account.clone(),
            currency: it.currency,
            total: it.total,
            run: self.inputs.run.clone(),
        })
    }

    fn closings(&self) -> Vec<Closing> {
        let known =
            self.close.accounts.iter().filter_map(|it| {
                Some(Closing { account: it.account.clone(), currency: it.currency, amount: it.closing? })
            });
        let mut closings: Vec<Closing> = known.collect();
        closings.sort();
        closings
    }

    fn noted(&self) -> Noted {
        let sightings = self.close.breaks.iter().filter(|it| it.class.severity() > Severity::Notice);
        let outcomes = self.close.carried.iter().map(|it| Outcome {
            id: it.break_id.clone(),
            standing: standing(&it.standing),
            asked: it.asked_again,
            by: it.by.clone(),
            why: it.why.clone(),
            age_days: it.age_days,
        });
        Noted {
            run: self.inputs.run.clone(),
            period: self.inputs.period,
            number: self.number(),
            seal: self.seal.clone(),
            of: None,
            sightings: sightings.map(SealedBreak::sighting).collect(),
            outcomes: outcomes.collect(),
        }
    }

    /// A recheck of it; ages are those at the month's own cut-off.
    fn noted_recheck(&self, recheck: SealedRecheck) -> Noted {
        let calendar = Calendar::new(self.inputs.period, self.inputs.terms.timezone);
        let sighting = |it: &OpenBreak| Sighting {
            id: it.id.clone(),
            class: it.class,
            account: it.account.clone(),
            currency: it.currency,
            effect: it.effect,
            gross: it.gross,
            entries: it.entry_ids.join("; "),
            standing: if it.first_run == recheck.run { Standing::New } else { Standing::Persisting },
            dated: Calendar::instant(it.dated),
            age_days: Aged::at_cut_off(&calendar, it.dated).days,
            first_run: it.first_run.clone(),
            explanation: it.explanation.clone(),
        };
        Noted {
            sightings: recheck.findings.iter().map(sighting).collect(),
            run: recheck.run,
            period: self.inputs.period,
            number: recheck.number,
            seal: recheck.seal,
            of: Some(self.seal.clone()),
            outcomes: recheck.outcomes,
        }
    }
}

impl SealedBreak {
    /// Σ of its effects in its currency, and Σ |effect|.
    fn sums(&self) -> (Amount, Amount) {
        let legs = || self.legs.iter().filter(|leg| Some(leg.currency) == self.currency).map(|leg| leg.effect);
        let own = || legs().chain(self.on_wallet);
        (own().sum(), own().map(Amount::abs).sum())
    }

    fn handed_on(&self) -> OpenBreak {
        let (effect, gross) = self.sums();
        let dated = DateTime::parse_from_rfc3339(&self.dated).map_or(0, |moment| moment.timestamp_micros());
        OpenBreak {
            id: self.break_id.clone(),
            class: self.class,
            account: self.account.clone(),
            currency: self.currency,
            entry_ids: self.entry_ids.clone(),
            reference: self.reference.clone(),
            field: self.field.clone(),
            master_value: self.master_value.clone(),
            customer_value: self.customer_value.clone(),
            effect,
            gross,
            since_the_seal: Amount::ZERO,
            dated,
            first_run: self.first_run.clone(),
            explanation: self.explanation.clone(),
        }
    }

    fn sighting(&self) -> Sighting {
        let (effect, gross) = self.sums();
        Sighting {
            id: self.break_id.clone(),
            class: self.class,
            account: self.account.clone(),
            currency: self.currency,
            effect,
            gross,
            entries: self.entry_ids.join("; "),
            standing: self.standing.as_deref().map_or(Standing::New, standing),
            dated: self.dated.clone(),
            age_days: self.age_days,
            first_run: self.first_run.clone(),
            explanation: self.explanation.clone(),
        }
    }
}

/// A standing by its word; one that this version does not know is not taken for resolved.
fn standing(word: &str) -> Standing {
    word.parse().unwrap_or(Standing::Persisting)
}

/// A partner's register: beside its archive.
#[must_use]
pub fn register_of(folder: &Path, partner: &str, archive: Option<&Path>) -> PathBuf {
    archive_beside(folder, partner, archive).with_file_name(format!("{partner}.register.sqlite"))
}

/// Notes every sealed run of the register's partner that stands in a folder, and every recheck of it, where it is not noted
/// yet. Decisions that a run was sealed with and that the register does not hold, because it was lost, are taken back into
/// it: how many they are is told.
///
/// # Errors
/// When a run cannot be read or was altered, or the register refuses.
pub fn note(reports: &Path, register: &mut Register) -> Result<usize, RunError> {
    let (partner, mut restored) = (register.partner().to_owned(), 0);
    for run in neighbours(reports, None)?.iter().filter(|run| run.inputs.partner == partner) {
        register.note(&run.noted())?;
        for recheck in rechecks_of(&run.folder, &run.seal)? {
            register.note(&run.noted_recheck(recheck))?;
        }
        restored += register.take_back(&run.inputs.decisions)?;
    }
    Ok(restored)
}

/// Opens the register for the sealed runs of a folder, brought up to date with them: the file named, else the only one in the
/// folder that the archives stand in, which is made where there is none yet. Tells how many decisions it took back from
/// sealed runs.
///
/// # Errors
/// When there is neither a register nor a sealed run, when there are several partners, when a run was altered, or the
/// register refuses.
pub fn open_register(reports: &Path, beside: &Path, named: Option<&Path>) -> Result<(Register, usize), RunError> {
    let mut register = if let Some(file) = named {
        Register::open_existing(file)?
    } else {
        let mut found: BTreeMap<String, PathBuf> = register_files(beside)?;
        for run in neighbours(reports, None)? {
            let partner = run.inputs.partner;
            found.entry(partner.clone()).or_insert_with(|| beside.join(format!("{partner}.register.sqlite")));
        }
        let mut found = found.into_iter();
        match (found.next(), found.next()) {
            (Some((partner, file)), None) => Register::open(&file, &partner)?,
            (None, _) => return Err(RunError::NoRegister(reports.to_owned())),
            (Some((one, _)), Some((other, _))) => {
                return Err(RunError::SeveralRegisters {
                    folder: reports.to_owned(),
                    partners: format!("{one}, {other}"),
                });
            }
        }
    };
    let restored = note(reports, &mut register)?;
    Ok((register, restored))
}
