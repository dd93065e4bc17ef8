//! The Transfers family: the partner's debits against the credits that its customers received.
//!
//! Pairing runs over the whole window by reference and amount, as multisets: two transfers in one second share a
//! reference. What is left on both sides of one reference pairs as a difference; only then is a leg unpaired.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::Options;
use super::legs::Legs;
use super::months::ids_carried;
use super::scope::Scope;
use super::wording;
use crate::domain::{
    Amount, BreakFacts, Class, Currency, Direction, Entry, Side, TieOutKey, TransferReference, is_transfer, step,
};
use crate::frame::{DirectionTotal, FrameError};
use crate::normalise::Books;

/// What the transfers come to.
pub(super) struct Transfers {
    /// Whether the master carries the partner's own entries, so that transfers can be paired at all.
    pub(super) evidenced: bool,
    /// The findings.
    pub(super) breaks: Vec<BreakFacts>,
    /// The entries of transfers that have both their legs and nothing wrong, wherever they are dated: those that what was
    /// handed on names.
    pub(super) paired: BTreeSet<String>,
    /// Σ settled transfer debits of the partner in the period, by currency.
    pub(super) sent: Vec<DirectionTotal>,
    /// Σ settled transfer credits of the customers in the period, by currency.
    pub(super) received: Vec<DirectionTotal>,
}

/// One leg of a transfer or both.
#[derive(Clone, Copy)]
struct Pair<'a> {
    debit: Option<&'a Entry>,
    credit: Option<&'a Entry>,
}

/// Pairs the transfers.
pub(super) fn pair(books: &Books, scope: &Scope, options: &Options<'_>) -> Result<Transfers, FrameError> {
    let master = books.master.transfers(Side::Master, &scope.partner)?;
    let customers = books.ledgers.transfers(Side::Customer, &scope.partner)?;
    let (own, others): (Vec<Entry>, Vec<Entry>) = master.into_iter().partition(|entry| entry.account == scope.partner);
    let evidenced = !own.is_empty();
    let (debits, mut breaks) = sent(&own, books, scope);
    let credits = received(&others, &customers);
    let mut by_reference: BTreeMap<&str, (Vec<&Entry>, Vec<&Entry>)> = BTreeMap::new();
    for debit in &debits {
        by_reference.entry(reference_of(debit)).or_default().0.push(debit);
    }
    for credit in &credits {
        by_reference.entry(reference_of(credit)).or_default().1.push(credit);
    }
    let carried: BTreeSet<&String> = ids_carried(options).collect();
    let mut paired = BTreeSet::new();
    for (debits, credits) in by_reference.into_values() {
        for (pair, class) in matched(debits, credits, evidenced, options) {
            let class = class.into_iter().chain(misreferenced(pair, books)).chain(timing(pair)).min();
            if let (None, Some(debit), Some(credit)) = (class, pair.debit, pair.credit) {
                paired
                    .extend([debit, credit].map(|leg| &leg.id).into_iter().filter(|id| carried.contains(id)).cloned());
            }
            breaks.extend(class.and_then(|class| finding(pair, class, books, scope, evidenced)));
        }
    }
    let total = |entries: &[&Entry]| totals(entries, &scope.partner);
    Ok(Transfers { evidenced, breaks, paired, sent: total(&debits), received: total(&credits) })
}

/// The partner's settled transfer debits, each once; an own entry that stands twice in the master is a break.
fn sent<'a>(own: &'a [Entry], books: &Books, scope: &Scope) -> (Vec<&'a Entry>, Vec<BreakFacts>) {
    let mut copies: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for entry in own {
        copies.entry(&entry.id).or_default().push(entry);
    }
    let mut breaks = Vec::new();
    let mut firsts = Vec::new();
    for (id, copies) in copies {
        let (first, more) = (copies[0], &copies[1..]);
        firsts.push(first);
        if more.is_empty() || !copies.iter().any(|copy| copy.in_period && copy.settled) {
            continue;
        }
        let same = more.iter().all(|copy| copy.same_content(first));
        let class = if same { Class::DuplicateEntry } else { Class::ConflictingEntry };
        let (field, master_value, _) = wording::values(class, Some(first), None);
        let extra: Amount = more.iter().map(|copy| copy.amount).sum();
        breaks.push(BreakFacts {
            class,
            account: Some(scope.partner.clone()),
            currency: Some(first.currency),
            entry_ids: vec![id.to_owned()],
            reference: first.reference.clone(),
            field,
            master_value,
            customer_value: "absent".to_owned(),
            legs: Vec::new(),
            origins: copies.iter().map(|copy| copy.origin_text()).collect(),
            explanation: wording::sentence(class, Some(first), None, extra, &books.calendar),
        });
    }
    firsts.retain(|entry| {
        entry.settled && entry.direction == Direction::Debit && entry.reference.as_deref().is_some_and(is_transfer)
    });
    (firsts, breaks)
}

