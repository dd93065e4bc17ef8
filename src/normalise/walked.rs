//! How each ledger was read, and what it says of itself: one record a ledger, from its pages and the readings of its
//! totals.

use std::collections::BTreeMap;

use super::NormaliseError;
use super::books::{Course, How, ListRecord, ListState};
use super::ledger::PageRecord;
use crate::archive::{Archive, Evidence, ListEvidence, ListOutcome};
use crate::domain::{Control, Counted, List};
use crate::wire::{LedgerPage, object};

/// One record a ledger, in the order of the evidence. A ledger with a page that cannot be read is missing.
pub(super) fn records(
    archive: &Archive,
    evidence: &Evidence,
    pages: Vec<PageRecord>,
) -> Result<Vec<ListRecord>, NormaliseError> {
    let readings = readings(archive, evidence)?;
    let mut by_list: BTreeMap<List, Vec<PageRecord>> = BTreeMap::new();
    for page in pages {
        by_list.entry(page.list.clone()).or_default().push(page);
    }
    let ledgers = evidence.lists.iter().filter(|found| found.list.is_ledger());
    Ok(ledgers.map(|found| record(found, &by_list.remove(&found.list).unwrap_or_default(), &readings)).collect())
}

fn record(found: &ListEvidence, pages: &[PageRecord], readings: &BTreeMap<List, Control>) -> ListRecord {
    let reading = |counts| readings.get(&found.list.reading(counts)).copied();
    let refused = pages.iter().find_map(|page| page.refused.clone());
    let opened = stretches(found).into_iter().filter_map(|opens| pages.iter().find(|page| page.page == opens));
    let said = opened.map(|page| page.control).reduce(Control::plus);
    let totals = reading(Counted::All);
    let asked = [Counted::All].into_iter().chain(Counted::TYPES).filter(|counts| reading(*counts).is_some()).count();
    ListRecord {
        list: found.list.clone(),
        state: refused.map_or_else(|| ListState::of(found), ListState::Missing),
        control: totals.or(said).unwrap_or_default(),
        rows: pages.iter().map(|page| page.rows).sum(),
        unreadable: pages.iter().map(|page| page.unreadable).sum(),
        course: Course {
            how: match (totals, found.outcome.walk()) {
                (None, _) => How::Walked,
                (Some(_), None | Some(0)) => How::Unmoved,
                (Some(_), Some(_)) => How::Extended,
            },
            pages: count(pages.len()),
            walks: found.outcome.walk().unwrap_or_default(),
            requests: count(pages.len() + asked),
        },
        by_type: by_type(Counted::TYPES.map(|counts| reading(counts).and_then(|control| control.total))),
    }
}

/// The first page of each stretch of dates that a ledger was walked in: where the request asks for another window.
fn stretches(found: &ListEvidence) -> Vec<u32> {
    let mut opens: Vec<u32> = Vec::new();
    let mut before = None;
    for page in &found.pages {
        let window = page.window();
        if before != Some(window) {
            opens.push(page.page);
        }
        before = Some(window);
    }
    opens
}

/// What each reading says; one that was refused or cannot be read says nothing.
fn readings(archive: &Archive, evidence: &Evidence) -> Result<BTreeMap<List, Control>, NormaliseError> {
    let mut said = BTreeMap::new();
    for found in &evidence.lists {
        let read = matches!(found.list, List::Reading(_)) && matches!(found.outcome, ListOutcome::Complete { .. });
        if let Some(page) = found.pages.first().filter(|_| read) {
            let body = archive.body(&page.digest)?;
            if let Ok(page) = object::<LedgerPage<'_>>(&body) {
                said.insert(found.list.clone(), page.control());
            }
        }
    }
    Ok(said)
}

fn by_type(counts: [Option<u64>; 4]) -> Option<[u64; 4]> {
    let [debit, recharge, refund, transfer] = counts;
    Some([debit?, recharge?, refund?, transfer?])
}

fn count(things: usize) -> u64 {
    u64::try_from(things).unwrap_or(u64::MAX)
}
