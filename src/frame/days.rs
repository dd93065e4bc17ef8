//! The month by day: what the settled entries of the period come to on each of its days.

use polars::prelude::*;

use super::columns as c;
use super::ledger::{FrameError, LedgerFrame, holder};
use super::totals::{Answer, counts, is, sum_where};
use crate::domain::{Amount, ChargeClass, Currency, Direction, Entry, Side, Timestamp};

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

/// What one account was charged, or given back, on one day for one class of charges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageSum {
    /// The account.
    pub account: String,
    /// The currency.
    pub currency: Currency,
    /// The day, counted from 1.
    pub day: u32,
    /// The charge class.
    pub class: ChargeClass,
    /// Debits are usage, credits refunds.
    pub direction: Direction,
    /// Settled entries.
    pub entries: u64,
    /// Σ settled amounts.
    pub amount: Amount,
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
        let sums = [
            len().alias("entries"),
            sum_where(is(Direction::Credit), "credits"),
            sum_where(is(Direction::Debit), "debits"),
        ];
        let of_wallet = self
            .lazy()
            .filter(counts())
            .with_columns([col(holder(side)).eq(lit(partner.to_owned())).alias(OWN), day(midnights).alias(DAY)])
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

    /// Σ settled entries of the period by account, currency, day, class and direction, sorted.
    ///
    /// # Errors
    /// When polars refuses.
    pub fn usage(&self, side: Side, midnights: &[Timestamp]) -> Result<Vec<UsageSum>, FrameError> {
        let keys = [holder(side), c::CURRENCY, DAY, c::CLASS, c::DIRECTION];
        let sums = [len().alias("entries"), col(c::AMOUNT).cast(DataType::Int128).sum().alias("sum")];
        let counting = self.lazy().filter(counts()).with_columns([day(midnights).alias(DAY)]);
        let answer = counting.group_by(keys.map(col)).agg(sums).sort(keys, SortMultipleOptions::new());
        let rows = Answer(answer.collect()?);
        (0..rows.0.height())
            .map(|i| {
                Ok(UsageSum {
                    account: rows.text(holder(side), i)?,
                    currency: rows.currency(i)?,
                    day: rows.number(DAY, i)?,
                    class: ChargeClass(rows.text(c::CLASS, i)?),
                    direction: Direction::from_word(&rows.text(c::DIRECTION, i)?),
                    entries: rows.count("entries", i)?,
                    amount: rows.amount("sum", i)?,
                })
            })
            .collect()
    }

    /// The settled entries of the period, sorted by id, ledger, content and origin.
    ///
    /// # Errors
    /// When polars refuses.
    pub fn counting(&self, side: Side) -> Result<Vec<Entry>, FrameError> {
        Self::of(self.lazy().filter(counts()).collect()?).entries(side)
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

/// An entry's day: the number of midnights that it does not lie before, whatever the zone does in between.
fn day(midnights: &[Timestamp]) -> Expr {
    let begun = |midnight: &Timestamp| col(c::CREATED_AT).gt_eq(lit(*midnight)).cast(DataType::UInt32);
    midnights.iter().map(begun).fold(lit(0_u32), |days, begun| days + begun)
}
