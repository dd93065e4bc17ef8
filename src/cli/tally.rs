//! How far a fetch has come, counted from its events.

use std::collections::BTreeMap;

use crate::domain::List;
use crate::watch::Event;

/// Pages of one list.
#[derive(Clone, Copy, Debug, Default)]
struct Pages {
    expected: u64,
    kept: u64,
}

/// How far a fetch has come. Events may arrive in any order; a list that is walked again starts anew.
#[derive(Debug, Default)]
pub struct Tally {
    accounts: u64,
    ledgers_done: u64,
    pages_expected: u64,
    pages_kept: u64,
    lists: BTreeMap<List, Pages>,
}

impl Tally {
    /// Counts an event.
    pub fn count(&mut self, event: &Event) {
        match event {
            Event::AccountsListed { accounts } => self.accounts = u64::try_from(*accounts).unwrap_or(u64::MAX),
            Event::ListOpened { list, pages } => {
                self.update(list, |held| Pages { expected: held.kept.max(*pages), ..held });
            }
            Event::PageKept { list, .. } => self.update(list, |held| {
                let kept = held.kept.saturating_add(1);
                Pages { expected: held.expected.max(kept), kept }
            }),
            Event::WalkedAgain { list, .. } => self.update(list, |held| Pages { kept: 0, ..held }),
            Event::ListDone { list } | Event::ListMissing { list, .. } => {
                self.update(list, |held| Pages { expected: held.kept, ..held });
                self.ledgers_done += u64::from(matches!(list, List::Ledger(_)));
            }
            Event::FetchBegan { .. }
            | Event::Retried { .. }
            | Event::RateChanged { .. }
            | Event::FetchEnded { .. }
            | Event::StageBegan { .. }
            | Event::RegisterMade { .. }
            | Event::Renewed { .. }
            | Event::Sealed(_) => {}
        }
    }

    /// Customers' ledgers done and expected.
    #[must_use]
    pub fn ledgers(&self) -> (u64, u64) {
        (self.ledgers_done, self.accounts.max(self.ledgers_done))
    }

    /// Pages kept and expected, of the lists opened so far.
    #[must_use]
    pub const fn pages(&self) -> (u64, u64) {
        (self.pages_kept, self.pages_expected)
    }

    /// Changes one list's pages, and the totals with them: there may be too many lists to add them up each time.
    fn update(&mut self, list: &List, change: impl FnOnce(Pages) -> Pages) {
        let held = self.lists.get(list).copied().unwrap_or_default();
        let changed = change(held);
        self.pages_expected = self.pages_expected - held.expected + changed.expected;
        self.pages_kept = self.pages_kept - held.kept + changed.kept;
        self.lists.insert(list.clone(), changed);
    }
}
