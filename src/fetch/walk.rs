//! One walk of a list, and whether it proves the list whole.

use std::collections::{BTreeMap, BTreeSet};

use super::page::{PageFacts, RowId};
use crate::domain::Control;

/// The pages of one walk, so far as they have been received.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Walk {
    pages: BTreeMap<u32, PageFacts>,
    rows_a_page: u64,
    /// Whether some pages were taken over from the walk before.
    mended: bool,
    /// Every row on the pages, each once, and how many there are: kept beside the pages, so that a further page costs the same
    /// however many came before it.
    held: BTreeSet<RowId>,
    received: u64,
}

impl Walk {
    /// Begins with the first page, which says how many rows a page holds; where it does not, its own rows do.
    pub(super) fn new(first: PageFacts) -> Self {
        let rows_a_page = first.per_page.filter(|rows| *rows > 0).unwrap_or_else(|| count(&first.rows));
        let mut walk = Self { pages: BTreeMap::new(), rows_a_page, mended: false, held: BTreeSet::new(), received: 0 };
        walk.add(1, first);
        walk
    }

    /// Adds a page that the walk lacks.
    pub(super) fn add(&mut self, page: u32, facts: PageFacts) {
        self.received += count(&facts.rows);
        self.held.extend(&facts.rows);
        self.pages.insert(page, facts);
    }

    /// Takes over the pages of the walk before that still hold, and gives their numbers. A list that has moved shows it by
    /// its totals: what was read under those that page 1 gives now has not moved since. A count alone does not tell, for
    /// one row may have gone and another come; and where all totals were one and the same, something else is wrong, and
    /// nothing holds.
    pub(super) fn mend(&mut self, before: &Self) -> Vec<u32> {
        let now = self.control();
        let promised = self.pages_promised();
        if !now.tells() || !before.moved() {
            return Vec::new();
        }
        let holds = |page: u32, facts: &PageFacts| page > 1 && u64::from(page) <= promised && facts.control == now;
        for (page, facts) in before.pages.iter().filter(|(page, facts)| holds(**page, facts)) {
            self.mended = true;
            self.add(*page, facts.clone());
        }
        self.pages.keys().copied().filter(|page| *page > 1).collect()
    }

    /// The pages that the first one promises and this walk lacks, up to a bound.
    pub(super) fn lacking(&self, pages_max: u32) -> Vec<u32> {
        let promised = u32::try_from(self.pages_promised()).unwrap_or(u32::MAX).min(pages_max);
        (1..=promised).filter(|page| !self.pages.contains_key(page)).collect()
    }

    /// Whether the totals changed while the list was walked.
    fn moved(&self) -> bool {
        let mut totals = self.pages.values().map(|page| (page.total, page.control));
        let first = totals.next();
        totals.any(|total| Some(total) != first)
    }

    /// The first page that tells other sums than the first one that tells any, with both.
    fn sums_moved(&self) -> Option<(u32, Control, Control)> {
        let mut telling = self.pages.iter().filter(|(_, facts)| facts.control.tells());
        let first = telling.next()?.1.control;
        telling.find(|(_, facts)| facts.control != first).map(|(page, facts)| (*page, first, facts.control))
    }

    /// Whether a row may still change without moving any total: where the sums are those of the settled rows alone, they
    /// tell when another settles.
    pub(super) fn awaited(&self) -> bool {
        let Control { debit, credit, .. } = self.control();
        let settled = self.pages.values().map(|facts| facts.settled).sum();
        self.pages.values().any(|facts| facts.awaited)
            && debit.known().zip(credit.known()).map(|(debit, credit)| debit + credit) != Some(settled)
    }

    /// How many pages were received.
    pub(super) fn len(&self) -> u32 {
        self.pages.last_key_value().map_or(0, |(page, _)| *page)
    }

    /// What the list says of itself.
    pub(super) fn control(&self) -> Control {
        self.pages.get(&1).map(|first| first.control).unwrap_or_default()
    }

    /// How many rows the first page says that there are.
    pub(super) fn total(&self) -> Option<u64> {
        self.pages.get(&1)?.total
    }

    /// How many pages there are beyond those that the first one promises; none where it promises nothing.
    pub(super) fn pages_beyond(&self) -> u64 {
        self.total().map_or(0, |_| u64::from(self.len()).saturating_sub(self.pages_promised()))
    }

    /// How many pages the first one promises. A promise only: the end is proved by `ended`.
    pub(super) fn pages_promised(&self) -> u64 {
        self.total().unwrap_or(0).div_ceil(self.rows_a_page.max(1)).max(1)
    }

