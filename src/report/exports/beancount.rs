//! The close as a beancount ledger that `bean-check` takes: every account opened with its currencies, every transaction zero,
//! and each wallet's closing asserted without tolerance.

use std::fmt::Write;

use super::Close;
use super::journal::Journal;
use crate::domain::Currency;

/// `exports/close.beancount`.
pub(super) fn print(close: &Close<'_>, journal: &Journal) -> String {
    let mut text = String::new();
    let it = close.provenance;
    // Writing to a text cannot fail.
    let _ = writeln!(text, "; {} of {}, run {}, until {}", it.period, it.partner, it.run, it.cut_off);
    let _ = writeln!(text, "; archive {}, tieout {}\n", it.archive_digest, it.version);
    let _ = writeln!(text, "option \"title\" \"{} {}\"", it.partner, it.run);
    for currency in journal.decimals.keys() {
        let _ = writeln!(text, "option \"operating_currency\" \"{currency}\"");
    }
    text.push('\n');
    for currency in journal.decimals.keys() {
        let _ = writeln!(text, "{} commodity {currency}", journal.opens);
    }
    for (account, currencies) in &journal.accounts {
        let codes: Vec<&str> = currencies.iter().map(Currency::code).collect();
        let _ = writeln!(text, "{} open {account} {}", journal.opens, codes.join(","));
    }
    for transaction in &journal.transactions {
        let _ = writeln!(text, "\n{} * \"{}\" \"{}\"", transaction.date, transaction.whom, transaction.what);
        for posting in &transaction.postings {
            let _ = writeln!(text, "  {}  {}", posting.account, journal.amount(posting));
        }
    }
    text.push('\n');
    for balance in &journal.balances {
        let amount = journal.amount(balance);
        // The tolerance stands between figure and currency.
        let (figure, currency) = amount.split_once(' ').unwrap_or((&amount, ""));
        let _ = writeln!(text, "{} balance {}  {figure} ~ 0 {currency}", journal.cut_off, balance.account);
    }
    text
}
