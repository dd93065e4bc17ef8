//! What an earlier fetch of the same period and window has read, so that it need not be asked again.

use std::collections::BTreeMap;

use super::page::read_page;
use super::reading::Window;
use super::session::Session;
use super::setback::Setback;
use crate::archive::{Evidence, FetchId, ListEvidence, ListOutcome, PageRef};
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
    /// The walk under which the reading of each filter is archived.
    pub(super) readings: BTreeMap<Counted, u32>,
}

/// Pages that were asked for with one window.
pub(super) struct EarlierStretch {
    pub(super) window: Window,
    pub(super) pages: u32,
    pub(super) control: Control,
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
    /// A ledger as the earlier fetch has read it; nothing where there is none or it was not whole.
    pub(super) fn earlier(&self, list: &List) -> Result<Option<EarlierLedger>, Setback> {
        let Some(Earlier { fetch, lists }) = &self.earlier else { return Ok(None) };
        let Some((found, walk)) = lists.get(list).and_then(|found| Some((found, complete(found)?))) else {
            return Ok(None);
        };
        let mut stretches: Vec<EarlierStretch> = Vec::new();
        for page in &found.pages {
            let Some(window) = page.window() else { return Ok(None) };
            match stretches.last_mut().filter(|open| open.window == window) {
                Some(open) => open.pages += 1,
                None => stretches.push(EarlierStretch { window, pages: 1, control: self.control_of(list, page)? }),
            }
        }
        let reading = |counts: Counted| Some((counts, complete(lists.get(&list.reading(counts))?)?));
        let said = stretches.iter().map(|stretch| stretch.control).reduce(Control::plus);
        let readings = Counted::TYPES.into_iter().filter_map(reading).collect();
        Ok(said.map(|control| EarlierLedger { fetch: *fetch, walk, stretches, control, readings }))
    }

    fn control_of(&self, list: &List, page: &PageRef) -> Result<Control, Setback> {
        let body = self.archive.body(&page.digest)?;
        Ok(read_page(list, &body).map_err(|reason| Setback::Line { reason })?.control)
    }
}

fn complete(found: &ListEvidence) -> Option<u32> {
    match found.outcome {
        ListOutcome::Complete { walk } => Some(walk),
        ListOutcome::Unstable { .. } | ListOutcome::Missing { .. } => None,
    }
}
