//! How a stretch of a list is read: page by page until its end is proved, and walked again until the walks agree.

use std::sync::atomic::{AtomicBool, Ordering};

use chrono::NaiveDate;
use futures::stream::{self, StreamExt, TryStreamExt};

use super::error::FetchError;
use super::page::PageFacts;
use super::session::Session;
use super::setback::Setback;
use super::walk::Walk;
use crate::archive::{PageHeld, Taken};
use crate::domain::{Beside, List};
use crate::watch::Event;

/// Rows a page of the account list: the documented maximum.
pub(super) const ACCOUNT_ROWS: u32 = 100;

/// Rows a page of a ledger, and what an older server takes instead.
const LEDGER_ROWS: u32 = 200;
const LEDGER_ROWS_OLD: u32 = 100;

/// Dates that a ledger is asked for, the last one included.
pub(super) type Window = (NaiveDate, NaiveDate);

/// What is walked from a first page to a last one: a whole list, or the part of a ledger that a window of dates selects.
#[derive(Clone, Copy)]
pub(super) struct Stretch<'a> {
    pub(super) list: &'a List,
    pub(super) window: Window,
    /// The pages of the same list that stand before it in the archive.
    pub(super) before: u32,
}

/// A stretch that has been walked until it held still, or for as often as the limits allow.
pub(super) struct Walked {
    pub(super) walk: Walk,
    /// The accepted walk's number.
    pub(super) number: u32,
    /// What did not agree, where it never held still.
    pub(super) unstable: Option<String>,
}

