//! The movements: what the entries come to on each account and currency, summed once for the standings and the wallets.

use std::collections::BTreeMap;

use super::scope::Scope;
use crate::domain::{Amount, Currency, Side};
use crate::frame::{AccountTotals, FrameError};
use crate::normalise::Books;

/// What every wallet's entries come to.
pub(super) struct Movements {
    /// From the ledgers: the customers' own, and the partner's entries in the master.
    ledgers: BTreeMap<String, BTreeMap<Currency, AccountTotals>>,
    /// From outside the window walked.
    around: BTreeMap<(String, Currency), AccountTotals>,
    /// The currency where nothing else names one.
    fallback: Currency,
}

impl Movements {
    pub(super) fn of(books: &Books, scope: &Scope) -> Result<Self, FrameError> {
        let (start, end) = (books.calendar.start, books.calendar.end);
        let mut ledgers: BTreeMap<String, BTreeMap<Currency, AccountTotals>> = BTreeMap::new();
        let of_customers = books.ledgers.account_totals(Side::Customer, start, end)?;
        let of_master = books.master.account_totals(Side::Master, start, end)?;
        let own = of_master.into_iter().filter(|totals| totals.account == scope.partner);
        for line in of_customers.into_iter().chain(own) {
            ledgers.entry(line.account.clone()).or_default().insert(line.currency, line);
        }
        let around = books.around.account_totals(Side::Customer, start, end)?;
        let around = around.into_iter().map(|line| ((line.account.clone(), line.currency), line)).collect();
        let dashboard = || books.dashboard.and_then(|(_, currency)| currency);
        let fallback = books.partner.currency.or_else(dashboard).unwrap_or_else(Currency::none);
        Ok(Self { ledgers, around, fallback })
    }

    /// What an account's ledger comes to, by currency; nothing for one without an entry.
    pub(super) fn of_account(&self, account: &str) -> Option<&BTreeMap<Currency, AccountTotals>> {
        self.ledgers.get(account)
    }

    /// What an account's ledger comes to in one currency.
    pub(super) fn on(&self, account: &str, currency: Currency) -> Option<&AccountTotals> {
        self.ledgers.get(account)?.get(&currency)
    }

    /// Σ credits − Σ debits of the settled entries before the period and after the cut-off, inside the window walked and
    /// outside.
    pub(super) fn beside(&self, account: &str, currency: Currency) -> (Amount, Amount) {
        let around = self.around.get(&(account.to_owned(), currency));
        let both = || self.on(account, currency).into_iter().chain(around);
        (both().map(|line| line.net_before).sum(), both().map(|line| line.net_after).sum())
    }

    /// Whether any entry of an account was read, inside the window or outside.
    pub(super) fn has(&self, account: &str) -> bool {
        self.ledgers.contains_key(account) || self.around.keys().any(|(holder, _)| holder == account)
    }

    /// The currency of an account's wallet: the one shown, else the first of its entries, else the partner's.
    pub(super) fn home(&self, account: &str, shown: Option<Currency>) -> Currency {
        let first = || self.ledgers.get(account).and_then(|own| own.keys().next().copied());
        self.or_the_partners(shown.or_else(first))
    }

    /// A currency, or the partner's where none is shown.
    pub(super) fn or_the_partners(&self, shown: Option<Currency>) -> Currency {
        shown.unwrap_or(self.fallback)
    }
}
