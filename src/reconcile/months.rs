//! From month to month: what the last sealed runs left open beside what this one finds.
//!
//! Books, this run's breaks and what was handed on in; the standing and the age of each out, and a break for every timing
//! difference of the last month that did not clear. A carried break is never claimed resolved unless this run's evidence
//! shows it: what was not asked again persists, and says so.

use std::collections::{BTreeMap, BTreeSet};

use super::cash::WALLET;
use super::found::Found;
use super::outcome::{CarriedBreak, History};
use super::scope::Scope;
use super::transfers::Transfers;
use super::{Options, entries};
use crate::domain::{Aged, Break, Class, Entry, Family, OpenBreak, Severity, Side, Standing, Timestamp};
use crate::frame::FrameError;
use crate::normalise::Books;

/// What this run's books show of the entries that somebody speaks of: every copy in every frame.
pub(super) struct Seen(BTreeMap<String, Vec<Entry>>);

impl Seen {
    /// Looks the entries up that this run's breaks and the carried ones name.
    pub(super) fn of<'a>(books: &Books, ids: impl Iterator<Item = &'a String>) -> Result<Self, FrameError> {
        let ids: Vec<String> = ids.collect::<BTreeSet<_>>().into_iter().cloned().collect();
        let mut seen: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
        for (side, frame) in [(Side::Master, &books.master), (Side::Customer, &books.ledgers)] {
            for entry in frame.entries_with(side, &ids)? {
                seen.entry(entry.id.clone()).or_default().push(entry);
            }
        }
        Ok(Self(seen))
    }

    pub(super) fn copies(&self, id: &str) -> &[Entry] {
        self.0.get(id).map_or(&[], Vec::as_slice)
    }

    fn youngest(&self, ids: &[String]) -> Option<Timestamp> {
        ids.iter().flat_map(|id| self.copies(id)).map(|entry| entry.created_at).max()
    }
}

/// The entry ids that carried breaks name.
pub(super) fn ids_carried<'a>(options: &Options<'a>) -> impl Iterator<Item = &'a String> {
    let again = options.again.into_iter().flat_map(|again| &again.open);
    let carried = options.carried.into_iter().flat_map(|carried| &carried.open);
    again.chain(carried).flat_map(|open| &open.entry_ids)
}

/// What judging a carried break takes.
#[derive(Clone, Copy)]
pub(super) struct Months<'a> {
    pub(super) books: &'a Books,
    pub(super) scope: &'a Scope,
    pub(super) options: &'a Options<'a>,
    pub(super) transfers: &'a Transfers,
    pub(super) seen: &'a Seen,
    pub(super) found: &'a Found<'a>,
}

