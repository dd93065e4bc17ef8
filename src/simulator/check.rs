//! Checks findings against what was planted: every break found once, none missed, none invented.

use super::flaws::Planted;
use super::world::World;
use crate::domain::{Break, Family};

impl World {
    /// What a close got wrong, in sentences: planted flaws that it missed, findings that nobody planted. Nothing when it
    /// found exactly what there is to find.
    #[must_use]
    pub fn mistakes(&self, found: &[Break]) -> Vec<String> {
        let mut open: Vec<&Break> = found.iter().collect();
        let mut mistakes = Vec::new();
        for planted in self.planted() {
            match open.iter().position(|found| is_of(found, planted)) {
                Some(place) => drop(open.swap_remove(place)),
                None => mistakes.push(format!("missed: {}", name_of(planted))),
            }
        }
        mistakes.extend(open.into_iter().map(|found| format!("invented: {}: {}", found.class(), found.explanation())));
        mistakes.sort();
        mistakes
    }
}

fn is_of(found: &Break, planted: &Planted) -> bool {
    found.class() == planted.class
        && planted.entry_id.as_ref().map_or_else(
            || {
                // A finding on a wallet may name the entry that shows it; what was planted is the wallet.
                let of_the_whole = found.entry_ids().is_empty() || found.class().family() == Family::Balance;
                of_the_whole && found.account() == planted.account.as_deref()
            },
            |entry| found.entry_ids().contains(entry),
        )
}

fn name_of(planted: &Planted) -> String {
    let account = planted.account.as_deref().unwrap_or("the books");
    let entry = planted.entry_id.as_deref().map(|entry| format!(", entry {entry}")).unwrap_or_default();
    format!("{} on {account}{entry}", planted.class)
}
