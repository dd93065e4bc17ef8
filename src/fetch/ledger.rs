//! How a ledger is read: what an earlier fetch has read is taken over where the ledger's totals show that it has not
//! moved since, and only the rest is walked.

use chrono::{Days, NaiveDate};
use futures::future::try_join_all;

use super::caller::Good;
use super::earlier::{EarlierLedger, EarlierStretch};
use super::page::PageFacts;
use super::reading::{Stretch, Walked, Window};
use super::session::Session;
use super::setback::Setback;
use crate::archive::{ListOutcome, Taken};
use crate::domain::{Control, Counted, List};
use crate::watch::Event;

/// A ledger that has been read.
struct Read {
    outcome: ListOutcome,
    /// What it says of itself.
    control: Control,
    /// The reading of its totals that the pages were held against, where some were taken over.
    totals: Option<Totals>,
}

/// What a ledger says of itself at one moment.
struct Totals {
    control: Control,
    /// The request and its answer, where that is not durable yet.
    answer: Option<(String, Good<PageFacts>)>,
}

impl Session<'_> {
    /// Reads a ledger, and how many of its entries each `transaction_type` selects.
    pub(super) async fn read_ledger(&self, list: &List) -> Result<ListOutcome, Setback> {
        let earlier = self.earlier(list).await?;
        let earlier = earlier.as_ref();
        // What a whole walk of a run that was cut off has read is gone on with.
        let whole = self.walks_held(list).find(|(_, window)| *window == Some(self.window())).map(|(walk, _)| walk);
        // A ledger of one page is walked for the price of a look at its totals.
        let worth = |earlier: &&EarlierLedger| whole.is_none() && earlier.pages() > 1 && earlier.control.tells();
        let carried = match earlier.filter(worth) {
            Some(earlier) => self.carry_over(list, earlier).await?,
            None => Carried::Not { walks: 0 },
        };
        let read = match carried {
            Carried::Over(read) => *read,
            Carried::Not { walks } => {
                let unused = walks.max(self.last_walk_held(list)) + 1;
                self.walk_whole(list, whole.unwrap_or(unused)).await?
            }
        };
        if self.line.thorough.type_counts && read.control.total != Some(0) {
            let unmoved = earlier.filter(|earlier| read.control.tells() && earlier.control == read.control);
            try_join_all(Counted::TYPES.map(|counts| self.count(list, counts, unmoved))).await?;
        }
        if let Some(totals) = read.totals {
            self.keep_totals(&list.reading(Counted::All), totals).await?;
        }
        Ok(read.outcome)
    }

    /// Takes over what still holds of an earlier fetch's pages, and walks the stretch that was still open then. What comes
    /// together so stands only where the ledger says the same of itself before and after, and it is that: a late entry
    /// could otherwise hide behind one that arrives meanwhile.
    async fn carry_over(&self, list: &List, earlier: &EarlierLedger) -> Result<Carried, Setback> {
        let Some(mut before) = self.totals(list).await? else { return Ok(Carried::Not { walks: 0 }) };
        let settled = |stretches: &[EarlierStretch]| stretches.iter().all(|stretch| !stretch.awaited);
        if before.control == earlier.control && settled(&earlier.stretches) && self.is_free_for(list, earlier) {
            self.take_over(list, earlier, 0, &earlier.stretches).await?;
            let (outcome, control) = (ListOutcome::Complete { walk: 0 }, before.control);
            return Ok(Carried::Over(Box::new(Read { outcome, control, totals: Some(before) })));
        }
        let (closed, windows) = match earlier.stretches.split_last() {
            Some((open, closed)) if !closed.is_empty() && settled(closed) => {
                (closed, self.windows(open.window, open.pages))
            }
            Some(_) | None => (&[][..], self.windows(self.window(), earlier.pages())),
        };
        if closed.is_empty() && windows.len() == 1 {
            return Ok(Carried::Not { walks: 0 });
        }
        let pages = closed.iter().map(|stretch| stretch.pages).sum();
        let said = closed.iter().map(|stretch| stretch.control).fold(Control::NOTHING, Control::plus);
        let mut number = self.walk_for(list, earlier, closed, &windows);
        for _ in 0..self.line.limits.walks_max.max(1) {
            self.take_over(list, earlier, number, closed).await?;
            let walked = self.walk_windows(list, &windows, pages, number).await?;
            let walks = walked.number;
            let Some(after) = self.totals(list).await? else { return Ok(Carried::Not { walks }) };
            let (control, still) = (said.plus(walked.control), before.control == after.control);
            if walked.unstable.is_none() && still && control == after.control {
                self.take_over(list, earlier, walks, closed).await?;
                let totals = Some(after).filter(|_| !closed.is_empty());
                let outcome = ListOutcome::Complete { walk: walks };
                return Ok(Carried::Over(Box::new(Read { outcome, control, totals })));
            }
            if walked.unstable.is_some() || still {
                return Ok(Carried::Not { walks });
            }
            (before, number) = (after, walks + 1);
        }
        Ok(Carried::Not { walks: number })
    }

    /// Walks a ledger from its first page to its last.
    async fn walk_whole(&self, list: &List, number: u32) -> Result<Read, Setback> {
        let Walked { walk, number, unstable } = self.prove(self.whole(list), number).await?;
        let control = Control { total: Some(walk.rows()), ..walk.control() };
        let outcome = match unstable {
            Some(reason) => ListOutcome::Unstable { walk: number, reason },
            None => ListOutcome::Complete { walk: number },
        };
        Ok(Read { outcome, control, totals: None })
    }

    /// The walk in which to bring stretches together: the first, where a run that was cut off has left nothing of other
    /// stretches, nor of pages that another fetch had before; else one that nobody has begun.
    fn walk_for(&self, list: &List, earlier: &EarlierLedger, closed: &[EarlierStretch], windows: &[Window]) -> u32 {
        let taken: u32 = closed.iter().map(|stretch| stretch.pages).sum();
        let fits = self.pages_held(list).filter(|((walk, _), _)| *walk > 0).all(|((_, page), held)| {
            if *page <= taken {
                earlier.digests.get(page) == Some(&held.digest)
            } else {
                held.window().is_some_and(|window| windows.contains(&window))
            }
        });
        if fits { 1 } else { self.last_walk_held(list) + 1 }
    }

    /// Whether a run that was cut off has left no page that was taken over from another fetch than this one.
    fn is_free_for(&self, list: &List, earlier: &EarlierLedger) -> bool {
        let mut taken = self.pages_held(list).filter(|((walk, _), _)| *walk == 0);
        taken.all(|((_, page), held)| earlier.digests.get(page) == Some(&held.digest))
    }

    pub(super) fn last_walk_held(&self, list: &List) -> u32 {
        self.walks_held(list).map(|(walk, _)| walk).max().unwrap_or_default()
    }

    const fn window(&self) -> Window {
        (self.plan.from, self.plan.to)
    }

    const fn whole<'a>(&self, list: &'a List) -> Stretch<'a> {
        Stretch { list, window: self.window(), before: 0 }
    }

    /// The stretches to walk a window in. A daily job closes what lies behind it, so that tomorrow it walks only what is
    /// new; a ledger of one page is not worth the further request.
    fn windows(&self, window: Window, pages: u32) -> Vec<Window> {
        let (from, to) = window;
        let back = |days| self.plan.today.checked_sub_days(Days::new(days));
        let split = |closed: NaiveDate, open: NaiveDate| {
            (from <= closed && open <= to).then(|| vec![(from, closed), (open, to)])
        };
        let split = back(2).zip(back(1)).and_then(|(closed, open)| split(closed, open));
        split.filter(|_| self.line.thorough.daily && pages > 1).unwrap_or_else(|| vec![window])
    }

    /// Walks stretches one after the other, and brings their pages together under one walk's number.
    async fn walk_windows(
        &self,
        list: &List,
        windows: &[Window],
        before: u32,
        number: u32,
    ) -> Result<WalkedAll, Setback> {
        let mut all = WalkedAll { number, unstable: None, control: Control::NOTHING, pages: before };
        for window in windows {
            let stretch = Stretch { list, window: *window, before: all.pages };
            let Walked { walk, number: accepted, unstable } = self.prove(stretch, all.number).await?;
            if accepted > all.number {
                let pages = (before + 1..=all.pages).collect();
                self.take_over_own(list, all.number, accepted, pages).await?;
            }
            all = WalkedAll {
                number: accepted,
                unstable: all.unstable.or(unstable),
                control: all.control.plus(walk.control()),
                pages: all.pages + walk.len(),
            };
        }
        Ok(all)
    }

    /// Reads what a ledger says of itself now, or what it said to a run that was cut off before it could settle the ledger;
    /// nothing where the partner refuses to say it so.
    async fn totals(&self, list: &List) -> Result<Option<Totals>, Setback> {
        let reading = list.reading(Counted::All);
        if let Some(held) = self.held_page(&reading, 1, 1) {
            return Ok(Some(Totals { control: self.facts_held(&reading, held)?.control, answer: None }));
        }
        let request = self.request(self.whole(&reading), 1, 1);
        let answer = self.caller.ask(&reading, 1, &request, |body| self.read(&reading, body)).await;
        match answer.map_err(|refusal| Setback::from((&reading, refusal))) {
            Ok(answer) => Ok(Some(Totals { control: answer.read.control, answer: Some((request, answer)) })),
            Err(Setback::Refused { .. }) => Ok(None),
            Err(setback) => Err(setback),
        }
    }

    /// Reads how many entries of a ledger one filter selects, or takes over what it selected when the ledger had the same
    /// totals. A filter that the partner refuses costs nothing but itself.
    async fn count(&self, list: &List, counts: Counted, unmoved: Option<&EarlierLedger>) -> Result<(), Setback> {
        let reading = list.reading(counts);
        if self.archive.outcome(self.fetch, &reading)?.is_some() {
            return Ok(());
        }
        if let Some((earlier, walk)) = unmoved.and_then(|earlier| Some((earlier, earlier.readings.get(&counts)?))) {
            let (from, to) = (earlier.fetch, self.fetch);
            let taken = Taken { list: reading.clone(), from, from_walk: *walk, to, to_walk: 0, pages: vec![1] };
            self.archive.take_over(taken).await?;
            return Ok(self.settle(&reading, ListOutcome::Complete { walk: 0 }).await?);
        }
        self.watch.saw(Event::ListOpened { list: reading.clone(), pages: 1 });
        let outcome = match self.page(self.whole(&reading), 1, 1, 1).await {
            Ok(_) => ListOutcome::Complete { walk: 1 },
            Err(Setback::Refused { status, message }) => {
                ListOutcome::Missing { reason: format!("HTTP {status}: {message}") }
            }
            Err(Setback::Line { reason }) => {
                return Err(Setback::Line { reason: format!("its entries by type could not be counted ({reason})") });
            }
            Err(fatal @ Setback::Fatal(_)) => return Err(fatal),
        };
        Ok(self.settle(&reading, outcome).await?)
    }

    async fn keep_totals(&self, reading: &List, totals: Totals) -> Result<(), Setback> {
        if let Some((request, answer)) = totals.answer {
            self.keep(reading, 1, 1, request, answer).await?;
        }
        Ok(self.settle(reading, ListOutcome::Complete { walk: 1 }).await?)
    }

    async fn take_over(
        &self,
        list: &List,
        earlier: &EarlierLedger,
        to_walk: u32,
        stretches: &[EarlierStretch],
    ) -> Result<(), Setback> {
        let pages = (1..=stretches.iter().map(|stretch| stretch.pages).sum()).collect();
        let (from, from_walk, to) = (earlier.fetch, earlier.walk, self.fetch);
        Ok(self.archive.take_over(Taken { list: list.clone(), from, from_walk, to, to_walk, pages }).await?)
    }

    async fn take_over_own(&self, list: &List, from_walk: u32, to_walk: u32, pages: Vec<u32>) -> Result<(), Setback> {
        let (from, to) = (self.fetch, self.fetch);
        Ok(self.archive.take_over(Taken { list: list.clone(), from, from_walk, to, to_walk, pages }).await?)
    }
}

/// What became of an earlier fetch's pages.
enum Carried {
    /// They are part of the ledger as it is now.
    Over(Box<Read>),
    /// The ledger is to be walked; walks up to this number are used up.
    Not { walks: u32 },
}

/// Stretches that have been walked under one walk's number.
struct WalkedAll {
    number: u32,
    unstable: Option<String>,
    control: Control,
    /// The pages of the list so far, those before the stretches included.
    pages: u32,
}
