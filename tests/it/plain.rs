//! The second implementation of reconcile, from the rules of reading alone: maps over raw rows, no frame, and no line
//! shared with the engine. Plain before fast; where it and the engine part, one of them is wrong.

mod transfers;
mod wallets;

use std::collections::{BTreeMap, BTreeSet};

use tieout::domain::{Amount, Class, Currency, Direction, Family, List, Severity, TieOutKey, Timestamp};
use tieout::run::Settled;
use tieout::simulator::Row;

use crate::books::{Claim, RawBooks, RawLedger, State};

/// Amounts by tie-out.
pub(crate) type Effects = BTreeMap<TieOutKey, Amount>;

/// What books come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The master's figure and the customer's, each where its ledger was read; keys at zero on both sides are left out.
    pub(crate) figures: BTreeMap<TieOutKey, (Option<Amount>, Option<Amount>)>,
    /// Every break, sorted.
    pub(crate) breaks: Vec<Finding>,
    /// The worst severity on each account of the list and on the partner.
    pub(crate) accounts: BTreeMap<String, Severity>,
    /// The worst severity of all.
    pub(crate) verdict: Severity,
}

/// One break: what it is, what it is about, and what it adds to the tie-outs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    pub(crate) class: Class,
    pub(crate) entry_ids: Vec<String>,
    pub(crate) account: Option<String>,
    /// Effects other than zero.
    pub(crate) effects: Effects,
    /// The effect on a wallet's own equation.
    pub(crate) on_wallet: Option<Amount>,
}

/// The engine's outcome in the same words.
pub(crate) fn derived(settled: &Settled) -> Outcome {
    let it = &settled.reconciliation;
    let figures = it.tie_outs.iter().map(|tie_out| (tie_out.key().clone(), (tie_out.master(), tie_out.customer())));
    let breaks = it.breaks.iter().map(|found| Finding {
        class: found.class(),
        entry_ids: found.entry_ids().to_vec(),
        account: found.account().map(ToOwned::to_owned),
        effects: found.legs().iter().map(|leg| (leg.key.clone(), leg.effect)).collect(),
        on_wallet: found.on_wallet(),
    });
    let mut accounts: BTreeMap<String, Severity> = BTreeMap::new();
    for line in &it.accounts {
        // Of one currency a break may not speak; of one of them it does.
        let worst = accounts.entry(line.account.clone()).or_insert(line.verdict.0);
        *worst = line.verdict.0.max(*worst);
    }
    Outcome { figures: figures.collect(), breaks: breaks.collect(), accounts, verdict: it.verdict.0 }.tidy()
}

/// Reconciles.
pub(crate) fn reconcile(books: &RawBooks) -> Outcome {
    let plain = Plain::of(books);
    let mut breaks = plain.proofs();
    let (transfers, sent, received) = plain.transfers();
    breaks.extend(transfers::one_an_entry(plain.entries(), transfers));
    breaks.extend(plain.wallets());
    let (mut master, mut customers) = (Effects::new(), Effects::new());
    for copy in plain.copies.iter().filter(|copy| copy.counts()) {
        match copy.ledger {
            List::Master if copy.holder == books.partner => {}
            List::Me | List::Dashboard | List::Accounts | List::Reading(_) | List::Beside(_) => {}
            List::Master => *master.entry(copy.key()).or_default() += copy.amount,
            List::Ledger(_) => *customers.entry(copy.key()).or_default() += copy.amount,
        }
    }
    master.extend(sent);
    customers.extend(received);
    let keys: BTreeSet<&TieOutKey> = master.keys().chain(customers.keys()).collect();
    let figure = |of: &Effects, key: &TieOutKey, read: bool| read.then(|| of.get(key).copied().unwrap_or_default());
    let figures = keys.into_iter().map(|key| {
        let read = plain.is_read(&key.account);
        (key.clone(), (figure(&master, key, plain.master_read), figure(&customers, key, read)))
    });
    let accounts = books.accounts.iter().map(|(id, _)| id).chain([&books.partner]);
    let accounts = accounts.map(|id| (id.clone(), worst(breaks.iter().filter(|found| bears(found, id))))).collect();
    Outcome { figures: figures.collect(), verdict: worst(breaks.iter()), accounts, breaks }.tidy()
}

