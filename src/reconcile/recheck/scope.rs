//! Which ledgers can be compared: those that were proved whole at both times.

use std::collections::{BTreeMap, BTreeSet};

use super::Reading;
use crate::domain::{AccountId, List, Side};
use crate::normalise::{ListRecord, ListState};

/// A ledger that could not be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The ledger.
    pub ledger: List,
    /// What is lacking.
    pub kind: GapKind,
    /// Rows that were received of it: now, where it was never sealed whole; as sealed, where it cannot be read now.
    pub rows: u64,
    /// Why.
    pub reason: String,
}

/// What a ledger lacks to be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GapKind {
    /// It is not to be had whole now: nothing of it is taken for vanished.
    NotRechecked,
    /// It was not whole when the month was sealed: nothing of it is taken for late.
    NeverSealed,
}

impl GapKind {
    /// The word on the papers.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotRechecked => "not-rechecked",
            Self::NeverSealed => "never-sealed",
        }
    }
}

/// What can be compared, and what cannot.
pub(super) struct Scope {
    /// The ledgers that were whole at both times.
    pub(super) compared: BTreeSet<List>,
    /// The others.
    pub(super) gaps: Vec<Gap>,
    /// Customers of whose ledger nothing can be read now.
    pub(super) unreadable_now: BTreeSet<String>,
}

/// How a ledger stands at one time.
enum Standing {
    /// Proved whole.
    Whole,
    /// Not to be had, or not proved.
    Lacking(String),
    /// Never asked for, because the account list did not hold its account.
    NoAccount,
}

impl Scope {
    pub(super) fn of(sealed: Reading<'_>, now: Reading<'_>, master_declared_absent: bool) -> Self {
        let [before, after] = [sealed, now].map(records);
        let [proved_before, proved_after] = [sealed, now].map(proved);
        let ledgers: BTreeSet<&List> = before.keys().chain(after.keys()).copied().collect();
        let rows =
            |records: &BTreeMap<&List, &ListRecord>, list: &List| records.get(list).map_or(0, |record| record.rows);
        let (mut compared, mut gaps, mut unreadable_now) = (BTreeSet::new(), Vec::new(), BTreeSet::new());
        for list in ledgers {
            let (was, is) = (
                standing(&proved_before, before.get(list).copied()),
                standing(&proved_after, after.get(list).copied()),
            );
            if let (Standing::Lacking(_) | Standing::NoAccount, Some(owner)) = (&is, list.owner())
                && !matches!(after.get(list).map(|record| &record.state), Some(ListState::Read))
            {
                unreadable_now.insert(owner.to_string());
            }
            let lost = |reason: String| Gap {
                ledger: list.clone(),
                kind: GapKind::NotRechecked,
                rows: rows(&before, list),
                reason,
            };
            match (was, is) {
                // An account that was opened since had nothing when the month was sealed.
                (Standing::Whole | Standing::NoAccount, Standing::Whole) => drop(compared.insert(list.clone())),
                (Standing::Lacking(reason), Standing::Whole) => {
                    let rows = rows(&after, list);
                    gaps.push(Gap { ledger: list.clone(), kind: GapKind::NeverSealed, rows, reason });
                }
                (Standing::Lacking(_), Standing::Lacking(_)) if *list == List::Master && master_declared_absent => {}
                (_, Standing::Lacking(reason)) => gaps.push(lost(reason)),
                // Of an account that had no entries nothing can have vanished.
                (Standing::Whole, Standing::NoAccount) if rows(&before, list) == 0 => {}
                (_, Standing::NoAccount) => {
                    gaps.push(lost("the account list does not hold the account any more".to_owned()));
                }
            }
        }
        Self { compared, gaps, unreadable_now }
    }
}

/// Whether the ledger that an account's total comes from was compared.
pub(super) fn holds(compared: &BTreeSet<List>, side: Side, account: &str) -> bool {
    match side {
        Side::Master => compared.contains(&List::Master),
        Side::Customer => AccountId::parse(account).is_ok_and(|owner| compared.contains(&List::Ledger(owner))),
    }
}

fn records(reading: Reading<'_>) -> BTreeMap<&List, &ListRecord> {
    let ledgers = reading.books.lists.iter().filter(|record| record.list.is_ledger());
    ledgers.map(|record| (&record.list, record)).collect()
}

/// The lists that were proved whole.
fn proved(reading: Reading<'_>) -> BTreeSet<&List> {
    reading.outcome.proofs.iter().filter(|proof| proof.verdict == "proved").map(|proof| &proof.list).collect()
}

fn standing(proved: &BTreeSet<&List>, record: Option<&ListRecord>) -> Standing {
    let Some(record) = record else { return Standing::NoAccount };
    match &record.state {
        ListState::Missing(reason) => return Standing::Lacking(reason.clone()),
        ListState::Unstable(reason) => return Standing::Lacking(format!("no two walks agreed: {reason}")),
        ListState::Read => {}
    }
    if record.unreadable > 0 {
        return Standing::Lacking(format!("{} of its rows cannot be read", record.unreadable));
    }
    if proved.contains(&record.list) {
        Standing::Whole
    } else {
        Standing::Lacking("its entries do not add up to its own totals".to_owned())
    }
}
