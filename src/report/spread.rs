//! How things are spread: the findings by class and age, the customers by size and verdict. Counts and sums, never judges.

use std::collections::BTreeMap;

use super::table::grouped;
use crate::domain::{Age, Amount, Break, Class, Currency, Verdict};
use crate::reconcile::{AccountStanding, Reconciliation};

/// How many findings of a class are of each age, the youngest first; last those without a date.
pub(super) fn by_age(books: &Reconciliation) -> BTreeMap<Class, [u64; 5]> {
    let mut classes: BTreeMap<Class, [u64; 5]> = BTreeMap::new();
    for found in &books.breaks {
        let place = age_of(books, found).and_then(|age| Age::ALL.iter().position(|it| *it == age));
        classes.entry(found.class()).or_default()[place.unwrap_or(Age::ALL.len())] += 1;
    }
    classes
}

fn age_of(books: &Reconciliation, found: &Break) -> Option<Age> {
    books.histories.get(found.id()).map(|it| it.aged.age())
}

/// The verdicts on accounts, the best first.
pub(super) const VERDICTS: [&str; 4] = ["tied-out", "tied-out-with-timing", "breaks", "incomplete"];

fn place_of(verdict: Verdict) -> usize {
    VERDICTS.iter().position(|word| *word == verdict.word()).unwrap_or(VERDICTS.len() - 1)
}

/// The customers of one size in one currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct OfSize {
    /// How many.
    pub(super) customers: u64,
    /// How many of each verdict, in the order of `VERDICTS`.
    pub(super) verdicts: [u64; 4],
    /// Σ settled debits of the period.
    pub(super) debits: Amount,
}

/// The customers by currency and size, the largest first; a customer's size is what it was debited in the period.
pub(super) fn by_size(books: &Reconciliation) -> BTreeMap<Currency, Vec<(u32, OfSize)>> {
    let mut sizes: BTreeMap<Currency, BTreeMap<u32, OfSize>> = BTreeMap::new();
    for it in customers(books) {
        let of_size = sizes.entry(it.currency).or_default().entry(size_of(it.debits)).or_default();
        of_size.customers += 1;
        of_size.verdicts[place_of(it.verdict)] += 1;
        of_size.debits += it.debits;
    }
    sizes.into_iter().map(|(currency, of_currency)| (currency, of_currency.into_iter().rev().collect())).collect()
}

/// The customers' lines, without the partner's own wallet.
pub(super) fn customers(books: &Reconciliation) -> impl Iterator<Item = &AccountStanding> {
    books.accounts.iter().filter(|it| it.account != books.partner)
}

/// The size of a sum of debits: 0 for none, 1 below 100, 2 below 1,000, and so on by tens.
pub(super) fn size_of(debits: Amount) -> u32 {
    if debits <= Amount::ZERO {
        return 0;
    }
    let whole = debits.to_text(0);
    let digits = whole.split('.').next().map_or(1, str::len);
    u32::try_from(digits.max(2) - 1).unwrap_or(u32::MAX)
}

/// A size in words.
pub(super) fn size_named(size: u32) -> String {
    let bound = |zeros: u32| {
        let zeros = usize::try_from(zeros).unwrap_or(0);
        grouped(&format!("1{}", "0".repeat(zeros)))
    };
    match size {
        0 => "nothing debited".to_owned(),
        1 => "below 100".to_owned(),
        _ => format!("{} to {}", bound(size), bound(size.saturating_add(1))),
    }
}
