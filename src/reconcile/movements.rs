//! The movements: what the entries come to on each account and currency, summed once for the standings and the wallets.

use std::collections::BTreeMap;

use super::scope::Scope;
use crate::domain::{Amount, Carried, Currency, Side, Timestamp};
use crate::frame::{AccountTotals, FrameError};
use crate::normalise::Books;

/// What every wallet's entries come to.
pub(super) struct Movements {
    /// From the ledgers: the customers' own, and the partner's entries in the master.
    ledgers: BTreeMap<String, BTreeMap<Currency, AccountTotals>>,
    /// From outside the window walked.
    around: BTreeMap<(String, Currency), AccountTotals>,
    /// The currency in which an account's one wallet was sealed last; nothing where there were several.
    sealed: BTreeMap<String, Option<Currency>>,
    /// The currency where nothing else names one.
    fallback: Currency,
}

impl Movements {
    pub(super) fn of(books: &Books, scope: &Scope, carried: Option<&Carried>) -> Result<Self, FrameError> {
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
        let dashboard = || books.dashboard.and_then(|shown| shown.currency);
        let fallback = books.partner.currency.or_else(dashboard).unwrap_or_else(Currency::none);
        let mut sealed: BTreeMap<String, Option<Currency>> = BTreeMap::new();
        for it in carried.into_iter().flat_map(|carried| &carried.closings) {
            let seen = sealed.entry(it.account.clone()).or_insert(Some(it.currency));
            *seen = seen.filter(|seen| *seen == it.currency);
        }
        Ok(Self { ledgers, around, sealed, fallback })
    }

    /// Σ credits − Σ debits of the settled entries before a moment, inside the window walked and outside.
    pub(super) fn net_before(
        books: &Books,
        scope: &Scope,
        moment: Timestamp,
    ) -> Result<BTreeMap<(String, Currency), Amount>, FrameError> {
        let totals = |side| {
            let frame = if side == Side::Master { &books.master } else { &books.ledgers };
            frame.account_totals(side, moment, books.calendar.end)
        };
        let own = totals(Side::Master)?.into_iter().filter(|line| line.account == scope.partner);
        let around = books.around.account_totals(Side::Customer, moment, books.calendar.end)?;
        let mut sums: BTreeMap<(String, Currency), Amount> = BTreeMap::new();
        for line in totals(Side::Customer)?.into_iter().chain(own).chain(around) {
            *sums.entry((line.account, line.currency)).or_default() += line.net_before;
        }
        Ok(sums)
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

    /// The currency of an account's wallet: the one shown, else the one it was sealed in, else the first of its entries, else
    /// the partner's.
    pub(super) fn home(&self, account: &str, shown: Option<Currency>) -> Currency {
        let first = || self.ledgers.get(account).and_then(|own| own.keys().next().copied());
        self.or_the_partners(shown.or_else(|| self.sealed_in(account)).or_else(first))
    }

    /// The currency in which an account's one wallet was sealed last.
    pub(super) fn sealed_in(&self, account: &str) -> Option<Currency> {
        self.sealed.get(account).copied().flatten()
    }

    /// A currency, or the partner's where none is shown.
    pub(super) fn or_the_partners(&self, shown: Option<Currency>) -> Currency {
        shown.unwrap_or(self.fallback)
    }
}
