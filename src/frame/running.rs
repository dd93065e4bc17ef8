//! The running balance: how far the settled entries of the period take each wallet down, and when.
//!
//! One pass over the columns and one sort of each wallet's own movements; whole entries are never built.

use std::collections::BTreeMap;

use polars::prelude::{LazyFrame, col, lit};

use super::columns as c;
use super::ledger::{FrameError, LedgerFrame, currency_named, holder};
use crate::domain::{Amount, Currency, Direction, Origin, Side, Timestamp};

/// The lowest point that a wallet reaches within the period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lowest {
    /// The account whose wallet moves.
    pub account: String,
    /// The currency.
    pub currency: Currency,
    /// How far below the opening, as a movement: zero where no entry takes it below, else negative.
    pub movement: Amount,
    /// The entry that takes it there, with its moment, its id and where it was read; nothing for the opening itself.
    pub by: Option<(Timestamp, String, Origin)>,
}

/// One settled entry of the period: when, its amount with its sign, and its place in the frame.
#[derive(Clone, Copy)]
struct Movement {
    at: Timestamp,
    amount: Amount,
    place: usize,
}

impl LedgerFrame {
    /// The lowest running balance of each account and currency that has a settled entry in the period, relative to its
    /// opening, sorted; of one account alone where it is named. Of entries of one moment those that add come first, then
    /// the greater amount, then the id: what the partner's own order was, nobody knows.
    ///
    /// # Errors
    /// When polars refuses, or a column does not hold what it promises.
    pub fn lowest(&self, side: Side, only: Option<&str>) -> Result<Vec<Lowest>, FrameError> {
        let whole = || -> LazyFrame { self.lazy().filter(col(c::SETTLED).and(col(c::IN_PERIOD))) };
        let named = |account: &str| whole().filter(col(holder(side)).eq(lit(account.to_owned())));
        let frame = only.map_or_else(whole, named);
        let frame = frame.select(
            [c::ID, holder(side), c::CURRENCY, c::DIRECTION, c::AMOUNT, c::CREATED_AT, c::PAGE, c::ROW].map(col),
        );
        let frame = frame.collect()?;
        let (holders, currencies) = (frame.column(holder(side))?.str()?, frame.column(c::CURRENCY)?.str()?);
        let (directions, ids) = (frame.column(c::DIRECTION)?.str()?, frame.column(c::ID)?.str()?);
        let (amounts, times) = (frame.column(c::AMOUNT)?.i64()?, frame.column(c::CREATED_AT)?.i64()?);
        let (pages, rows) = (frame.column(c::PAGE)?.i64()?, frame.column(c::ROW)?.i64()?);
        let mut places: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        let mut wallets: Vec<Vec<Movement>> = Vec::new();
        // Entries of one ledger stand together: most need no look at the map.
        let mut last: Option<((&str, &str), usize)> = None;
        for place in 0..frame.height() {
            let amount = Amount::from_units(i128::from(amounts.get(place).unwrap_or_default()));
            let amount = match Direction::from_word(directions.get(place).unwrap_or_default()) {
                Direction::Credit => amount,
                Direction::Debit => -amount,
                Direction::Unclassified => continue,
            };
            let key = (holders.get(place).unwrap_or_default(), currencies.get(place).unwrap_or_default());
            let wallet = last
                .filter(|(seen, _)| *seen == key)
                .map_or_else(|| *places.entry(key).or_insert(wallets.len()), |(_, wallet)| wallet);
            last = Some((key, wallet));
            if wallet == wallets.len() {
                wallets.push(Vec::new());
            }
            wallets[wallet].push(Movement { at: times.get(place).unwrap_or_default(), amount, place });
        }
        let read_at = |place: usize| -> Result<Origin, FrameError> {
            let number = |column: &'static str, value: Option<i64>| {
                let value = value.unwrap_or_default();
                u32::try_from(value).map_err(|_negative| FrameError::Value {
                    column,
                    row: place,
                    value: value.to_string(),
                })
            };
            Ok(Origin { page: number(c::PAGE, pages.get(place))?, row: number(c::ROW, rows.get(place))? })
        };
        let mut lowest = Vec::with_capacity(places.len());
        for ((account, code), wallet) in places {
            let refused = || FrameError::Value { column: c::CURRENCY, row: wallet, value: code.to_owned() };
            let currency = currency_named(Some(code)).ok_or_else(refused)?;
            let movements = &mut wallets[wallet];
            movements.sort_unstable_by(|a, b| {
                (a.at, -a.amount).cmp(&(b.at, -b.amount)).then_with(|| ids.get(a.place).cmp(&ids.get(b.place)))
            });
            let (movement, by) = lowest_of(movements);
            let by = by.map(|it| {
                Ok::<_, FrameError>((it.at, ids.get(it.place).unwrap_or_default().to_owned(), read_at(it.place)?))
            });
            lowest.push(Lowest { account: account.to_owned(), currency, movement, by: by.transpose()? });
        }
        Ok(lowest)
    }
}

/// The lowest sum on the way, from zero, and the movement that first reaches it.
fn lowest_of(movements: &[Movement]) -> (Amount, Option<Movement>) {
    let (mut running, mut lowest, mut by) = (Amount::ZERO, Amount::ZERO, None);
    for movement in movements {
        running += movement.amount;
        if running < lowest {
            (lowest, by) = (running, Some(*movement));
        }
    }
    (lowest, by)
}
