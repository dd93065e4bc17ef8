//! The closings that sealed months hand on: for every wallet that was ever sealed, what it was sealed with last, and what the
//! months since tell of its entries.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::sealed::{Neighbour, SealedAccount};
use crate::domain::{Amount, Between, Closing, Currency, EarlierClosing, Period};
use crate::run::inputs::Inputs;

/// A wallet as it was sealed last.
struct Last<'a> {
    run: &'a str,
    period: Period,
    sealed: Amount,
    read_late: bool,
    /// What the entries of the months since come to, as far as they are known.
    moved: Amount,
    between: Between,
}

/// The closings for a month, from the last run of each month before it; `read_on` tells on which day a run's evidence was
/// read, where the archive holds it.
pub(super) fn closings(
    months: &BTreeMap<Period, &Neighbour>,
    period: Period,
    read_on: &dyn Fn(&Inputs) -> Option<NaiveDate>,
) -> Vec<Closing> {
    let mut wallets: BTreeMap<(&str, Currency), Last<'_>> = BTreeMap::new();
    let mut before: Option<Period> = None;
    for (month, run) in months {
        let accounts: BTreeMap<(&str, Currency), &SealedAccount> =
            run.close.accounts.iter().map(|it| ((it.account.as_str(), it.currency), it)).collect();
        let skipped = before.is_some_and(|before| before != month.previous());
        for (wallet, last) in &mut wallets {
            let (moved, known) = accounts.get(wallet).map_or((Amount::ZERO, Between::Gone), |it| it.moved());
            last.moved += moved;
            last.between = last.between.max(known).max(if skipped { Between::Unknown } else { Between::Whole });
        }
        let read_late = read_on(&run.inputs).is_none_or(|day| day >= period.day_after());
        for (wallet, it) in accounts {
            let Some(sealed) = it.closing else { continue };
            let (run, period, moved, between) = (run.inputs.run.as_str(), *month, Amount::ZERO, Between::Whole);
            wallets.insert(wallet, Last { run, period, sealed, read_late, moved, between });
        }
        before = Some(*month);
    }
    let newest = months.keys().next_back().copied();
    let closing = |((account, currency), last): ((&str, Currency), Last<'_>)| {
        let Last { run, period, sealed, read_late, moved, between } = last;
        let earlier = EarlierClosing { run: run.to_owned(), period, sealed, read_late, between };
        let earlier = Some(earlier).filter(|_| Some(period) != newest);
        Closing { account: account.to_owned(), currency, amount: sealed + moved, earlier }
    };
    wallets.into_iter().map(closing).collect()
}
