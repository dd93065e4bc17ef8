//! What an earlier fetch of the same period and window has read, so that it need not be asked again.

use std::collections::BTreeMap;

use super::reading::Window;
use super::session::Session;
use super::setback::Setback;
use super::walk::Walk;
use crate::archive::{Evidence, FetchId, ListEvidence, ListOutcome};
use crate::domain::{Control, Counted, List};

/// The last finished fetch of the same period and window.
pub(super) struct Earlier {
    fetch: FetchId,
    lists: BTreeMap<List, ListEvidence>,
}

/// A ledger as it was read then.
pub(super) struct EarlierLedger {
    pub(super) fetch: FetchId,
    /// The walk that was accepted.
    pub(super) walk: u32,
    /// Its stretches, in order; the last one was open.
    pub(super) stretches: Vec<EarlierStretch>,
    /// What the ledger said of itself.
    pub(super) control: Control,
    /// The digests of its pages.
    pub(super) digests: BTreeMap<u32, String>,
    /// The walk under which the reading of each filter is archived.
    pub(super) readings: BTreeMap<Counted, u32>,
}

/// Pages that were asked for with one window.
pub(super) struct EarlierStretch {
    pub(super) window: Window,
    pub(super) pages: u32,
    pub(super) control: Control,
    /// Whether one of its rows may have changed since without moving any total.
    pub(super) awaited: bool,
}

impl Earlier {
    /// What a fetch has read.
    pub(super) fn new(fetch: FetchId, evidence: Evidence) -> Self {
        Self { fetch, lists: evidence.lists.into_iter().map(|found| (found.list.clone(), found)).collect() }
    }
}

impl EarlierLedger {
    /// All its pages.
    pub(super) fn pages(&self) -> u32 {
        self.stretches.iter().map(|stretch| stretch.pages).sum()
    }
}

impl Session<'_> {
    /// A ledger as the earlier fetch has read it; nothing where there is none, or where its pages did not prove it whole:
    /// what contradicted itself then is to be asked again now, and so is what is damaged in the archive.
    pub(super) async fn earlier(&self, list: &List) -> Result<Option<EarlierLedger>, Setback> {
        let Some(Earlier { fetch, lists }) = &self.earlier else { return Ok(None) };
        let Some((found, walk)) = lists.get(list).and_then(|found| Some((found, complete(found)?))) else {
            return Ok(None);
        };
        let mut walks: Vec<(Window, Walk)> = Vec::new();
        for (page, place) in found.pages.iter().zip(1..) {
            let Some(window) = page.window().filter(|_| page.page == place) else { return Ok(None) };
            let Some(facts) = self.facts_if_sound(list, &page.digest)? else { return Ok(None) };
            match walks.last_mut().filter(|(open, _)| *open == window) {
                Some((_, walk)) => walk.add(walk.next_page(), facts),
                None => walks.push((window, Walk::new(facts))),
            }
            // A long ledger takes a while; the others are not to wait for it.
            tokio::task::yield_now().await;
        }
        if walks.iter().any(|(_, walk)| walk.contradiction().is_some()) {
            return Ok(None);
        }
        let stretch = |(window, walk): (Window, Walk)| EarlierStretch {
            window,
            pages: walk.len(),
            control: walk.control(),
            awaited: walk.awaited(),
        };
        let stretches: Vec<EarlierStretch> = walks.into_iter().map(stretch).collect();
        let reading = |counts: Counted| {
            let found = lists.get(&list.reading(counts))?;
            let is_sound = found.pages.iter().all(|page| self.archive.body(&page.digest).is_ok());
            complete(found).filter(|_| is_sound).map(|walk| (counts, walk))
        };
        let said = stretches.iter().map(|stretch| stretch.control).reduce(Control::plus);
        let readings = Counted::TYPES.into_iter().filter_map(reading).collect();
        let digests = found.pages.iter().map(|page| (page.page, page.digest.clone())).collect();
        Ok(said.map(|control| EarlierLedger { fetch: *fetch, walk, stretches, control, digests, readings }))
    }
}

fn complete(found: &ListEvidence) -> Option<u32> {
    match found.outcome {
        ListOutcome::Complete { walk } => Some(walk),
        ListOutcome::Unstable { .. } | ListOutcome::Missing { .. } => None,
    }
}
