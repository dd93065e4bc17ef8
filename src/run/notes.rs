//! The credit and debit notes of sealed runs: which invoice each bears on, and what the runs hand on to the notes of the next.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::Deserialize;

use super::neighbours::Neighbour;
use super::recheck::SealedRecheck;
use crate::domain::{Amount, Currency, Period};
use crate::invoice::{BilledInvoice, Corrected, Corrections, Issued, LastInvoice, NoteDue, RateCard};

/// A note as `close.json` states it.
#[derive(Deserialize)]
pub(super) struct SealedNote {
    pub(super) kind: SealedKind,
    reason: SealedReason,
    corrects: Corrected,
    #[serde(flatten)]
    pub(super) document: BilledInvoice,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum SealedKind {
    Credit,
    Debit,
}

#[derive(PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum SealedReason {
    Refunds,
    Recheck,
}

/// A note as `recheck.json` proposes it.
#[derive(Clone, Deserialize)]
pub(super) struct Proposal {
    note_id: String,
    kind: String,
    status: String,
    run: Option<String>,
    #[serde(default)]
    correction: Option<BilledInvoice>,
    #[serde(default)]
    corrected_by: Vec<String>,
}

impl SealedNote {
    /// The number of the document whose lines it changes. A recheck's note changes the one that it names. A note for refunds,
    /// whichever invoice it names, is of its own month: it stands beside the customer's invoice of its run, of which this
    /// finds the number, and by itself where there is none.
    pub(super) fn changes(&self, invoice_of: impl Fn(&str, Currency) -> Option<String>) -> Option<String> {
        match self.reason {
            SealedReason::Recheck => Some(self.corrects.number.clone()),
            SealedReason::Refunds => invoice_of(&self.document.account, self.document.currency),
        }
    }

    /// Whether it is for refunds of the month of its run.
    pub(super) fn is_for_refunds(&self) -> bool {
        self.reason == SealedReason::Refunds
    }
}

/// The places of the first credit and the first debit note: after the last that any run gave in the series; 0 where none did.
pub(super) fn numbered(runs: &[Neighbour], card: &RateCard, date: NaiveDate) -> [u64; 2] {
    [(SealedKind::Credit, card.credit_notes()), (SealedKind::Debit, card.debit_notes())].map(|(kind, series)| {
        let notes = runs.iter().flat_map(|run| &run.close.notes).filter(|note| note.kind == kind);
        let last = notes.filter_map(|note| series.place_of(&note.document.number, date)).max();
        last.map_or(0, |last| last.saturating_add(1))
    })
}

/// What the runs of a month gave, as notes have corrected it since.
pub(super) fn issued(runs: &[Neighbour], period: Period) -> Vec<Issued> {
    let of_rechecks = runs.iter().flat_map(|run| &run.close.notes).filter(|note| !note.is_for_refunds());
    let mut added: BTreeMap<&str, Amount> = BTreeMap::new();
    for note in of_rechecks {
        *added.entry(&note.corrects.number).or_default() += note.document.total;
    }
    let issued = runs.iter().filter(|run| run.inputs.period == period).flat_map(Neighbour::issued);
    issued
        .map(|it| {
            let total = it.total + added.get(it.number.as_str()).copied().unwrap_or_default();
            Issued { total, ..it }
        })
        .collect()
}

/// What a partner's runs hand on to the notes of a month's close; `rechecks` are those of the last run of each month before.
pub(super) fn corrections(
    runs: &[Neighbour],
    period: Period,
    rechecks: &[Vec<SealedRecheck>],
    [credit_from, debit_from]: [u64; 2],
) -> Corrections {
    Corrections { credit_from, debit_from, last: last(runs, period), due: due(runs, rechecks) }
}

/// The last invoice of each customer and currency before a month.
fn last(runs: &[Neighbour], period: Period) -> Vec<LastInvoice> {
    let mut noted: BTreeMap<&str, Amount> = BTreeMap::new();
    // What an earlier run of the month itself gave back is billed already, and not held against it again.
    for note in runs.iter().filter(|run| run.inputs.period < period).flat_map(|run| &run.close.notes) {
        *noted.entry(&note.corrects.number).or_default() += note.document.total;
    }
    let mut last: BTreeMap<(&str, Currency), LastInvoice> = BTreeMap::new();
    for run in runs.iter().filter(|run| run.inputs.period < period) {
        for it in &run.close.invoices {
            let Ok(date) = it.date.parse() else { continue };
            let (number, run) = (it.number.clone(), run.inputs.run.clone());
            let left = it.total + noted.get(it.number.as_str()).copied().unwrap_or_default();
            let invoice = LastInvoice {
                account: it.account.clone(),
                currency: it.currency,
                invoice: Corrected { number, date, run },
                gstin: it.gstin.clone(),
                place: it.place_of_supply.as_ref().map(|place| place.code.clone()),
                supply: it.supply,
                left: Some(left),
            };
            last.insert((&it.account, it.currency), invoice);
        }
    }
    last.into_values().collect()
}

/// What the last recheck of each month proposes, where every note that its invoice had got since was known to it: one that
/// was made before a note was given would give the same again.
fn due(runs: &[Neighbour], rechecks: &[Vec<SealedRecheck>]) -> Vec<NoteDue> {
    let mut given: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for run in runs {
        let invoices = run.invoices_by_customer();
        for note in &run.close.notes {
            let own = |account: &str, currency| invoices.get(&(account, currency)).map(|number| (*number).to_owned());
            let changed = note.changes(own);
            given.entry(changed.unwrap_or_default()).or_default().insert(&note.document.number);
        }
    }
    let mut due = Vec::new();
    for recheck in rechecks.iter().filter_map(|of_run| of_run.last()) {
        let proposed = recheck.notes.iter().filter(|it| it.status == "proposed" && it.kind != "level");
        for it in proposed {
            let Some((note, run)) = it.correction.clone().zip(it.run.clone()) else { continue };
            let known: BTreeSet<&str> = it.corrected_by.iter().map(String::as_str).collect();
            let is_current = given.get(&note.number).map_or(known.is_empty(), |given| *given == known);
            let Ok(date) = note.date.parse() else { continue };
            if is_current {
                due.push(NoteDue {
                    proposal: it.note_id.clone(),
                    recheck: recheck.run.clone(),
                    corrects: Corrected { number: note.number.clone(), date, run },
                    note,
                });
            }
        }
    }
    due
}