/// The customers' settled transfer credits, each once: as the master carries it, or else as the ledger does (also where
/// the master's copy is not settled). How the two copies differ is the id families' affair.
fn received<'a>(master: &'a [Entry], customers: &'a [Entry]) -> Vec<&'a Entry> {
    let mut seen = BTreeSet::new();
    master
        .iter()
        .chain(customers)
        .filter(|entry| entry.settled && entry.direction == Direction::Credit)
        .filter(|entry| entry.reference.as_deref().is_some_and(is_transfer))
        .filter(|entry| seen.insert(entry.id.as_str()))
        .collect()
}

fn reference_of(entry: &Entry) -> &str {
    entry.reference.as_deref().unwrap_or_default()
}

/// Pairs the legs of one reference. Without the partner's own entries each credit stands alone, unjudged.
fn matched<'a>(
    debits: Vec<&'a Entry>,
    credits: Vec<&'a Entry>,
    evidenced: bool,
    options: &Options<'_>,
) -> Vec<(Pair<'a>, Option<Class>)> {
    if !evidenced {
        return credits.into_iter().map(|credit| (Pair { debit: None, credit: Some(credit) }, None)).collect();
    }
    let value = |entry: &Entry| {
        step();
        (entry.currency, entry.amount)
    };
    let (debit_values, credit_values): (BTreeSet<_>, BTreeSet<_>) =
        (debits.iter().map(|entry| value(entry)).collect(), credits.iter().map(|entry| value(entry)).collect());
    let (mut debits, mut credits) = (in_order(debits), in_order(credits));
    let mut pairs = Vec::new();
    take_pairs(&mut debits, &mut credits, &mut pairs, value);
    let mut matched: Vec<(Pair<'a>, Option<Class>)> = pairs.drain(..).map(|pair| (pair, None)).collect();
    take_pairs(&mut debits, &mut credits, &mut pairs, |entry| value(entry).0);
    take_pairs(&mut debits, &mut credits, &mut pairs, |_| ());
    matched.extend(pairs.drain(..).map(|pair| (pair, differs(pair, options))));
    let surplus = |entry, others: &BTreeSet<(Currency, Amount)>, alone| {
        if others.contains(&value(entry)) { Class::DuplicateReference } else { alone }
    };
    matched.extend(debits.into_iter().map(|debit| {
        let class = surplus(debit, &credit_values, Class::UnpairedDebit);
        (Pair { debit: Some(debit), credit: None }, Some(class))
    }));
    matched.extend(credits.into_iter().map(|credit| {
        let class = surplus(credit, &debit_values, Class::UnpairedCredit);
        (Pair { debit: None, credit: Some(credit) }, Some(class))
    }));
    matched
}

fn in_order(mut entries: Vec<&Entry>) -> Vec<&Entry> {
    entries
        .sort_by(|a, b| (a.currency, a.amount, a.created_at, &a.id).cmp(&(b.currency, b.amount, b.created_at, &b.id)));
    entries
}

/// Takes out of both sides, in order, every pair that agrees in its key: a debit takes the first such credit that is left.
fn take_pairs<'a, K: Ord>(
    debits: &mut Vec<&'a Entry>,
    credits: &mut Vec<&'a Entry>,
    pairs: &mut Vec<Pair<'a>>,
    key: impl Fn(&Entry) -> K,
) {
    let mut waiting: BTreeMap<K, VecDeque<usize>> = BTreeMap::new();
    for (place, credit) in credits.iter().enumerate() {
        waiting.entry(key(credit)).or_default().push_back(place);
    }
    let mut taken = BTreeSet::new();
    debits.retain(|debit| {
        let Some(place) = waiting.get_mut(&key(debit)).and_then(VecDeque::pop_front) else { return true };
        taken.insert(place);
        pairs.push(Pair { debit: Some(debit), credit: Some(credits[place]) });
        false
    });
    let mut places = 0..credits.len();
    credits.retain(|_| places.next().is_none_or(|place| !taken.contains(&place)));
}

