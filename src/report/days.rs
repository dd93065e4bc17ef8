//! The month by day on paper: `days.csv`, and the proof that its days add up to the accounts. Column names and their order
//! are a contract with scripts: additions only at the end.

use std::collections::BTreeMap;

use super::ReportError;
use super::table::{Cell, Column, Table};
use super::totals::{equal, whole};
use crate::domain::{Amount, Currency};
use crate::reconcile::{DayTotal, Reconciliation};

const DAYS: &[Column] = &[
    Column::words("day", "Day", 12),
    Column::words("wallets", "Wallets", 12),
    Column::words("currency", "Currency", 10),
    Column::numbers("entries", "Entries", 10),
    Column::numbers("credits", "Credits", 17),
    Column::numbers("debits", "Debits", 17),
];

/// `days.csv`: settled entries of the period by day, currency and kind of wallet.
pub(super) fn table(books: &Reconciliation) -> Table {
    let rows = books.days.iter().map(row).collect();
    Table { name: "days", title: "", columns: DAYS, rows }
}

fn row(it: &DayTotal) -> Vec<Cell> {
    vec![
        Cell::code(it.day.to_string()),
        Cell::code(if it.own_wallet { "own" } else { "customers" }),
        Cell::code(it.currency.code()),
        Cell::Count(it.entries),
        Cell::money(it.credits, it.currency),
        Cell::money(it.debits, it.currency),
    ]
}

/// Entries, credits and debits.
type Sums = (u64, Amount, Amount);

/// The days against the accounts: both are of the same entries, summed by different questions.
///
/// # Errors
/// When a figure differs.
pub(super) fn check(books: &Reconciliation) -> Result<(), ReportError> {
    // A partner that stands in its own account list has two lines with the same figures.
    let lines: BTreeMap<(&str, Currency), Sums> = books
        .accounts
        .iter()
        .map(|it| ((it.account.as_str(), it.currency), (it.entries, it.credits, it.debits)))
        .collect();
    let mut stated: BTreeMap<(Currency, bool), Sums> = BTreeMap::new();
    for ((account, currency), figures) in lines {
        add(stated.entry((currency, account == books.partner)).or_default(), figures);
    }
    let mut listed: BTreeMap<(Currency, bool), Sums> = BTreeMap::new();
    for day in &books.days {
        add(listed.entry((day.currency, day.own_wallet)).or_default(), (day.entries, day.credits, day.debits));
    }
    let keys: Vec<(Currency, bool)> = stated.keys().chain(listed.keys()).copied().collect();
    for key in keys {
        let (currency, own) = key;
        let place = |what: &str| format!("days of {currency} {}, {what}", if own { "own wallet" } else { "customers" });
        let [days, accounts] = [&listed, &stated].map(|sums| sums.get(&key).copied().unwrap_or_default());
        equal(whole(days.0), whole(accounts.0), || place("entries"))?;
        equal(days.1, accounts.1, || place("credits"))?;
        equal(days.2, accounts.2, || place("debits"))?;
    }
    Ok(())
}

fn add(sums: &mut Sums, (entries, credits, debits): Sums) {
    *sums = (sums.0 + entries, sums.1 + credits, sums.2 + debits);
}