impl Outcome {
    /// The worst severity of what bears on an account in a currency for certain: by its effects there, or on all of it.
    pub(crate) fn on(&self, account: &str, currency: Currency) -> Severity {
        let of_all = |found: &&Finding| found.class.family() == Family::Completeness && bears(found, account);
        let there =
            |found: &&Finding| found.effects.keys().any(|key| key.account == account && key.currency == currency);
        worst(self.breaks.iter().filter(|found| of_all(found) || there(found)))
    }

    fn tidy(mut self) -> Self {
        let zero = |figure: Option<Amount>| figure.is_none_or(Amount::is_zero);
        self.figures.retain(|_, (master, customer)| !zero(*master) || !zero(*customer));
        for found in &mut self.breaks {
            found.effects.retain(|_, effect| !effect.is_zero());
        }
        self.breaks.sort();
        self
    }
}

fn worst<'a>(breaks: impl Iterator<Item = &'a Finding>) -> Severity {
    breaks.map(|found| found.class.severity()).max().unwrap_or(Severity::None)
}

fn bears(found: &Finding, account: &str) -> bool {
    found.account.as_deref() == Some(account)
        || found.effects.keys().any(|key| key.account == account)
        || (found.account.is_none() && found.class == Class::MissingLedger)
}

/// A row that is an entry.
struct Copy<'a> {
    ledger: &'a List,
    row: &'a Row,
    /// Whose wallet it moves.
    holder: &'a str,
    amount: Amount,
    direction: Direction,
    inside: bool,
    straddles: bool,
}

/// What two copies must share to be the same.
type Content<'a> = (&'a str, Currency, Direction, Amount, &'a str, &'a str, Option<&'a str>, &'a str, Timestamp);

impl Copy<'_> {
    fn counts(&self) -> bool {
        self.inside && self.row.is_settled()
    }

    fn key(&self) -> TieOutKey {
        TieOutKey { account: self.holder.to_owned(), currency: self.row.currency, direction: self.direction }
    }

    fn content(&self) -> Content<'_> {
        let Row { account_id, currency, kind, status, reference, description, created_at, .. } = self.row;
        let (direction, amount) = (self.direction, self.amount);
        (account_id, *currency, direction, amount, kind, status, reference.as_deref(), description, *created_at)
    }

    fn of_master(&self) -> bool {
        *self.ledger == List::Master
    }
}

/// A row that is none.
struct Unreadable<'a> {
    ledger: &'a List,
    row: &'a Row,
}

struct Plain<'a> {
    books: &'a RawBooks,
    copies: Vec<Copy<'a>>,
    unreadable: Vec<Unreadable<'a>>,
    master_read: bool,
}

impl<'a> Plain<'a> {
    fn of(books: &'a RawBooks) -> Self {
        let (local, utc) = (books.month(books.zone), books.month(chrono_tz::UTC));
        let (mut copies, mut unreadable) = (Vec::new(), Vec::new());
        for (ledger, it) in books.ledgers.iter().filter(|(_, it)| it.state != State::Missing) {
            for row in &it.rows {
                let Ok(amount) = row.amount.trim_matches('"').parse::<Amount>() else {
                    unreadable.push(Unreadable { ledger, row });
                    continue;
                };
                if row.id.is_empty() || row.account_id.is_empty() {
                    unreadable.push(Unreadable { ledger, row });
                    continue;
                }
                let inside = local.contains(&row.created_at);
                copies.push(Copy {
                    ledger,
                    row,
                    holder: owner(ledger).unwrap_or(&row.account_id),
                    amount,
                    direction: direction(row.kind),
                    inside,
                    straddles: inside != utc.contains(&row.created_at),
                });
            }
        }
        let master_read = books.ledgers[&List::Master].state != State::Missing;
        let mut plain = Self { books, copies, unreadable, master_read };
        // Which of several copies of an entry stands for it must not hang on where they were read.
        plain.copies.sort_by(|a, b| (a.ledger, a.content()).cmp(&(b.ledger, b.content())));
        plain
    }

    fn listed(&self, account: &str) -> bool {
        self.books.accounts.iter().any(|(id, _)| id == account)
    }

    /// Whether an account's own ledger was read, as far as it should have one.
    fn is_read(&self, account: &str) -> bool {
        self.books.ledgers.iter().all(|(list, it)| owner(list) != Some(account) || it.state != State::Missing)
    }

    /// Is every list whole?
    fn proofs(&self) -> Vec<Finding> {
        let mut breaks = Vec::new();
        for (list, ledger) in &self.books.ledgers {
            for class in self.proof(list, ledger) {
                let account = owner(list).map(ToOwned::to_owned);
                breaks.push(finding(class, &[], account.as_deref(), Effects::new()));
            }
        }
        breaks
    }