    /// The page to ask for next when the end is not yet proved.
    pub(super) fn next_page(&self) -> u32 {
        self.pages.last_key_value().map_or(1, |(page, _)| page.saturating_add(1))
    }

    /// Whether the end of the list has been seen: an empty page, or a last page that is short when every row that
    /// the list owns to has been received. A short page alone proves nothing.
    pub(super) fn ended(&self) -> bool {
        self.pages.last_key_value().is_some_and(|(_, last)| {
            last.rows.is_empty() || (last.total == Some(self.rows()) && count(&last.rows) < self.rows_a_page)
        })
    }

    /// Whether a page holds nothing that this walk has not received.
    pub(super) fn holds_all_of(&self, facts: &PageFacts) -> bool {
        facts.rows.iter().all(|row| self.held.contains(row))
    }

    /// Whether the first page names this total.
    pub(super) fn begins_with_total(&self, total: Option<u64>) -> bool {
        self.pages.contains_key(&1) && self.total() == total
    }

    /// What does not agree within this walk; nothing when it proves the list whole.
    pub(super) fn contradiction(&self) -> Option<String> {
        let first = self.pages.get(&1)?.total;
        if let Some((page, facts)) = self.pages.iter().find(|(_, facts)| facts.total != first) {
            let (first, later) = (shown(first), shown(facts.total));
            return Some(format!("the total is {first} on page 1 and {later} on page {page}"));
        }
        let rows = self.rows();
        let repeated = rows.saturating_sub(u64::try_from(self.held.len()).unwrap_or(u64::MAX));
        if repeated > 0 {
            return Some(format!("{repeated} of {rows} rows came twice"));
        }
        match first {
            Some(total) if total == rows => self.sums_moved().map(|(page, first, later)| {
                let shown = |control: Control| format!("debits {}, credits {}", control.debit, control.credit);
                format!("the summary says {} at first and {} on page {page}", shown(first), shown(later))
            }),
            Some(total) => Some(format!("{rows} rows received, total {total}")),
            None => Some(format!("{rows} rows received, no total given")),
        }
    }

    /// Whether this walk saw what the one before it saw: the same rows, each as often, under one and the same total. A
    /// total that differs from page to page says that the list moves, however often it says so; sums that differ say so
    /// too, unless each page says the same again; and a walk that took pages over has not seen them.
    pub(super) fn agrees_with(&self, other: &Self) -> bool {
        let rows = |walk: &Self| {
            let mut rows: Vec<RowId> = walk.pages.values().flat_map(|page| &page.rows).copied().collect();
            rows.sort_unstable();
            rows
        };
        let mut totals = self.pages.values().chain(other.pages.values()).map(|page| page.total);
        let first = totals.next();
        let controls = |walk: &Self| walk.pages.values().map(|page| page.control).collect::<Vec<_>>();
        let same = totals.all(|total| Some(total) == first) && controls(self) == controls(other);
        !self.mended && same && rows(self) == rows(other)
    }

    /// How many rows were received.
    pub(super) const fn rows(&self) -> u64 {
        self.received
    }
}

fn count(rows: &[RowId]) -> u64 {
    u64::try_from(rows.len()).unwrap_or(u64::MAX)
}

fn shown(total: Option<u64>) -> String {
    total.map_or_else(|| "absent".to_owned(), |total| total.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::steps_of;

    /// A page of a ledger that says everywhere that it holds 200 rows.
    fn page(page: u32) -> PageFacts {
        let rows = (0..200).map(|row| RowId::of(&format!("{page}/{row}"))).collect();
        let settled = crate::domain::Amount::ZERO;
        let control = Control::default();
        PageFacts { total: Some(200), per_page: Some(200), page: None, control, rows, awaited: false, settled }
    }

    /// How many comparisons of rows a ledger costs that goes on past its end for so many pages.
    fn endless(pages: u32) -> u64 {
        let mut walk = Walk::new(page(1));
        let (ended, steps) = steps_of(|| {
            (2..=pages).any(|next| {
                let facts = page(next);
                let ended = walk.ended() || walk.holds_all_of(&facts);
                walk.add(next, facts);
                ended
            })
        });
        assert!(!ended);
        assert_eq!((walk.rows(), walk.pages_beyond()), (u64::from(pages) * 200, u64::from(pages) - 1));
        steps
    }

    #[test]
    fn a_further_page_costs_the_same_however_many_came_before_it() {
        let [few, many] = [40, 160].map(endless);
        // Four times the pages: four times the work, and the few comparisons more that a longer list takes to find a place in.
        assert!(few > 40 * 200 && many < 6 * few, "{few} comparisons for 40 pages, {many} for 160");
    }
}
