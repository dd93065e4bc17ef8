//! How the wallets are read once more: when every ledger has been read, so that a wallet that shows the same as before held
//! still meanwhile, and its entries are those that it was read with.
//!
//! Where the month's window ends before the day of the fetch, the entries in between are read, too. A wallet that has moved
//! is read by itself, before and after its newest entries, until both readings agree or the rounds are used up. What
//! cannot be read costs the proof of one wallet, never the close.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use futures::stream;

use super::error::FetchError;
use super::page::wallets_shown;
use super::reading::{Stretch, Walked, Window};
use super::session::Session;
use super::setback::Setback;
use crate::archive::ListOutcome;
use crate::domain::{AccountId, Amount, Beside, Figure, List};

/// Days before the end of the window, or before today, from which newer entries are walked: whatever zone the dates are
/// read in, and whether or not the last one is included, no entry lies between.
const OVERLAP_DAYS: u64 = 1;

/// Days behind today up to which they are walked: one for the zone, one for a fetch that is gone on with tomorrow.
const AHEAD_DAYS: u64 = 2;

/// The first date of a walk from inception: no entry is older, for one that says so counts as unreadable
/// (`normalise::row`).
const INCEPTION: Option<NaiveDate> = NaiveDate::from_ymd_opt(2000, 1, 1);

/// What a wallet never did.
const NEVER_STILL: &str = "it never showed the same before and after its newest entries";