impl Session<'_> {
    /// Walks a stretch until one walk proves it whole, or two in a row agree that it contradicts itself: then it is
    /// whole, and the contradiction is the close's to judge. The first walk is given `number`.
    pub(super) async fn prove(&self, stretch: Stretch<'_>, number: u32) -> Result<Walked, Setback> {
        let last = number.saturating_add(self.line.limits.walks_max.max(1) - 1);
        let mut before: Option<Walk> = None;
        let mut number = number;
        loop {
            let walk = self.walk(stretch, number, before.as_ref()).await?;
            let Some(reason) = walk.contradiction() else {
                return Ok(Walked { walk, number, unstable: None });
            };
            if before.is_some_and(|before| walk.agrees_with(&before)) {
                return Ok(Walked { walk, number, unstable: None });
            }
            if number >= last {
                return Ok(Walked { walk, number, unstable: Some(reason) });
            }
            before = Some(walk);
            number += 1;
            self.watch.saw(Event::WalkedAgain { list: stretch.list.clone(), walk: number, reason });
        }
    }

    /// Walks a stretch once, until its end is proved; of the walk before it takes over what still holds.
    async fn walk(&self, stretch: Stretch<'_>, number: u32, before: Option<&Walk>) -> Result<Walk, Setback> {
        let pages_max = self.line.limits.pages_max;
        let (rows, first) = self.first_page(stretch, number).await?;
        let mut walk = Walk::new(first);
        self.refuse_too_many_accounts(stretch, &walk)?;
        if before.is_none() {
            self.refuse_too_many_pages(stretch, rows, &walk).await?;
        }
        if let Some(before) = before {
            let pages = walk.mend(before).into_iter().map(|page| stretch.before + page).collect();
            let (list, fetch) = (stretch.list.clone(), self.fetch);
            let taken = Taken { list, from: fetch, from_walk: number - 1, to: fetch, to_walk: number, pages };
            self.archive.take_over(taken).await?;
        }
        self.watch.saw(Event::ListOpened { list: stretch.list.clone(), pages: walk.pages_promised() });
        let lacking = walk.lacking(pages_max);
        let whole = self.pages(stretch, number, lacking, rows, &mut walk).await?;
        while whole && !walk.ended() {
            let next = walk.next_page();
            if next > pages_max {
                let reason = format!("the list is longer than {pages_max} pages (fetch.pages_max)");
                return Err(Setback::Line { reason });
            }
            match self.page_past_the_end(stretch, number, next, rows, &walk).await? {
                Some(facts) => walk.add(next, facts),
                None => break,
            }
            self.refuse_too_many_accounts(stretch, &walk)?;
            self.refuse_endless(&walk)?;
        }
        Ok(walk)
    }

    /// Refuses more customers than the limits allow, at page 1 where that says so.
    fn refuse_too_many_accounts(&self, stretch: Stretch<'_>, walk: &Walk) -> Result<(), Setback> {
        let accounts_max = self.line.limits.accounts_max;
        let seen = walk.total().unwrap_or(0).max(walk.rows());
        if *stretch.list == List::Accounts && seen > accounts_max {
            return Err(FetchError::TooManyAccounts { seen, accounts_max }.into());
        }
        Ok(())
    }

    /// Refuses a list whose first page promises more pages than the limits allow, and that has them: of a page behind them all
    /// it is asked once, for a total may be wrong.
    async fn refuse_too_many_pages(&self, stretch: Stretch<'_>, rows: u32, walk: &Walk) -> Result<(), Setback> {
        let pages_max = self.line.limits.pages_max;
        let (promised, beyond) = (walk.pages_promised(), pages_max.saturating_add(1));
        if promised <= u64::from(pages_max) {
            return Ok(());
        }
        let (list, request) = (stretch.list, self.request(stretch, beyond, rows));
        let answer = self.caller.ask(list, beyond, &request, |body| self.read(list, body)).await;
        let answer = existing(answer.map_err(|refusal| Setback::from((list, refusal))))?;
        let has_it = |facts: &PageFacts| !is_another_page(facts, beyond) && !walk.holds_all_of(facts);
        if answer.is_some_and(|answer| has_it(&answer.read)) {
            return Err(FetchError::TooManyPages { list: list.clone(), promised, pages_max }.into());
        }
        Ok(())
    }

    /// Gives up a list that goes on and on past what its own first page says: no further page can make it whole.
    fn refuse_endless(&self, walk: &Walk) -> Result<(), Setback> {
        let overrun_pages_max = self.line.limits.overrun_pages_max;
        if walk.pages_beyond() <= u64::from(overrun_pages_max) {
            return Ok(());
        }
        let (total, rows) = (walk.total().unwrap_or(0), walk.rows());
        let reason = format!(
            "page 1 says that the list holds {total} rows; {rows} were received, and more than {overrun_pages_max} pages \
             beyond the end (fetch.overrun_pages_max)"
        );
        Err(Setback::Line { reason })
    }

    /// Reads the first page of a walk, and finds out how many rows a page the server takes: an older one refuses
    /// more than 100 for a ledger. One ledger finds it out for all; the others wait for it.
    async fn first_page(&self, stretch: Stretch<'_>, walk: u32) -> Result<(u32, PageFacts), Setback> {
        let list = stretch.list;
        if let Some(rows) = self.held_of(stretch, walk, 1).and_then(rows_asked) {
            return Ok((rows, self.page(stretch, walk, 1, rows).await?));
        }
        if !list.holds_entries() {
            return Ok((ACCOUNT_ROWS, self.page(stretch, walk, 1, ACCOUNT_ROWS).await?));
        }
        let turn = self.ledger_rows.lock().await;
        let mut rows = turn.unwrap_or(LEDGER_ROWS);
        // The others wait only while nobody knows.
        let turn = turn.is_none().then_some(turn);
        let mut first = self.page(stretch, walk, 1, rows).await;
        if rows > LEDGER_ROWS_OLD && matches!(first, Err(Setback::Refused { status: 422, .. })) {
            rows = LEDGER_ROWS_OLD;
            first = self.page(stretch, walk, 1, rows).await;
        }
        let first = first?;
        if let Some(mut turn) = turn {
            *turn = Some(rows);
        }
        Ok((rows, first))
    }

    /// Reads pages that the list promises into a walk, and says whether all of them exist. Begins no further page once
    /// one was empty or did not exist: a source that promises a million pages is not believed.
    async fn pages(
        &self,
        stretch: Stretch<'_>,
        number: u32,
        pages: Vec<u32>,
        rows: u32,
        walk: &mut Walk,
    ) -> Result<bool, Setback> {
        let ended = &AtomicBool::new(false);
        let read: Vec<(u32, Option<PageFacts>)> =
            stream::iter(pages.into_iter().take_while(|_| !ended.load(Ordering::Relaxed)))
                .map(|page| async move {
                    let facts = existing(self.page(stretch, number, page, rows).await)?;
                    ended.fetch_or(facts.as_ref().is_none_or(|facts| facts.rows.is_empty()), Ordering::Relaxed);
                    Ok::<_, Setback>((page, facts))
                })
                .buffer_unordered(self.line.limits.concurrency.max(1))
                .try_collect()
                .await?;
        let whole = read.iter().all(|(_, facts)| facts.is_some());
        for (page, facts) in read {
            if let Some(facts) = facts {
                walk.add(page, facts);
            }
        }
        Ok(whole)
    }

    /// Reads one page, from the archive where it is durable already.
    pub(super) async fn page(
        &self,
        stretch: Stretch<'_>,
        walk: u32,
        page: u32,
        rows: u32,
    ) -> Result<PageFacts, Setback> {
        let (list, place) = (stretch.list, stretch.before + page);
        if let Some(held) = self.held_of(stretch, walk, page) {
            return self.facts_held(list, held);
        }
        let request = self.request(stretch, page, rows);
        let read = |body: &[u8]| match self.read(list, body)? {
            facts if is_another_page(&facts, page) => Err("the answer is another page".to_owned()),
            facts => Ok(facts),
        };
        let answer = self.caller.ask(list, page, &request, read).await;
        let answer = answer.map_err(|refusal| Setback::from((list, refusal)))?;
        Ok(self.keep(list, walk, place, request, answer).await?)
    }

    /// Path and query below the base; also what the archive keeps of the request.
    pub(super) fn request(&self, stretch: Stretch<'_>, page: u32, rows: u32) -> String {
        let Stretch { list, window: (from, to), .. } = stretch;
        let entries = |ledger: &List, selected: &str| {
            format!("{ledger}?from_date={from}&to_date={to}{selected}&page={page}&per_page={rows}")
        };
        let (me, accounts) = (List::Me, List::Accounts);
        match list {
            List::Me | List::Dashboard | List::Beside(Beside::Held(Some(_))) => list.to_string(),
            List::Beside(Beside::Me | Beside::Held(None)) => me.to_string(),
            List::Accounts | List::Beside(Beside::Accounts) => format!("{accounts}?page={page}&per_page={rows}"),
            List::Master | List::Ledger(_) => entries(list, ""),
            List::Reading(reading) => {
                let selected = reading.counts.filter().map(|filter| format!("&{filter}")).unwrap_or_default();
                entries(&reading.ledger(), &selected)
            }
            List::Beside(Beside::Since(of) | Beside::Lately(of) | Beside::Before(of)) => match of {
                Some(owner) => entries(&List::Ledger(owner.clone()), ""),
                // The partner's own rows; a server that does not know the filter sends the others' too.
                None => entries(&List::Master, &format!("&account={}", self.line.credentials.auth_id)),
            },
        }
    }

    /// A page of a stretch that is durable already. One that was asked for with other dates is another stretch's.
    fn held_of(&self, stretch: Stretch<'_>, walk: u32, page: u32) -> Option<&PageHeld> {
        let held = self.held_page(stretch.list, walk, stretch.before + page)?;
        (held.request == self.request(stretch, page, rows_asked(held).unwrap_or_default())).then_some(held)
    }

    /// Asks for a page that the list does not promise. A server may answer it with an empty page, refuse it, or give
    /// an earlier page once more; only a page of this walk is archived.
    async fn page_past_the_end(
        &self,
        stretch: Stretch<'_>,
        walk: u32,
        page: u32,
        rows: u32,
        so_far: &Walk,
    ) -> Result<Option<PageFacts>, Setback> {
        let (list, place) = (stretch.list, stretch.before + page);
        if let Some(held) = self.held_of(stretch, walk, page) {
            return self.facts_held(list, held).map(Some);
        }
        let request = self.request(stretch, page, rows);
        let answer = self.caller.ask(list, page, &request, |body| self.read(list, body)).await;
        let Some(answer) = existing(answer.map_err(|refusal| Setback::from((list, refusal))))? else {
            return Ok(None);
        };
        let facts = &answer.read;
        let again = !facts.rows.is_empty() && so_far.holds_all_of(facts);
        // Under another total it says that the list has moved: rows that a new one has pushed past the end come twice.
        if so_far.begins_with_total(facts.total) && (again || is_another_page(facts, page)) {
            return Ok(None);
        }
        Ok(Some(self.keep(list, walk, place, request, answer).await?))
    }
}

/// Tells a page that does not exist from a list that cannot be read; holds for any page but the first.
pub(super) fn existing<T>(answer: Result<T, Setback>) -> Result<Option<T>, Setback> {
    match answer {
        Ok(page) => Ok(Some(page)),
        Err(Setback::Refused { status: 400 | 404 | 416 | 422, .. }) => Ok(None),
        Err(setback) => Err(setback),
    }
}

fn is_another_page(facts: &PageFacts, page: u32) -> bool {
    facts.page.is_some_and(|seen| seen != u64::from(page))
}

/// The rows a page that an archived request asked for.
pub(super) fn rows_asked(held: &PageHeld) -> Option<u32> {
    held.request.rsplit_once("per_page=")?.1.parse().ok()
}
