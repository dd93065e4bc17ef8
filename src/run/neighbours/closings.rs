//! The closings that sealed months hand on: for every wallet that was ever sealed, what it was sealed with last, and what the
//! months since tell of its entries.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::sealed::{Neighbour, SealedAccount};
use crate::domain::{Amount, Between, Closing, Currency, EarlierClosing, Period};
use crate::run::inputs::Inputs;

/// A wallet as it was sealed last.
struct Last<'a> {
    run: &'a Neighbour,
    period: Period,
    sealed: Amount,
    /// What the entries of the months since come to, as far as they are known.
    moved: Amount,
    between: Between,
}

/// The closings for a month, from the runs of the months before it, in their order; `months` are the last of each, and
/// `read_on` tells on which day a run's evidence was read, where the archive holds it. Within a month the last run that
/// evidenced a wallet counts.
pub(super) fn closings(
    runs: &[Neighbour],
    months: &BTreeMap<Period, &Neighbour>,
    period: Period,
    read_on: &dyn Fn(&Inputs) -> Option<NaiveDate>,
) -> Vec<Closing> {
    let mut wallets: BTreeMap<(&str, Currency), Last<'_>> = BTreeMap::new();
    let mut before: Option<Period> = None;
    let newest = months.values().next_back().map(|run| run.inputs.run.as_str());
    for of_month in runs.chunk_by(|a, b| a.inputs.period == b.inputs.period) {
        let Some((month, last)) = of_month.first().and_then(|run| months.get_key_value(&run.inputs.period)) else {
            break;
        };
        let skipped = before.replace(*month).is_some_and(|before| before != month.previous());
        let accounts: BTreeMap<(&str, Currency), &SealedAccount> =
            last.close.accounts.iter().map(|it| ((it.account.as_str(), it.currency), it)).collect();
        for (wallet, last) in &mut wallets {
            let (moved, known) = accounts.get(wallet).map_or((Amount::ZERO, Between::Gone), |it| it.moved());
            last.moved += moved;
            last.between = last.between.max(known).max(if skipped { Between::Unknown } else { Between::Whole });
        }
        for run in of_month {
            for it in &run.close.accounts {
                let Some(sealed) = it.closing else { continue };
                let last = Last { run, period: *month, sealed, moved: Amount::ZERO, between: Between::Whole };
                wallets.insert((it.account.as_str(), it.currency), last);
            }
        }
    }
    // Whose day is asked for is read once, for it takes a look at the archive.
    let mut late: BTreeMap<&str, bool> = BTreeMap::new();
    let read_late = |run: &Inputs| read_on(run).is_none_or(|day| day >= period.day_after());
    let mut closings = Vec::new();
    for ((account, currency), last) in wallets {
        let Last { run, period, sealed, moved, between } = last;
        let name = run.inputs.run.as_str();
        let earlier = (Some(name) != newest).then(|| EarlierClosing {
            run: name.to_owned(),
            period,
            sealed,
            read_late: *late.entry(name).or_insert_with(|| read_late(&run.inputs)),
            between,
        });
        closings.push(Closing { account: account.to_owned(), currency, amount: sealed + moved, earlier });
    }
    closings
}
