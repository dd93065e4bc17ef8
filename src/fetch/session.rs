//! One fetch from beginning to end: which lists are read, which pages are still lacking, and how each list ends.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;

use futures::stream::{Stream, TryStreamExt};
use tokio::sync::Mutex;

use super::Fetched;
use super::caller::{Caller, Counts, Good, Refusal};
use super::earlier::Earlier;
use super::error::FetchError;
use super::line::Line;
use super::page::{PageFacts, account_ids, partner_named, read_page};
use super::reading::{Stretch, Walked, Window, rows_asked};
use super::setback::Setback;
use crate::archive::{Archive, ArchiveError, FetchId, FetchPlan, Held, KeptPage, ListOutcome, PageHeld};
use crate::domain::{AccountId, Beside, List};
use crate::watch::{Event, Watch};

/// A fetch at work.
pub(super) struct Session<'a> {
    pub(super) caller: Caller<'a>,
    pub(super) line: &'a Line,
    pub(super) archive: &'a Archive,
    pub(super) watch: &'a dyn Watch,
    pub(super) fetch: FetchId,
    pub(super) plan: FetchPlan,
    /// Pages that were durable when the session began.
    held: Held,
    /// What an earlier fetch has read, where that may be taken over.
    pub(super) earlier: Option<Earlier>,
    /// Rows a page that the server takes for ledgers, once the first ledger page has found it out.
    pub(super) ledger_rows: Mutex<Option<u32>>,
}

impl<'a> Session<'a> {
    /// Checks the line and takes stock of what an earlier run has left; sends nothing.
    pub(super) fn begin(
        line: &'a Line,
        archive: &'a Archive,
        plan: &FetchPlan,
        watch: &'a dyn Watch,
    ) -> Result<Self, FetchError> {
        let caller = Caller::new(line, watch)?;
        same_partner("archive", archive.partner(), line)?;
        let fetch = if line.thorough.daily { archive.begin_ahead(plan)? } else { archive.begin(plan)? };
        let plan = archive.plan(fetch)?;
        let held = archive.held(fetch)?;
        let earlier = if line.thorough.full_walk { None } else { archive.earlier(&plan)? };
        // What an earlier fetch has left damaged is asked for again.
        let of_earlier = |fetch| match archive.evidence(fetch) {
            Err(refused) if refused.is_damage() => Ok(None),
            evidence => evidence.map(|evidence| Some(Earlier::new(fetch, evidence))),
        };
        let earlier = earlier.map(of_earlier).transpose()?.flatten();
        let pages_held = held.values().map(BTreeMap::len).sum();
        watch.saw(Event::FetchBegan { period: plan.period.to_string(), pages_held });
        let taken = |list: &List, pages: &BTreeMap<_, PageHeld>| {
            pages.values().next().filter(|_| list.is_ledger()).and_then(rows_asked)
        };
        let ledger_rows = Mutex::new(held.iter().find_map(|(list, pages)| taken(list, pages)));
        Ok(Self { caller, line, archive, watch, fetch, plan, held, earlier, ledger_rows })
    }

    /// Reads `/me`: without the partner itself nothing else is worth reading.
    pub(super) async fn read_partner(&self) -> Result<(), FetchError> {
        let list = List::Me;
        if self.archive.outcome(self.fetch, &list)?.is_some() {
            return Ok(());
        }
        if self.held_page(&list, 1, 1).is_none() {
            let answer = self.caller.ask(&list, 1, "me", partner_named).await.map_err(refused_partner)?;
            same_partner("me", &answer.read, self.line)?;
            self.keep(&list, 1, 1, "me".to_owned(), answer).await?;
        }
        self.settle(&list, ListOutcome::Complete { walk: 1 }).await
    }

    /// Reads the account list and gives the accounts whose ledgers can be walked. A row whose id could not stand in a
    /// path is archived with its page, and reported by the close.
    pub(super) async fn read_accounts(&self) -> Result<BTreeSet<AccountId>, FetchError> {
        let list = List::Accounts;
        let outcome = if let Some(outcome) = self.archive.outcome(self.fetch, &list)? {
            outcome
        } else {
            let outcome = self.read_list(&list).await.map_err(|setback| setback.fatal(&list))?;
            self.settle(&list, outcome.clone()).await?;
            outcome
        };
        let mut accounts = BTreeSet::new();
        for ((walk, _page), held) in self.archive.pages_held(self.fetch, &list)? {
            if outcome.walk() == Some(walk) {
                let body = self.archive.body(&held.digest)?;
                let ids = account_ids(&body).map_err(|reason| FetchError::Line { list: list.clone(), reason })?;
                accounts.extend(ids.iter().filter_map(|id| AccountId::parse(id).ok()));
            }
        }
        self.watch.saw(Event::AccountsListed { accounts: accounts.len() });
        Ok(accounts)
    }

    /// Reads lists side by side, the first of them while the others are still being found out. What cannot be read is
    /// recorded as missing, except when the line has let nothing through: then nothing is recorded, so that a later
    /// run asks again.
    pub(super) async fn read_all(&self, lists: impl Stream<Item = Result<List, FetchError>>) -> Result<(), FetchError> {
        let mut lost = Vec::new();
        let mut answered = false;
        let ends = lists
            .map_ok(|list| async move {
                let end = self.read_and_settle(&list).await;
                Ok((list, end))
            })
            .try_buffer_unordered(self.line.limits.concurrency.max(1));
        let mut ends = pin!(ends);
        while let Some((list, end)) = ends.try_next().await? {
            match end {
                Ok(()) => answered = true,
                Err(Setback::Fatal(error)) => return Err(error),
                Err(Setback::Refused { status, message }) => {
                    answered = true;
                    lost.push((list, format!("HTTP {status}: {message}")));
                }
                Err(Setback::Line { reason }) => lost.push((list, reason)),
            }
        }
        // In the order of the lists, so that one breakdown reads the same twice.
        lost.sort_unstable();
        if let (false, Some((list, reason))) = (answered, lost.first()) {
            return Err(FetchError::Line { list: list.clone(), reason: reason.clone() });
        }
        for (list, reason) in lost {
            self.settle(&list, ListOutcome::Missing { reason }).await?;
        }
        Ok(())
    }