    fn proof(&self, list: &List, ledger: &RawLedger) -> Vec<Class> {
        match ledger.state {
            State::Missing if *list == List::Master && self.books.master_declared_absent => return Vec::new(),
            State::Missing => return vec![Class::MissingLedger],
            State::Unstable => return vec![Class::UnstableWalk],
            State::Read => {}
        }
        let claim = ledger.claim;
        let rows = u64::try_from(ledger.rows.len()).unwrap();
        let mut found = Vec::new();
        if claim.net != claim.credit - claim.debit {
            found.push(Class::CrossFoot);
        }
        let unread = self.unreadable.iter().any(|it| it.ledger == list);
        let holds = self.holds(list, claim, rows);
        let zero = claim.transactions == 0 && claim.debit.is_zero() && claim.credit.is_zero() && claim.net.is_zero();
        if claim.total != rows || (!unread && !holds && !zero) {
            found.push(Class::ControlTotal);
        }
        if !unread && !holds && zero {
            found.push(Class::DegradedSummary);
        }
        found
    }

    /// Whether the summary is right, be it that it counts settled entries or all of them, and whatever it makes of a
    /// direction that nobody knows.
    fn holds(&self, list: &List, claim: Claim, rows: u64) -> bool {
        [true, false].into_iter().any(|settled_only| {
            let counted = || {
                let own = self.copies.iter().filter(|copy| copy.ledger == list);
                own.filter(move |copy| !settled_only || copy.row.is_settled())
            };
            let sum = |way: Direction| -> Amount {
                counted().filter(|copy| copy.direction == way).map(|copy| copy.amount).sum()
            };
            let (debit, credit, odd) = (sum(Direction::Debit), sum(Direction::Credit), sum(Direction::Unclassified));
            let count = u64::try_from(counted().count()).unwrap();
            let said = (claim.debit, claim.credit);
            (claim.transactions == rows || claim.transactions == count)
                && [(debit, credit), (debit + odd, credit), (debit, credit + odd)].contains(&said)
        })
    }

    /// Do both books carry the same entries? At most one break an entry.
    fn entries(&self) -> Vec<Finding> {
        let mut ids: BTreeMap<&str, Vec<&Copy<'_>>> = BTreeMap::new();
        for copy in self.copies.iter().filter(|copy| !copy.of_master() || copy.holder != self.books.partner) {
            ids.entry(&copy.row.id).or_default().push(copy);
        }
        let mut unreadable: BTreeMap<&str, &Unreadable<'_>> = BTreeMap::new();
        let mut breaks = Vec::new();
        for it in &self.unreadable {
            if it.row.id.is_empty() {
                breaks.push(finding(Class::UnreadableEntry, &[], owner_of(it), Effects::new()));
            } else {
                unreadable.entry(&it.row.id).or_insert(it);
            }
        }
        for (id, it) in unreadable {
            let effects = self.effects(ids.remove(id).unwrap_or_default());
            breaks.push(finding(Class::UnreadableEntry, &[id], owner_of(it), effects));
        }
        for (id, copies) in ids {
            if let Some(class) = self.fault(&copies) {
                let first = copies.iter().find(|copy| !copy.of_master()).unwrap_or(&copies[0]);
                breaks.push(finding(class, &[id], Some(first.holder), self.effects(copies.iter().copied())));
            }
        }
        breaks
    }

