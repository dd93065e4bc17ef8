//! The month by day: credits and debits of each day by the partner's calendar, the customers' wallets apart from the
//! partner's own. The same entries as in the accounts' figures, summed by another question, so that the two can be compared.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::domain::{Amount, Currency, Side, Timestamp};
use crate::frame::{DaySum, FrameError};
use crate::normalise::Books;

/// One day of the month in one currency: settled entries, from the customers' own ledgers or the partner's rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayTotal {
    /// Whether it is the partner's own wallet that moved; otherwise the customers'.
    pub own_wallet: bool,
    /// The currency.
    pub currency: Currency,
    /// The day, by the partner's calendar.
    pub day: NaiveDate,
    /// Settled entries.
    pub entries: u64,
    /// Σ settled credits.
    pub credits: Amount,
    /// Σ settled debits.
    pub debits: Amount,
}

/// Every day of the month, for each currency and kind of wallet that has an entry in it: a day without one is a row of
/// zeros.
pub(super) fn by_day(books: &Books) -> Result<Vec<DayTotal>, FrameError> {
    let partner = books.partner.account.as_str();
    let (days, midnights): (Vec<NaiveDate>, Vec<Timestamp>) = books.calendar.days().unzip();
    // A ledger can be walked whose owner's row in the account list is unreadable: no account stands for it, and no day.
    let listed = books.customers.keys().chain(&books.unwalkable).cloned().chain([partner.to_owned()]);
    let listed: BTreeSet<String> = listed.collect();
    let mut owners = books.lists.iter().filter_map(|record| record.list.owner());
    let kept =
        owners.any(|owner| !listed.contains(owner.as_str())).then(|| books.ledgers.of_ledgers(&listed)).transpose()?;
    let ledgers = kept.as_ref().unwrap_or(&books.ledgers);
    let customers = ledgers.day_sums(Side::Customer, partner, false, &midnights)?;
    let mut totals = filled(false, customers, &days);
    // As in the accounts' figures: the partner's entries stand in the master, and only else in a ledger of its own.
    let mut own = by_currency(ledgers.day_sums(Side::Customer, partner, true, &midnights)?);
    own.extend(by_currency(books.master.day_sums(Side::Master, partner, true, &midnights)?));
    totals.extend(filled(true, own.into_values().flatten(), &days));
    totals.sort_by_key(|it| (it.currency, it.own_wallet, it.day));
    Ok(totals)
}

fn by_currency(sums: Vec<DaySum>) -> BTreeMap<Currency, Vec<DaySum>> {
    let mut currencies: BTreeMap<Currency, Vec<DaySum>> = BTreeMap::new();
    for sum in sums {
        currencies.entry(sum.currency).or_default().push(sum);
    }
    currencies
}

fn filled(own_wallet: bool, sums: impl IntoIterator<Item = DaySum>, days: &[NaiveDate]) -> Vec<DayTotal> {
    let mut currencies: BTreeMap<Currency, BTreeMap<u32, DaySum>> = BTreeMap::new();
    for sum in sums {
        currencies.entry(sum.currency).or_default().insert(sum.day, sum);
    }
    let mut totals = Vec::new();
    for (currency, sums) in currencies {
        for (number, day) in (1..).zip(days) {
            let sum = sums.get(&number);
            totals.push(DayTotal {
                own_wallet,
                currency,
                day: *day,
                entries: sum.map_or(0, |sum| sum.entries),
                credits: sum.map_or(Amount::ZERO, |sum| sum.credits),
                debits: sum.map_or(Amount::ZERO, |sum| sum.debits),
            });
        }
    }
    totals
}