impl Months<'_> {
    /// What became of everything that was handed on, sorted by id: the last run of the same month first, as it was made of
    /// the same month's books, then the months before.
    pub(super) fn carried(&self) -> Vec<CarriedBreak> {
        let mut told: BTreeMap<&str, CarriedBreak> = BTreeMap::new();
        for open in self.options.again.into_iter().flat_map(|again| &again.open) {
            told.insert(&open.id, self.judged(open, true));
        }
        for open in self.options.carried.into_iter().flat_map(|carried| &carried.open) {
            told.entry(&open.id).or_insert_with(|| self.judged(open, false));
        }
        let clears: BTreeSet<String> =
            told.values().filter(|it| it.standing == Standing::Resolved).filter_map(|it| it.by.clone()).collect();
        // The other half itself is no open matter, though the run before listed it, too.
        for it in told.values_mut().filter(|it| clears.contains(&it.open.id)) {
            it.standing = Standing::Resolved;
            "the other half of a timing difference that is cleared".clone_into(&mut it.why);
        }
        told.into_values().collect()
    }

    /// The standing and the age of each of this run's breaks, by id.
    pub(super) fn histories(&self, breaks: &[Break], carried: &[CarriedBreak]) -> BTreeMap<String, History> {
        let handed_on: BTreeMap<&str, &CarriedBreak> = carried.iter().map(|it| (it.open.id.as_str(), it)).collect();
        let cleared: BTreeMap<&str, &CarriedBreak> = carried
            .iter()
            .filter(|it| it.standing == Standing::Resolved)
            .filter_map(|it| Some((it.by.as_deref()?, it)))
            .collect();
        let history = |found: &Break| {
            let aged = Aged::at_cut_off(&self.books.calendar, self.dated(found));
            let known = cleared.get(found.id()).map(|it| (Standing::Resolved, *it));
            let known = known.or_else(|| handed_on.get(found.id()).map(|it| (Standing::Persisting, *it)));
            let standing = known.map_or(Standing::New, |(standing, _)| standing);
            History {
                standing: (found.class().severity() > Severity::Notice).then_some(standing),
                aged,
                first_run: known.map(|(_, it)| it.open.first_run.clone()),
                decision: self.found.decision(found.id()).cloned(),
                open: standing.is_open() && self.stays_open(found, aged.dated),
            }
        };
        breaks.iter().map(|found| (found.id().to_owned(), history(found))).collect()
    }

    /// When the youngest entry concerned was made; the month's last moment where none is in the books.
    fn dated(&self, found: &Break) -> Timestamp {
        self.seen.youngest(found.entry_ids()).unwrap_or(self.books.calendar.end - 1)
    }

    /// Whether a break is handed on. A timing difference at the month's beginning is the other half of one that the month
    /// before reported, and no matter of the next.
    fn stays_open(&self, found: &Break, dated: Timestamp) -> bool {
        let calendar = &self.books.calendar;
        match (found.class(), found.class().severity()) {
            (Class::Timing, _) => dated >= calendar.end,
            (Class::ZoneStraddle, _) => dated - calendar.start > calendar.end - dated,
            (_, severity) => severity > Severity::Notice,
        }
    }

    fn judged(&self, open: &OpenBreak, is_same_month: bool) -> CarriedBreak {
        let (standing, asked, by, why) = self.outcome(open, is_same_month);
        CarriedBreak {
            open: open.clone(),
            aged: Aged::at_cut_off(&self.books.calendar, open.dated),
            standing,
            asked,
            by,
            why,
            decision: self.found.decision(&open.id).cloned(),
        }
    }

    /// What became of a carried break, whether this run's evidence was able to tell, the break of this run that speaks of it
    /// instead, and why.
    fn outcome(&self, open: &OpenBreak, is_same_month: bool) -> (Standing, bool, Option<String>, String) {
        if self.found.has(&open.id) {
            return (Standing::Persisting, true, None, "found again".to_owned());
        }
        if let Some(why) = self.unasked(open) {
            return (Standing::Persisting, false, None, format!("not asked again: {why}"));
        }
        if open.class == Class::OpeningDiffers && open.field == WALLET {
            return self.shown_again(open);
        }
        if let Some(found) = self.found.speaking(open, is_same_month) {
            let (id, class) = (found.id(), found.class());
            let by = Some(id.to_owned());
            // Only a timing difference of an earlier month has another half, and that is worth as much the other way.
            let was_timing = open.class.severity() == Severity::Timing && !is_same_month;
            let opposite = found.currency() == open.currency && found.effect() == -open.effect;
            return if class.severity() == Severity::Timing && was_timing && opposite {
                let why = format!("its other half is in this month: {id} has the opposite effect");
                (Standing::Resolved, true, by, why)
            } else {
                (Standing::Replaced, true, by, format!("its entries are reported as {class} now: {id}"))
            };
        }
        if is_same_month && !open.class.is_after_the_seal() {
            return (Standing::Resolved, true, None, "this run reads the same month and no longer finds it".to_owned());
        }
        if self.is_settled_now(open) {
            return (Standing::Resolved, true, None, "its entries are in both books now and agree".to_owned());
        }
        if open.entry_ids.iter().any(|id| !self.seen.copies(id).is_empty()) {
            return (Standing::Persisting, true, None, "its entries still do not agree".to_owned());
        }
        let why = "not asked again: this month's evidence does not reach it";
        (Standing::Persisting, false, None, why.to_owned())
    }

    /// Why this run's evidence cannot tell anything of a carried break; nothing where it can.
    pub(super) fn unasked(&self, open: &OpenBreak) -> Option<String> {
        if !self.scope.master && !self.scope.master_declared_absent {
            return Some("the master ledger could not be read".to_owned());
        }
        let account = open.account.as_deref();
        if open.class.family() == Family::Balance && !self.found.is_wallet_judged(account, open.currency) {
            return Some("the wallet is not evidenced this time".to_owned());
        }
        let own = |account: &str| account == self.scope.partner;
        if let Some(account) = account.filter(|it| !own(it) && open.class != Class::UnknownAccount) {
            if !self.scope.knows(account) {
                return Some(format!("the account list no longer holds {account}"));
            }
            if self.scope.missing.contains_key(account) {
                return Some(format!("the ledger of {account} could not be read"));
            }
        }
        self.found.has_gap(account).then(|| "the books were not read whole".to_owned())
    }

    /// What became of a wallet that was gone and is judged again: it is held against what was sealed.
    fn shown_again(&self, open: &OpenBreak) -> (Standing, bool, Option<String>, String) {
        let Some(found) = self.found.on_wallet(open) else {
            return (Standing::Resolved, true, None, "the wallet is shown again, with what was sealed".to_owned());
        };
        let (id, class) = (found.id(), found.class());
        let why = format!("the wallet is shown again and reported as {class}: {id}");
        (Standing::Replaced, true, Some(id.to_owned()), why)
    }

    /// Whether every entry of a carried break is in the books now, as a sound entry is. A row of one that cannot be read is
    /// a break of this run, which speaks of it before this is asked.
    fn is_settled_now(&self, open: &OpenBreak) -> bool {
        let sound = |id: &String| {
            let copies = self.seen.copies(id);
            !copies.is_empty() && self.is_sound(id, copies)
        };
        !open.class.is_after_the_seal() && !open.entry_ids.is_empty() && open.entry_ids.iter().all(sound)
    }

    /// Whether an entry agrees with its counterpart: in the other book, and for a transfer at its other leg.
    pub(super) fn is_sound(&self, id: &str, copies: &[Entry]) -> bool {
        let transfer = |entry: &Entry| entry.reference.as_deref().is_some_and(crate::domain::is_transfer);
        let own = copies.iter().all(|entry| entry.account == self.scope.partner);
        let paired = self.transfers.paired.contains(id);
        if own || (self.transfers.evidenced && copies.iter().any(transfer)) {
            let judged = own || entries::fault_at_rest(copies, self.books, self.scope, self.options).is_none();
            return paired && judged;
        }
        self.scope.master && entries::fault_at_rest(copies, self.books, self.scope, self.options).is_none()
    }
}
