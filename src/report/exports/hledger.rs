//! The close as an hledger journal that `hledger check --strict` takes: every commodity and account declared, every
//! transaction zero, and each wallet's closing asserted.

use std::fmt::Write;

use super::Close;
use super::journal::{Journal, Posting};

/// `exports/close.journal`.
pub(super) fn print(close: &Close<'_>, journal: &Journal) -> String {
    let mut text = String::new();
    let it = close.provenance;
    // Writing to a text cannot fail.
    let _ = writeln!(text, "; {} of {}, run {}, until {}", it.period, it.partner, it.run, it.cut_off);
    let _ = writeln!(text, "; archive {}, tieout {}", it.archive_digest, it.version);
    text += "\ndecimal-mark .\n";
    for (currency, decimals) in &journal.decimals {
        let zeros = "0".repeat(usize::try_from(*decimals).unwrap_or_default());
        let _ = writeln!(text, "commodity 1000.{zeros} {currency}");
    }
    for account in journal.accounts.keys() {
        let _ = writeln!(text, "account {account}");
    }
    for transaction in &journal.transactions {
        let _ = writeln!(text, "\n{} {}: {}", transaction.date, transaction.whom, transaction.what);
        transaction.postings.iter().for_each(|posting| line(&mut text, posting, &journal.amount(posting)));
    }
    if !journal.balances.is_empty() {
        let _ = writeln!(text, "\n{} closings of the wallets", journal.cut_off);
    }
    for balance in &journal.balances {
        let nothing = Posting { amount: crate::domain::Amount::ZERO, ..balance.clone() };
        line(&mut text, balance, &format!("{} = {}", journal.amount(&nothing), journal.amount(balance)));
    }
    text
}

fn line(text: &mut String, posting: &Posting, amount: &str) {
    let _ = writeln!(text, "    {}  {amount}", posting.account);
}