impl Session<'_> {
    /// The lists that are read behind the account list, the master ledger aside.
    pub(super) fn behind(&self, accounts: &BTreeSet<AccountId>) -> Vec<List> {
        let ledgers = accounts.iter().cloned().map(List::Ledger);
        let lists = [List::Dashboard].into_iter().chain(ledgers);
        let from_inception = self.line.thorough.wallets && self.line.thorough.from_inception;
        lists.chain(holders(accounts).filter(|_| from_inception).map(|of| List::Beside(Beside::Before(of)))).collect()
    }

    /// Reads the wallets once more, when every ledger has been read.
    pub(super) async fn read_wallets(&self, accounts: &BTreeSet<AccountId>) -> Result<(), FetchError> {
        // A last date that does not belong to the window would leave today's entries out.
        if self.plan.today >= self.plan.to {
            self.read_beside(self.read_before(holders(accounts))?.into_iter().map(Beside::Since)).await?;
        }
        self.read_beside([Beside::Me, Beside::Accounts]).await?;
        let moved = self.read_before(self.moved(accounts)?.into_iter())?;
        self.read_beside(moved.into_iter().map(Beside::Held)).await
    }

    /// Those of the wallets whose ledger could be read: without the month nothing is worth proving.
    fn read_before(&self, of: impl Iterator<Item = Option<AccountId>>) -> Result<Vec<Option<AccountId>>, FetchError> {
        let mut read = Vec::new();
        for of in of {
            let ledger = of.clone().map_or(List::Master, List::Ledger);
            let outcome = self.archive.outcome(self.fetch, &ledger)?;
            read.extend(outcome.and_then(|outcome| outcome.walk()).map(|_walk| of));
        }
        Ok(read)
    }

    /// The dates that a list is asked for.
    pub(super) fn window_of(&self, list: &List) -> Window {
        let (from, to, today) = (self.plan.from, self.plan.to, self.plan.today);
        let later = |date: NaiveDate, days| date.checked_add_days(Days::new(days)).unwrap_or(date);
        match list {
            List::Beside(Beside::Before(_)) => (INCEPTION.unwrap_or(from), later(from, OVERLAP_DAYS)),
            List::Beside(Beside::Since(_) | Beside::Lately(_)) => {
                let reached = to.min(today);
                (reached.checked_sub_days(Days::new(OVERLAP_DAYS)).unwrap_or(reached), later(today, AHEAD_DAYS))
            }
            List::Me
            | List::Dashboard
            | List::Accounts
            | List::Master
            | List::Ledger(_)
            | List::Reading(_)
            | List::Beside(Beside::Me | Beside::Accounts | Beside::Held(_)) => (from, to),
        }
    }

    /// Reads one wallet before and after its newest entries, until it shows the same. Each round is read anew: what a run
    /// that was cut off has left of one is too old.
    pub(super) async fn hold(&self, wallet: Stretch<'_>, of: Option<AccountId>) -> Result<ListOutcome, Setback> {
        let list = List::Beside(Beside::Lately(of));
        let held = self.last_walk_held(wallet.list);
        if self.archive.outcome(self.fetch, &list)?.is_some() {
            // Cut off between the two: the last round was the one that agreed.
            return Ok(ListOutcome::Complete { walk: held });
        }
        let entries = Stretch { list: &list, window: self.window_of(&list), before: 0 };
        let mut walk = self.last_walk_held(&list);
        let rounds_end = held + self.line.limits.wallet_rounds_max.max(1);
        for round in held + 1..=rounds_end {
            self.page(wallet, round, 1, 1).await?;
            let Walked { number, unstable, .. } = self.prove(entries, walk + 1).await?;
            self.page(wallet, round, 2, 1).await?;
            walk = number;
            if unstable.is_none() && self.stands_still(wallet.list, round)? {
                self.settle(&list, ListOutcome::Complete { walk }).await?;
                return Ok(ListOutcome::Complete { walk: round });
            }
        }
        Ok(ListOutcome::Unstable { walk: rounds_end, reason: NEVER_STILL.to_owned() })
    }

    async fn read_beside(&self, lists: impl IntoIterator<Item = Beside>) -> Result<(), FetchError> {
        let lists: Vec<_> = lists.into_iter().map(|beside| Ok(List::Beside(beside))).collect();
        self.read_all(stream::iter(lists)).await
    }

    /// The wallets that show something else than before. One that was not shown both times has nothing to be held against.
    fn moved(&self, accounts: &BTreeSet<AccountId>) -> Result<Vec<Option<AccountId>>, FetchError> {
        let own = &self.line.credentials.auth_id;
        let customers = (self.shown(&List::Accounts)?, self.shown(&List::Beside(Beside::Accounts))?);
        let partner = (self.shown(&List::Me)?, self.shown(&List::Beside(Beside::Me))?);
        let moved = |of: &Option<AccountId>| {
            let ((before, after), account) = of.as_ref().map_or((&partner, own), |account| (&customers, account));
            let both = before.get(account.as_str()).zip(after.get(account.as_str()));
            let both = both.and_then(|(before, after)| before.known().zip(after.known()));
            both.is_some_and(|(before, after)| before != after)
        };
        Ok(holders(accounts).filter(moved).collect())
    }

    /// What the wallets show on the accepted pages of a list.
    fn shown(&self, list: &List) -> Result<BTreeMap<String, Figure<Amount>>, FetchError> {
        let outcome = self.archive.outcome(self.fetch, list)?;
        let accepted = outcome.and_then(|outcome| outcome.walk());
        let mut shown = BTreeMap::new();
        for ((walk, _page), held) in self.archive.pages_held(self.fetch, list)? {
            if accepted == Some(walk) {
                shown.extend(wallets_shown(list, &self.archive.body(&held.digest)?));
            }
        }
        Ok(shown)
    }

    /// Whether both readings of a round show the same.
    fn stands_still(&self, wallet: &List, round: u32) -> Result<bool, FetchError> {
        let mut shown = Vec::new();
        for ((walk, _page), held) in self.archive.pages_held(self.fetch, wallet)? {
            if walk == round {
                shown.push(wallets_shown(wallet, &self.archive.body(&held.digest)?));
            }
        }
        let readable = shown.iter().flatten().all(|(_, held)| held.known().is_some());
        Ok(readable && matches!(shown.as_slice(), [before, after] if !before.is_empty() && before == after))
    }
}

/// Whose wallets there are: the customers', then the partner's own.
fn holders(accounts: &BTreeSet<AccountId>) -> impl Iterator<Item = Option<AccountId>> {
    accounts.iter().cloned().map(Some).chain([None])
}