    /// What the copies of an entry add to the tie-outs that have both their figures.
    fn effects<'c>(&self, copies: impl IntoIterator<Item = &'c Copy<'c>>) -> Effects {
        let mut effects = Effects::new();
        for copy in copies.into_iter().filter(|copy| copy.counts()) {
            if self.master_read && self.is_read(copy.holder) {
                let effect = if copy.of_master() { copy.amount } else { -copy.amount };
                *effects.entry(copy.key()).or_default() += effect;
            }
        }
        effects
    }

    /// The first fault of an entry in order of precedence.
    fn fault(&self, copies: &[&Copy<'_>]) -> Option<Class> {
        let any = |test: &dyn Fn(&Copy<'_>) -> bool| copies.iter().any(|copy| test(copy));
        // A ledger that could not be read is one break by itself.
        if !any(&|copy| !copy.of_master() || self.is_read(copy.holder)) {
            return None;
        }
        if !any(&|copy| copy.row.is_settled()) {
            return any(&|copy| copy.inside).then_some(Class::Unsettled);
        }
        let straddle = any(&|copy| copy.straddles).then_some(Class::ZoneStraddle);
        if !any(&|copy| copy.inside) {
            return straddle;
        }
        let (masters, customers): (Vec<&Copy<'_>>, Vec<&Copy<'_>>) = copies.iter().partition(|copy| copy.of_master());
        let mut faults = Vec::new();
        if self.master_read {
            faults.extend(self.existence(&masters, &customers));
        }
        for side in [&masters, &customers] {
            if side.len() > 1 {
                let same = side.iter().all(|copy| copy.content() == side[0].content());
                faults.push(if same { Class::DuplicateEntry } else { Class::ConflictingEntry });
            }
        }
        if let ([master], [customer]) = (masters.as_slice(), customers.as_slice()) {
            faults.extend(self.valuation(master, customer));
        }
        // The partner's copy names its holder by itself; a customer's copy may name another account than its ledger's.
        if any(&|copy| &*copy.row.account_id != copy.holder) {
            faults.push(Class::AccountDiffers);
        }
        if any(&|copy| copy.amount.is_negative()) {
            faults.push(Class::DirectionDiffers);
        }
        faults.extend(straddle);
        if any(&|copy| copy.direction == Direction::Unclassified) {
            faults.push(Class::Unclassified);
        }
        if any(&|copy| is_adjustment(copy.row)) {
            faults.push(Class::Adjustment);
        }
        faults.into_iter().min()
    }

    fn existence(&self, masters: &[&Copy<'_>], customers: &[&Copy<'_>]) -> Option<Class> {
        if masters.iter().any(|copy| !self.listed(copy.holder)) {
            return Some(Class::UnknownAccount);
        }
        let Some(first) = customers.first() else {
            let expected = masters.iter().any(|copy| self.is_read(copy.holder));
            return expected.then_some(Class::MissingFromCustomer);
        };
        // In two customers' ledgers: the master can hold it for one of them only.
        let twice = customers.iter().any(|copy| copy.holder != first.holder);
        (masters.is_empty() || twice).then_some(Class::MissingFromMaster)
    }

    fn valuation(&self, master: &Copy<'_>, customer: &Copy<'_>) -> Vec<Class> {
        let difference = (master.amount - customer.amount).abs();
        let faults = [
            (master.holder != customer.holder, Class::AccountDiffers),
            (master.row.currency != customer.row.currency, Class::CurrencyDiffers),
            (master.direction != customer.direction, Class::DirectionDiffers),
            (difference > self.books.tolerance, Class::AmountDiffers),
            (!difference.is_zero(), Class::RoundingDiffers),
            (master.row.is_settled() != customer.row.is_settled(), Class::StatusDiffers),
            (master.inside != customer.inside, Class::Timing),
        ];
        faults.into_iter().filter_map(|(holds, class)| holds.then_some(class)).collect()
    }
}

fn finding(class: Class, ids: &[&str], account: Option<&str>, effects: Effects) -> Finding {
    let entry_ids = ids.iter().map(|id| (*id).to_owned()).collect();
    Finding { class, entry_ids, account: account.map(ToOwned::to_owned), effects, on_wallet: None }
}

/// The customer whose ledger a list is.
fn owner(list: &List) -> Option<&str> {
    match list {
        List::Ledger(owner) => Some(owner.as_str()),
        List::Me | List::Dashboard | List::Accounts | List::Master | List::Reading(_) | List::Beside(_) => None,
    }
}

fn owner_of<'a>(it: &Unreadable<'a>) -> Option<&'a str> {
    owner(it.ledger).or(Some(&*it.row.account_id)).filter(|account| !account.is_empty())
}

/// The two documented words, and the literals of older rows.
fn direction(kind: &str) -> Direction {
    match kind {
        "credit" | "payment" | "recharge" | "refund" => Direction::Credit,
        "debit" | "cdr" | "did_purchase" | "did_rental" | "ncc" | "recording" | "stream_cdr" | "transcription" => {
            Direction::Debit
        }
        _ => Direction::Unclassified,
    }
}

fn is_adjustment(row: &Row) -> bool {
    let by_hand = row.description.to_ascii_lowercase().starts_with("manual adjustment");
    by_hand && !row.is_transfer() && direction(row.kind) != Direction::Unclassified
}
