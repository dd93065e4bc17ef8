//! How a ledger is read: what an earlier fetch has read is taken over where the ledger's totals show that it has not
//! moved since, and only the rest is walked.

use chrono::{Days, NaiveDate};
use futures::future::try_join_all;

use super::caller::Good;
use super::earlier::{EarlierLedger, EarlierStretch};
use super::page::{PageFacts, read_page};
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
    /// Whether it has entries.
    entries: bool,
}

impl Session<'_> {
    /// Reads a ledger, and how many of its entries each `transaction_type` selects.
    pub(super) async fn read_ledger(&self, list: &List) -> Result<ListOutcome, Setback> {
        let earlier = self.earlier(list)?;
        let earlier = earlier.as_ref();
        let mut number = 1;
        let mut read = None;
        // A ledger of one page is walked for the price of a look at its totals.
        if let Some(earlier) = earlier.filter(|earlier| earlier.pages() > 1 && earlier.control.tells()) {
            (read, number) = self.carry_over(list, earlier).await?;
        }
        let read = match read {
            Some(read) => read,
            None => self.walk_whole(list, earlier, number).await?,
        };
        if self.line.thorough.type_counts && read.entries {
            let unmoved = earlier.filter(|earlier| read.control.tells() && earlier.control == read.control);
            try_join_all(Counted::TYPES.map(|counts| self.count(list, counts, unmoved))).await?;
        }
        Ok(read.outcome)
    }

    /// Takes over what still holds of an earlier fetch's pages, and walks the stretch that was still open then. Gives
    /// nothing where that does not come to what the ledger says of itself now, and the number for the next walk.
    async fn carry_over(&self, list: &List, earlier: &EarlierLedger) -> Result<(Option<Read>, u32), Setback> {
        let Some((request, mut totals)) = self.totals(list).await? else { return Ok((None, 1)) };
        if totals.read.control == earlier.control {
            self.take_over(list, earlier, 0, &earlier.stretches).await?;
            let read = self.accept(list, request, totals, ListOutcome::Complete { walk: 0 }).await?;
            return Ok((Some(read), 1));
        }
        let Some((open, closed)) = earlier.stretches.split_last().filter(|(_, closed)| !closed.is_empty()) else {
            return Ok((None, 1));
        };
        self.take_over(list, earlier, 1, closed).await?;
        let before = closed.iter().map(|stretch| stretch.pages).sum();
        let windows = self.windows(open.window, open.pages);
        let walked = self.walk_windows(list, &windows, before, 1).await?;
        let (next, control) =
            (walked.number + 1, closed.iter().map(|stretch| stretch.control).fold(walked.control, Control::plus));
        if walked.unstable.is_none() && control != totals.read.control {
            // What arrived while the stretch was walked counts in it already.
            match self.totals(list).await? {
                Some((_, later)) => totals = later,
                None => return Ok((None, next)),
            }
        }
        if walked.unstable.is_some() || control != totals.read.control {
            return Ok((None, next));
        }
        if walked.number > 1 {
            let pages = (1..=before).collect();
            self.take_over_own(list, 1, walked.number, pages).await?;
        }
        let outcome = ListOutcome::Complete { walk: walked.number };
        Ok((Some(self.accept(list, request, totals, outcome).await?), next))
    }

    /// Keeps the reading of the totals that the pages were held against.
    async fn accept(
        &self,
        list: &List,
        request: String,
        totals: Good<PageFacts>,
        outcome: ListOutcome,
    ) -> Result<Read, Setback> {
        let control = totals.read.control;
        self.keep_reading(&list.reading(Counted::All), request, totals).await?;
        Ok(Read { outcome, control, entries: control.total != Some(0) })
    }

    /// Walks a ledger from its first page to its last.
    async fn walk_whole(&self, list: &List, earlier: Option<&EarlierLedger>, number: u32) -> Result<Read, Setback> {
        let window = (self.plan.from, self.plan.to);
        let windows = self.windows(window, earlier.map_or(0, EarlierLedger::pages));
        let WalkedAll { number, unstable, control, rows, .. } = self.walk_windows(list, &windows, 0, number).await?;
        let outcome = match unstable {
            Some(reason) => ListOutcome::Unstable { walk: number, reason },
            None => ListOutcome::Complete { walk: number },
        };
        Ok(Read { outcome, control, entries: rows > 0 })
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
        let mut all = WalkedAll { number, unstable: None, control: Control::NOTHING, rows: 0, pages: before };
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
                rows: all.rows + walk.rows(),
                pages: all.pages + walk.len(),
            };
        }
        Ok(all)
    }

    /// Reads what a ledger says of itself now; nothing where the partner refuses to say it so.
    async fn totals(&self, list: &List) -> Result<Option<(String, Good<PageFacts>)>, Setback> {
        let reading = list.reading(Counted::All);
        let stretch = self.reading_of(&reading);
        let request = stretch.request(1, 1);
        let answer = self.caller.ask(&reading, 1, &request, |body| read_page(&reading, body)).await;
        match answer.map_err(|refusal| Setback::from((&reading, refusal))) {
            Ok(answer) => Ok(Some((request, answer))),
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
        let outcome = match self.page(self.reading_of(&reading), 1, 1, 1).await {
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

    async fn keep_reading(&self, reading: &List, request: String, answer: Good<PageFacts>) -> Result<(), Setback> {
        if self.archive.outcome(self.fetch, reading)?.is_none() {
            self.keep(reading, 1, 1, request, answer).await?;
            self.settle(reading, ListOutcome::Complete { walk: 1 }).await?;
        }
        Ok(())
    }

    const fn reading_of<'a>(&self, reading: &'a List) -> Stretch<'a> {
        Stretch { list: reading, window: (self.plan.from, self.plan.to), before: 0 }
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

/// Stretches that have been walked under one walk's number.
struct WalkedAll {
    number: u32,
    unstable: Option<String>,
    control: Control,
    rows: u64,
    /// The pages of the list so far, those before the stretches included.
    pages: u32,
}
