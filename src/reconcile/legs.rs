//! Legs while they are added up: what the copies of an entry contribute to the tie-outs.

use std::collections::BTreeMap;

use crate::domain::{Amount, Currency, Entry, Leg, Side, TieOutKey};

/// Σ contributions by tie-out: the master's copies count for, the customers' against.
#[derive(Default)]
pub(super) struct Legs(BTreeMap<TieOutKey, Amount>);

impl Legs {
    /// Adds an entry's contribution to its own tie-out; one that does not count in the period's totals adds nothing.
    pub(super) fn add(&mut self, entry: &Entry) {
        let key =
            TieOutKey { account: entry.holder().to_owned(), currency: entry.currency, direction: entry.direction };
        match entry.side {
            Side::Master => self.put(key, entry, entry.amount),
            Side::Customer => self.put(key, entry, -entry.amount),
        }
    }

    /// Adds an amount to a tie-out, if the entry it stands for counts.
    pub(super) fn put(&mut self, key: TieOutKey, entry: &Entry, amount: Amount) {
        if entry.counts() {
            *self.0.entry(key).or_default() += amount;
        }
    }

    /// Σ over the tie-outs of one currency.
    pub(super) fn total(&self, currency: Currency) -> Amount {
        self.0.iter().filter(|(key, _)| key.currency == currency).map(|(_, effect)| *effect).sum()
    }

    /// The legs, sorted by tie-out.
    pub(super) fn finish(self) -> Vec<Leg> {
        self.0.into_iter().map(|(key, effect)| Leg { key, effect }).collect()
    }
}
