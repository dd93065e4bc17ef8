//! The list of breaks as the sealed runs leave it: each break once, where it stands now, with all that was decided.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::{Noted, Outcome, Register, RegisterError, Sighting};
use crate::domain::{Action, Age, Decision, Period, Standing};

/// One break, where it stands now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// As the last run of its month reported it, or the one before where that no longer does.
    pub sighting: Sighting,
    /// The run that reported it so.
    pub run: String,
    /// Where it stands.
    pub standing: Standing,
    /// The last run that says so.
    pub last_run: String,
    /// Days from its youngest entry to the cut-off of that run.
    pub age_days: u64,
    /// The break that cleared it or took its place.
    pub by: Option<String>,
    /// Why it stands so; empty where it was only found.
    pub why: String,
    /// Every decision, in the order in which they were made.
    pub decisions: Vec<Decision>,
}

impl Listed {
    /// Its age.
    #[must_use]
    pub const fn age(&self) -> Age {
        Age::of(self.age_days)
    }

    /// The decision that counts on a day.
    #[must_use]
    pub fn decision(&self, today: NaiveDate) -> Option<Decision> {
        Decision::leading(&in_force(self.decisions.clone(), today)).cloned()
    }
}

/// Of each action on each break the last decision, where it has not expired, in the order in which they were made.
pub(super) fn in_force(mut decisions: Vec<Decision>, today: NaiveDate) -> Vec<Decision> {
    let mut superseded: BTreeSet<(String, Action)> = BTreeSet::new();
    decisions.reverse();
    decisions.retain(|it| superseded.insert((it.break_id.clone(), it.action)) && it.holds_on(today));
    decisions.reverse();
    decisions
}

impl Register {
    /// Every break that a sealed run reported, sorted by id.
    ///
    /// # Errors
    /// When the database refuses, or a row is not what it promises.
    pub fn breaks(&self) -> Result<Vec<Listed>, RegisterError> {
        let mut decided: BTreeMap<String, Vec<Decision>> = BTreeMap::new();
        for decision in self.decisions(None)? {
            decided.entry(decision.break_id.clone()).or_default().push(decision);
        }
        let mut listed = listed(&self.noted()?);
        for it in &mut listed {
            it.decisions = decided.remove(&it.sighting.id).unwrap_or_default();
        }
        Ok(listed)
    }

    /// One break.
    ///
    /// # Errors
    /// When no sealed run reported it, or the database refuses.
    pub fn find(&self, id: &str) -> Result<Listed, RegisterError> {
        let found = self.breaks()?.into_iter().find(|it| it.sighting.id == id);
        found.ok_or_else(|| RegisterError::Unknown(id.to_owned()))
    }
}

/// Where each break stands after these runs, which come by month, closes before rechecks, and place among them. The last run
/// of a month speaks for it: what an earlier one says of later matters no longer counts, what it found is told by the last
/// one's outcomes. What a recheck of an earlier run found, the last run has read for itself.
fn listed(runs: &[Noted]) -> Vec<Listed> {
    let closes = runs.iter().filter(|run| run.of.is_none());
    let last: BTreeMap<Period, &Noted> = closes.map(|run| (run.period, run)).collect();
    let mut listed: BTreeMap<String, Listed> = BTreeMap::new();
    for run in runs {
        let last = last.get(&run.period);
        let speaks = last.is_some_and(|last| last.seal == *run.of.as_ref().unwrap_or(&run.seal));
        for Outcome { id, standing, by, why, age_days, .. } in run.outcomes.iter().filter(|_| speaks) {
            if let Some(it) = listed.get_mut(id).filter(|it| it.standing.is_open()) {
                (it.standing, it.by, it.why) = (*standing, by.clone(), why.clone());
                // A recheck looks back at its own month, and makes nothing younger.
                (it.last_run, it.age_days) = (run.run.clone(), it.age_days.max(*age_days));
            }
        }
        for sighting in &run.sightings {
            let (read_anew, age_days) = (!speaks && run.of.is_some(), sighting.age_days);
            let (standing, last_run, why) = match last.filter(|_| read_anew) {
                Some(last) => (Standing::Resolved, &last.run, format!("{} read the month anew since", last.run)),
                None => (sighting.standing, &run.run, String::new()),
            };
            let it = Listed {
                last_run: last_run.clone(),
                run: run.run.clone(),
                standing,
                age_days,
                by: None,
                why,
                decisions: Vec::new(),
                sighting: sighting.clone(),
            };
            listed.insert(sighting.id.clone(), it);
        }
    }
    listed.into_values().collect()
}