fn differs(pair: Pair<'_>, options: &Options<'_>) -> Option<Class> {
    let (debit, credit) = (pair.debit?, pair.credit?);
    if debit.currency != credit.currency {
        return Some(Class::CurrencyDiffers);
    }
    let difference = (debit.amount - credit.amount).abs();
    Some(if difference > options.tolerance { Class::AmountDiffers } else { Class::RoundingDiffers })
}

fn timing(pair: Pair<'_>) -> Option<Class> {
    (pair.debit?.in_period != pair.credit?.in_period).then_some(Class::Timing)
}

/// What is wrong with the reference itself: reported once for the transfer, whichever leg carries it.
fn misreferenced(pair: Pair<'_>, books: &Books) -> Option<Class> {
    let entry = pair.credit.or(pair.debit)?;
    match TransferReference::parse(reference_of(entry)) {
        Err(_) => Some(Class::MalformedReference),
        Ok(reference) if !reference.partner.eq_ignore_ascii_case(&books.partner.uuid) => Some(Class::ForeignPartner),
        Ok(reference) => {
            let misposted = pair.credit.is_some_and(|credit| credit.holder() != reference.customer.as_str());
            misposted.then_some(Class::MispostedTransfer)
        }
    }
}

fn finding(pair: Pair<'_>, class: Class, books: &Books, scope: &Scope, evidenced: bool) -> Option<BreakFacts> {
    let legs_of = || pair.debit.into_iter().chain(pair.credit);
    if !legs_of().any(|entry| entry.in_period) {
        return None;
    }
    let entry = pair.credit.or(pair.debit)?;
    let mut legs = Legs::default();
    if evidenced {
        let key = |entry: &Entry| transfer_key(&scope.partner, entry.currency);
        pair.debit.into_iter().for_each(|debit| legs.put(key(debit), debit, debit.amount));
        pair.credit.into_iter().for_each(|credit| legs.put(key(credit), credit, -credit.amount));
    }
    let (field, mut master_value, mut customer_value) = wording::values(class, pair.debit, pair.credit);
    if class == Class::MispostedTransfer {
        let named = TransferReference::parse(reference_of(entry)).map(|reference| reference.customer.to_string());
        (master_value, customer_value) = (named.unwrap_or_default(), entry.holder().to_owned());
    }
    let mut entry_ids: Vec<String> = legs_of().map(|entry| entry.id.clone()).collect();
    entry_ids.sort();
    let effect = legs.total(entry.currency);
    Some(BreakFacts {
        class,
        account: Some(entry.holder().to_owned()),
        currency: Some(entry.currency),
        entry_ids,
        reference: entry.reference.clone(),
        field,
        master_value,
        customer_value,
        legs: legs.finish(),
        origins: legs_of().map(Entry::origin_text).collect(),
        explanation: wording::sentence(class, pair.debit, pair.credit, effect, &books.calendar),
    })
}

/// The tie-out of transfers: the partner's debits in one currency.
pub(super) fn transfer_key(partner: &str, currency: Currency) -> TieOutKey {
    TieOutKey { account: partner.to_owned(), currency, direction: Direction::Debit }
}

fn totals(entries: &[&Entry], partner: &str) -> Vec<DirectionTotal> {
    let mut sums: BTreeMap<Currency, Amount> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.counts()) {
        *sums.entry(entry.currency).or_default() += entry.amount;
    }
    let total = |(currency, amount)| DirectionTotal {
        account: partner.to_owned(),
        currency,
        direction: Direction::Debit,
        amount,
    };
    sums.into_iter().map(total).collect()
}
