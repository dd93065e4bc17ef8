//! What sealed runs made of their customers, to be looked up: however many there are, each costs the same.

use std::collections::BTreeMap;

use super::billed::{Billed, BilledInvoice};
use crate::domain::{Currency, step};
use crate::reconcile::HeldAccount;

/// What the sealed runs of a month made of each customer, in each currency.
pub struct Known<'a> {
    invoices: BTreeMap<(&'a str, Currency), Vec<(&'a Billed, &'a BilledInvoice)>>,
    held: BTreeMap<(&'a str, Currency), &'a HeldAccount>,
}

impl<'a> Known<'a> {
    /// Enters what they billed, and whom the last of them held. Something to give back that waits is no hold of usage.
    #[must_use]
    pub fn of(billed: &'a [Billed], held_then: &'a [HeldAccount]) -> Self {
        let mut invoices: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for run in billed {
            for it in &run.invoices {
                invoices.entry((it.account.as_str(), it.currency)).or_default().push((run, it));
            }
        }
        let held = held_then
            .iter()
            .filter(|it| !it.is_credit)
            .rev()
            .map(|it| ((it.account.as_str(), it.currency), it))
            .collect();
        Self { invoices, held }
    }

    /// What they billed it.
    pub(super) fn invoices<'s>(
        &'s self,
        account: &'s str,
        currency: Currency,
    ) -> &'s [(&'a Billed, &'a BilledInvoice)] {
        step();
        self.invoices.get(&(account, currency)).map_or(&[], Vec::as_slice)
    }

    /// Why it was held.
    pub(super) fn held(&self, account: &str, currency: Currency) -> Option<&'a HeldAccount> {
        step();
        self.held.get(&(account, currency)).copied()
    }
}
