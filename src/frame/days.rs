//! The month by day: what the settled entries of the period come to on each of its days.

use polars::prelude::*;

use super::columns as c;
use super::ledger::{FrameError, LedgerFrame, holder};
use super::totals::{Answer, counts, is, sum_where};
use crate::domain::{Amount, Currency, Direction, Entry, Side, Timestamp};

/// What moved on one day in one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DaySum {
    /// The currency.
    pub currency: Currency,
    /// The day, counted from 1.
    pub day: u32,
    /// Settled entries.
    pub entries: u64,
    /// Σ settled credits.
    pub credits: Amount,
    /// Σ settled debits.
    pub debits: Amount,
}

/// Whether the entry moves the partner's own wallet.
const OWN: &str = "own";

/// The day of the period, counted from 1.
const DAY: &str = "day";

impl LedgerFrame {
    /// Σ settled entries of the period by currency and day, sorted: of the partner's own wallet, or of all others.
    /// `midnights` are the first moments of the period's days, in order.
    ///
    /// # Errors
    /// When polars refuses.
    pub fn day_sums(
        &self,
        side: Side,
        partner: &str,
        own: bool,
        midnights: &[Timestamp],
    ) -> Result<Vec<DaySum>, FrameError> {
        // An entry's day is the number of midnights it does not lie before, whatever the zone does in between.
        let begun = |midnight: &Timestamp| col(c::CREATED_AT).gt_eq(lit(*midnight)).cast(DataType::UInt32);
        let day = midnights.iter().map(begun).fold(lit(0_u32), |days, begun| days + begun);
        let sums = [
            len().alias("entries"),
            sum_where(is(Direction::Credit), "credits"),
            sum_where(is(Direction::Debit), "debits"),
        ];
        let of_wallet = self
            .lazy()
            .filter(counts())
            .with_columns([col(holder(side)).eq(lit(partner.to_owned())).alias(OWN), day.alias(DAY)])
            .filter(col(OWN).eq(lit(own)));
        let answer = of_wallet.group_by([col(c::CURRENCY), col(DAY)]).agg(sums);
        let rows = Answer(answer.sort([c::CURRENCY, DAY], SortMultipleOptions::new()).collect()?);
        (0..rows.0.height())
            .map(|i| {
                Ok(DaySum {
                    currency: rows.currency(i)?,
                    day: rows.number(DAY, i)?,
                    entries: rows.count("entries", i)?,
                    credits: rows.amount("credits", i)?,
                    debits: rows.amount("debits", i)?,
                })
            })
            .collect()
    }

    /// The settled entries of the period from one moment to before another, sorted by id, content and origin: of the
    /// partner's own wallet, or of all others.
    ///
    /// # Errors
    /// When polars refuses.
    pub fn entries_between(
        &self,
        side: Side,
        partner: &str,
        own: bool,
        (from, to): (Timestamp, Timestamp),
    ) -> Result<Vec<Entry>, FrameError> {
        let at = || col(c::CREATED_AT);
        let on = counts().and(at().gt_eq(lit(from))).and(at().lt(lit(to)));
        let whose = col(holder(side)).eq(lit(partner.to_owned())).eq(lit(own));
        Self::of(self.lazy().filter(on.and(whose)).collect()?).entries(side)
    }
}