    /// Declares the fetch finished.
    pub(super) fn finish(&self) -> Result<Fetched, FetchError> {
        self.archive.finish(self.fetch)?;
        Ok(self.so_far())
    }

    /// What the fetch has taken so far.
    pub(super) fn so_far(&self) -> Fetched {
        let Counts { requests, retries, requests_needed } = self.caller.counts();
        Fetched {
            fetch: self.fetch,
            requests,
            retries,
            requests_needed,
            requests_per_second: self.line.limits.requests_per_second.max(1),
            elapsed: self.caller.elapsed(),
        }
    }

    async fn read_and_settle(&self, list: &List) -> Result<(), Setback> {
        if self.archive.outcome(self.fetch, list)?.is_none() {
            let outcome = self.read_list(list).await?;
            self.settle(list, outcome).await?;
        }
        Ok(())
    }

    async fn read_list(&self, list: &List) -> Result<ListOutcome, Setback> {
        if list.is_ledger() {
            return self.read_ledger(list).await;
        }
        let whole = Stretch { list, window: self.window_of(list), before: 0 };
        if let List::Beside(Beside::Held(of)) = list {
            return self.hold(whole, of.clone()).await;
        }
        if matches!(list, List::Dashboard | List::Beside(Beside::Me)) {
            self.page(whole, 1, 1, 1).await?;
            return Ok(ListOutcome::Complete { walk: 1 });
        }
        let Walked { number, unstable, .. } = self.prove(whole, 1).await?;
        Ok(match unstable {
            Some(reason) => ListOutcome::Unstable { walk: number, reason },
            None => ListOutcome::Complete { walk: number },
        })
    }

    pub(super) async fn keep<T>(
        &self,
        list: &List,
        walk: u32,
        page: u32,
        request: String,
        answer: Good<T>,
    ) -> Result<T, ArchiveError> {
        let Good { body, read, asked_at_us } = answer;
        let (fetch, status) = (self.fetch, 200);
        let kept = KeptPage { fetch, list: list.clone(), walk, page, request, status, asked_at_us, body };
        self.archive.keep(kept).await?;
        self.watch.saw(Event::PageKept { list: list.clone(), page });
        Ok(read)
    }

    pub(super) async fn settle(&self, list: &List, outcome: ListOutcome) -> Result<(), FetchError> {
        self.archive.settle_list_beside(self.fetch, list, outcome.clone()).await?;
        self.watch.saw(match outcome {
            ListOutcome::Complete { .. } => Event::ListDone { list: list.clone() },
            ListOutcome::Unstable { reason, .. } | ListOutcome::Missing { reason } => {
                Event::ListMissing { list: list.clone(), reason }
            }
        });
        Ok(())
    }

    pub(super) fn held_page(&self, list: &List, walk: u32, page: u32) -> Option<&PageHeld> {
        self.held.get(list)?.get(&(walk, page))
    }

    /// The pages of a list that were durable when the session began, by walk and page.
    pub(super) fn pages_held(&self, list: &List) -> impl Iterator<Item = (&(u32, u32), &PageHeld)> {
        self.held.get(list).into_iter().flatten()
    }

    /// Walks of a list that an earlier run has begun, each by its number and the dates of a page; what was taken over
    /// unmoved is no walk.
    pub(super) fn walks_held(&self, list: &List) -> impl Iterator<Item = (u32, Option<Window>)> {
        let pages = self.held.get(list).into_iter().flatten();
        pages.filter(|((walk, _), _)| *walk > 0).map(|((walk, _), held)| (*walk, held.window()))
    }

    pub(super) fn facts_held(&self, list: &List, held: &PageHeld) -> Result<PageFacts, Setback> {
        let body = self.archive.body(&held.digest)?;
        self.read(list, &body).map_err(|reason| Setback::Line { reason })
    }

    /// The same of a page of an earlier fetch; nothing where its body is damaged.
    pub(super) fn facts_if_sound(&self, list: &List, digest: &str) -> Result<Option<PageFacts>, Setback> {
        match self.archive.body(digest) {
            Ok(body) => self.read(list, &body).map(Some).map_err(|reason| Setback::Line { reason }),
            Err(refused) if refused.is_damage() => Ok(None),
            Err(refused) => Err(refused.into()),
        }
    }

    /// Reads a page of a list, or says in which way it is not the page asked for.
    pub(super) fn read(&self, list: &List, body: &[u8]) -> Result<PageFacts, String> {
        read_page(list, body, self.line.limits.rows_max)
    }
}

/// What it means that `/me` cannot be read: here a 403 refuses the credentials as a 401 does.
pub(super) fn refused_partner(refusal: Refusal) -> FetchError {
    let list = List::Me;
    match Setback::from((&list, refusal)) {
        Setback::Refused { status: status @ 403, message } => FetchError::Credentials { list, status, message },
        other @ (Setback::Fatal(_) | Setback::Refused { .. } | Setback::Line { .. }) => other.fatal(&list),
    }
}

pub(super) fn same_partner(place: &'static str, seen: &str, line: &Line) -> Result<(), FetchError> {
    let expected = line.credentials.auth_id.as_str();
    if seen == expected {
        return Ok(());
    }
    Err(FetchError::OtherPartner { place, seen: seen.to_owned(), expected: expected.to_owned() })
}
