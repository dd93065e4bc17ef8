//! The chain of seals: each run names the seal of the month before, and that must be one that a run of that month has.

use super::error::RunError;
use super::neighbours::Neighbour;
use super::shelf_error::ShelfError;
use crate::register::{Known, Mark};

/// Refuses runs of which one names a seal of the month before that no run of that month has, though there are some: one of the
/// two was made anew. Where nothing of the month before is known there is nothing to compare.
pub(super) fn refuse_broken(runs: &[Neighbour], known: &[&Known], partner: &str) -> Result<(), RunError> {
    for run in runs.iter().filter(|run| run.is_here && run.inputs.partner == partner) {
        let (Some(previous), month) = (&run.inputs.previous, run.inputs.period.previous()) else { continue };
        let of_month = || runs.iter().filter(|it| it.inputs.period == month);
        let own = of_month().filter(|it| it.inputs.partner == partner).map(|it| (&it.inputs.run, &it.seal));
        let kept = known
            .iter()
            .filter(|it| it.period == month && it.of.is_none() && it.mark != Mark::Recorded)
            .map(|it| (&it.run, &it.seal));
        let mut found: Vec<(&String, &String)> = own.chain(kept).collect();
        found.sort();
        found.dedup();
        let is_there = found.iter().any(|(_, seal)| *seal == previous) || of_month().any(|it| it.seal == *previous);
        if !is_there && !found.is_empty() {
            return Err(ShelfError::Unchained {
                run: run.inputs.run.clone(),
                previous: previous.clone(),
                month,
                found: found.iter().map(|(run, seal)| format!("{run} has seal {seal}")).collect::<Vec<_>>().join(", "),
            }
            .into());
        }
    }
    Ok(())
}
