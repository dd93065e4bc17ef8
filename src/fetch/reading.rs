//! How a list is read: page by page until its end is proved, and walked again until the walks agree.

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::stream::{self, StreamExt, TryStreamExt};

use super::page::{PageFacts, read_page};
use super::session::Session;
use super::setback::Setback;
use super::walk::Walk;
use crate::archive::{FetchPlan, ListOutcome, PageHeld};
use crate::domain::List;
use crate::watch::Event;

/// Rows a page of the account list: the documented maximum.
const ACCOUNT_ROWS: u32 = 100;

/// Rows a page of a ledger, and what an older server takes instead.
const LEDGER_ROWS: u32 = 200;
const LEDGER_ROWS_OLD: u32 = 100;

impl Session<'_> {
    /// Walks a list until one walk proves it whole, or two in a row agree that it contradicts itself: then it is
    /// whole, and the contradiction is the close's to judge.
    pub(super) async fn read_list(&self, list: &List) -> Result<ListOutcome, Setback> {
        if *list == List::Dashboard {
            self.page(list, 1, 1, 1).await?;
            return Ok(ListOutcome::Complete { walk: 1 });
        }
        let walks_max = self.line.limits.walks_max.max(1);
        let mut before: Option<Walk> = None;
        let mut number = 1;
        loop {
            let walk = self.walk(list, number).await?;
            let Some(reason) = walk.contradiction() else {
                return Ok(ListOutcome::Complete { walk: number });
            };
            if before.is_some_and(|before| before.agrees_with(&walk)) {
                return Ok(ListOutcome::Complete { walk: number });
            }
            if number >= walks_max {
                return Ok(ListOutcome::Unstable { walk: number, reason });
            }
            before = Some(walk);
            number += 1;
            self.watch.saw(Event::WalkedAgain { list: list.clone(), walk: number, reason });
        }
    }

    /// Walks a list once, until its end is proved.
    async fn walk(&self, list: &List, number: u32) -> Result<Walk, Setback> {
        let pages_max = self.line.limits.pages_max;
        let (rows, first) = self.first_page(list, number).await?;
        let mut walk = Walk::new(first);
        let promised = walk.pages_promised();
        self.watch.saw(Event::ListOpened { list: list.clone(), pages: promised });
        let promised = u32::try_from(promised).unwrap_or(u32::MAX);
        while !walk.ended() {
            let next = walk.next_page();
            if next > pages_max {
                return Err(Setback::Line { reason: format!("the list is longer than {pages_max} pages") });
            }
            if next <= promised {
                let pages = self.pages(list, number, next..=promised.min(pages_max), rows).await?;
                let whole = pages.iter().all(|(_, facts)| facts.is_some());
                for (page, facts) in pages {
                    if let Some(facts) = facts {
                        walk.add(page, facts);
                    }
                }
                if !whole {
                    break;
                }
            } else {
                match self.page_past_the_end(list, number, next, rows, &walk).await? {
                    Some(facts) => walk.add(next, facts),
                    None => break,
                }
            }
        }
        Ok(walk)
    }

    /// Reads the first page of a walk, and finds out how many rows a page the server takes: an older one refuses
    /// more than 100 for a ledger. One ledger finds it out for all; the others wait for it.
    async fn first_page(&self, list: &List, walk: u32) -> Result<(u32, PageFacts), Setback> {
        if let Some(rows) = self.held_page(list, walk, 1).and_then(rows_asked) {
            return Ok((rows, self.page(list, walk, 1, rows).await?));
        }
        if *list == List::Accounts {
            return Ok((ACCOUNT_ROWS, self.page(list, walk, 1, ACCOUNT_ROWS).await?));
        }
        let turn = self.ledger_rows.lock().await;
        let mut rows = turn.unwrap_or(LEDGER_ROWS);
        // The others wait only while nobody knows.
        let turn = turn.is_none().then_some(turn);
        let mut first = self.page(list, walk, 1, rows).await;
        if rows > LEDGER_ROWS_OLD && matches!(first, Err(Setback::Refused { status: 422, .. })) {
            rows = LEDGER_ROWS_OLD;
            first = self.page(list, walk, 1, rows).await;
        }
        let first = first?;
        if let Some(mut turn) = turn {
            *turn = Some(rows);
        }
        Ok((rows, first))
    }

    /// Reads pages that the list promises; nothing stands for a page that the partner says does not exist. Begins no
    /// further page once one was empty or did not exist: a source that promises a million pages is not believed.
    async fn pages(
        &self,
        list: &List,
        walk: u32,
        pages: RangeInclusive<u32>,
        rows: u32,
    ) -> Result<Vec<(u32, Option<PageFacts>)>, Setback> {
        let ended = &AtomicBool::new(false);
        stream::iter(pages.take_while(|_| !ended.load(Ordering::Relaxed)))
            .map(|page| async move {
                let facts = existing(self.page(list, walk, page, rows).await)?;
                ended.fetch_or(facts.as_ref().is_none_or(|facts| facts.rows.is_empty()), Ordering::Relaxed);
                Ok((page, facts))
            })
            .buffer_unordered(self.line.limits.concurrency.max(1))
            .try_collect()
            .await
    }

    /// Reads one page, from the archive where it is durable already.
    async fn page(&self, list: &List, walk: u32, page: u32, rows: u32) -> Result<PageFacts, Setback> {
        if let Some(held) = self.held_page(list, walk, page) {
            return self.facts_held(list, held);
        }
        let request = self.request(list, page, rows);
        let read = |body: &[u8]| match read_page(list, body)? {
            facts if is_another_page(&facts, page) => Err("the answer is another page".to_owned()),
            facts => Ok(facts),
        };
        let answer = self.caller.ask(list, page, &request, read).await;
        let answer = answer.map_err(|refusal| Setback::from((list, refusal)))?;
        Ok(self.keep(list, walk, page, request, answer).await?)
    }

    /// Asks for a page that the list does not promise. A server may answer it with an empty page, refuse it, or give
    /// an earlier page once more; only a page of this walk is archived.
    async fn page_past_the_end(
        &self,
        list: &List,
        walk: u32,
        page: u32,
        rows: u32,
        so_far: &Walk,
    ) -> Result<Option<PageFacts>, Setback> {
        if let Some(held) = self.held_page(list, walk, page) {
            return self.facts_held(list, held).map(Some);
        }
        let request = self.request(list, page, rows);
        let answer = self.caller.ask(list, page, &request, |body| read_page(list, body)).await;
        let Some(answer) = existing(answer.map_err(|refusal| Setback::from((list, refusal))))? else {
            return Ok(None);
        };
        let facts = &answer.read;
        let again = !facts.rows.is_empty() && so_far.holds_all_of(facts);
        if again || is_another_page(facts, page) {
            return Ok(None);
        }
        Ok(Some(self.keep(list, walk, page, request, answer).await?))
    }

    /// Path and query below the base; also what the archive keeps of the request.
    fn request(&self, list: &List, page: u32, rows: u32) -> String {
        match list {
            List::Me | List::Dashboard => list.to_string(),
            List::Accounts => format!("{list}?page={page}&per_page={rows}"),
            List::Master | List::Ledger(_) => {
                let FetchPlan { from, to, .. } = self.plan;
                format!("{list}?from_date={from}&to_date={to}&page={page}&per_page={rows}")
            }
        }
    }
}

/// Tells a page that does not exist from a list that cannot be read; holds for any page but the first.
fn existing<T>(answer: Result<T, Setback>) -> Result<Option<T>, Setback> {
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
