//! The sums: what each list, each account and each charge class comes to.

use polars::prelude::*;

use super::columns as c;
use super::ledger::{FrameError, LedgerFrame, currency_named, holder};
use crate::domain::{Amount, Currency, Direction, Side, Timestamp};

/// What one list came to as received, for its control totals: the whole window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerTotals {
    /// The list's name in the frame.
    pub ledger: String,
    /// Entries.
    pub entries: u64,
    /// Settled entries among them.
    pub settled: u64,
    /// Different ids among them.
    pub distinct: u64,
    /// Entries among them whose direction is not known.
    pub unknown: u64,
    /// Σ by direction, of settled entries and of all.
    pub debits: (Amount, Amount),
    /// Σ credits, of settled entries and of all.
    pub credits: (Amount, Amount),
    /// Σ of entries whose direction is not known, of settled ones and of all.
    pub unclassified: (Amount, Amount),
}

impl LedgerTotals {
    /// What all entries come to, whatever their direction.
    #[must_use]
    pub fn gross(&self) -> Amount {
        self.debits.1.abs() + self.credits.1.abs() + self.unclassified.1.abs()
    }
}

/// Σ settled entries of the period of one account in one currency and direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectionTotal {
    /// The account whose wallet moves.
    pub account: String,
    /// The currency.
    pub currency: Currency,
    /// The direction.
    pub direction: Direction,
    /// The sum.
    pub amount: Amount,
}

/// One account's month in one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountTotals {
    /// The account whose wallet moves.
    pub account: String,
    /// The currency.
    pub currency: Currency,
    /// Settled entries of the period.
    pub entries: u64,
    /// Σ settled credits of the period.
    pub credits: Amount,
    /// Σ settled debits of the period.
    pub debits: Amount,
    /// Entries of the period that are not settled.
    pub unsettled: u64,
    /// Σ credits − Σ debits of settled entries after the cut-off.
    pub net_after: Amount,
    /// Σ credits − Σ debits of settled entries before the period.
    pub net_before: Amount,
}

/// Σ settled entries of the period of one account for one charge class and direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChargeTotal {
    /// The account whose wallet moves.
    pub account: String,
    /// The currency.
    pub currency: Currency,
    /// The charge class.
    pub class: String,
    /// The direction.
    pub direction: Direction,
    /// How many entries.
    pub entries: u64,
    /// The sum.
    pub amount: Amount,
}

/// Σ amounts of the entries that a condition selects, in `Int128`.
pub(super) fn sum_where(condition: Expr, name: &str) -> Expr {
    col(c::AMOUNT).filter(condition).cast(DataType::Int128).sum().alias(name)
}

pub(super) fn is(direction: Direction) -> Expr {
    col(c::DIRECTION).eq(lit(direction.word()))
}

pub(super) fn counts() -> Expr {
    col(c::SETTLED).and(col(c::IN_PERIOD))
}

impl LedgerFrame {
    /// What each list came to, sorted by its name.
    ///
    /// # Errors
    /// When polars refuses.
    pub fn totals_by_ledger(&self) -> Result<Vec<LedgerTotals>, FrameError> {
        let mut sums = vec![
            len().alias("entries"),
            col(c::SETTLED).cast(DataType::UInt32).sum().alias("settled_entries"),
            col(c::ID).n_unique().alias("distinct"),
            is(Direction::Unclassified).cast(DataType::UInt32).sum().alias("unknown"),
        ];
        for direction in [Direction::Debit, Direction::Credit, Direction::Unclassified] {
            sums.push(sum_where(is(direction).and(col(c::SETTLED)), &format!("{}_settled", direction.word())));
            sums.push(sum_where(is(direction), &format!("{}_all", direction.word())));
        }
        let answer = self.lazy().group_by([col(c::LEDGER)]).agg(sums).sort([c::LEDGER], SortMultipleOptions::new());
        let rows = Answer(answer.collect()?);
        (0..rows.0.height())
            .map(|i| {
                let pair = |word: &str| -> Result<(Amount, Amount), FrameError> {
                    Ok((rows.amount(&format!("{word}_settled"), i)?, rows.amount(&format!("{word}_all"), i)?))
                };
                Ok(LedgerTotals {
                    ledger: rows.text(c::LEDGER, i)?,
                    entries: rows.count("entries", i)?,
                    settled: rows.count("settled_entries", i)?,
                    distinct: rows.count("distinct", i)?,
                    unknown: rows.count("unknown", i)?,
                    debits: pair("debit")?,
                    credits: pair("credit")?,
                    unclassified: pair("unclassified")?,
                })
            })
            .collect()
    }

    /// Σ settled entries of the period by account, currency and direction, sorted.
    ///
    /// # Errors
    /// When polars refuses.
    pub fn period_totals(&self, side: Side) -> Result<Vec<DirectionTotal>, FrameError> {
        let keys = [holder(side), c::CURRENCY, c::DIRECTION];
        let rows = self.grouped(&keys, vec![sum_where(counts(), "sum"), len().alias("entries")], counts())?;
        (0..rows.0.height())
            .map(|i| {
                Ok(DirectionTotal {
                    account: rows.text(holder(side), i)?,
                    currency: rows.currency(i)?,
                    direction: Direction::from_word(&rows.text(c::DIRECTION, i)?),
                    amount: rows.amount("sum", i)?,
                })
            })
            .collect()
    }

    /// Each account's month by currency, sorted; `start` is the first moment of the period, `cut_off` the first after it.
    ///
    /// # Errors
    /// When polars refuses.
    pub fn account_totals(
        &self,
        side: Side,
        start: Timestamp,
        cut_off: Timestamp,
    ) -> Result<Vec<AccountTotals>, FrameError> {
        let after = || col(c::SETTLED).and(col(c::CREATED_AT).gt_eq(lit(cut_off)));
        let before = || col(c::SETTLED).and(col(c::CREATED_AT).lt(lit(start)));
        let sums = vec![
            counts().cast(DataType::UInt32).sum().alias("entries"),
            sum_where(counts().and(is(Direction::Credit)), "credits"),
            sum_where(counts().and(is(Direction::Debit)), "debits"),
            col(c::SETTLED).not().and(col(c::IN_PERIOD)).cast(DataType::UInt32).sum().alias("unsettled"),
            sum_where(after().and(is(Direction::Credit)), "credits_after"),
            sum_where(after().and(is(Direction::Debit)), "debits_after"),
            sum_where(before().and(is(Direction::Credit)), "credits_before"),
            sum_where(before().and(is(Direction::Debit)), "debits_before"),
        ];
        let rows = self.grouped(&[holder(side), c::CURRENCY], sums, lit(true))?;
        (0..rows.0.height())
            .map(|i| {
                Ok(AccountTotals {
                    account: rows.text(holder(side), i)?,
                    currency: rows.currency(i)?,
                    entries: rows.count("entries", i)?,
                    credits: rows.amount("credits", i)?,
                    debits: rows.amount("debits", i)?,
                    unsettled: rows.count("unsettled", i)?,
                    net_after: rows.amount("credits_after", i)? - rows.amount("debits_after", i)?,
                    net_before: rows.amount("credits_before", i)? - rows.amount("debits_before", i)?,
                })
            })
            .collect()
    }

    /// Σ settled entries of the period by account, currency, charge class and direction, sorted.
    ///
    /// # Errors
    /// When polars refuses.
    pub fn charges(&self, side: Side) -> Result<Vec<ChargeTotal>, FrameError> {
        self.charges_where(side, counts())
    }

    /// The same of the settled entries after the period; `cut_off` is the first moment after it.
    ///
    /// # Errors
    /// When polars refuses.
    pub fn charges_since(&self, side: Side, cut_off: Timestamp) -> Result<Vec<ChargeTotal>, FrameError> {
        self.charges_where(side, col(c::SETTLED).and(col(c::CREATED_AT).gt_eq(lit(cut_off))))
    }

    fn charges_where(&self, side: Side, condition: Expr) -> Result<Vec<ChargeTotal>, FrameError> {
        let keys = [holder(side), c::CURRENCY, c::CLASS, c::DIRECTION];
        let sums = vec![sum_where(lit(true), "sum"), len().alias("entries")];
        let rows = self.grouped(&keys, sums, condition)?;
        (0..rows.0.height())
            .map(|i| {
                Ok(ChargeTotal {
                    account: rows.text(holder(side), i)?,
                    currency: rows.currency(i)?,
                    class: rows.text(c::CLASS, i)?,
                    direction: Direction::from_word(&rows.text(c::DIRECTION, i)?),
                    entries: rows.count("entries", i)?,
                    amount: rows.amount("sum", i)?,
                })
            })
            .collect()
    }

    fn grouped(&self, keys: &[&str], sums: Vec<Expr>, condition: Expr) -> Result<Answer, FrameError> {
        let by: Vec<Expr> = keys.iter().map(|key| col(*key)).collect();
        let order = SortMultipleOptions::new();
        let names: Vec<PlSmallStr> = keys.iter().map(|key| PlSmallStr::from(*key)).collect();
        Ok(Answer(self.lazy().filter(condition).group_by(by).agg(sums).sort(names, order).collect()?))
    }
}

/// The rows of an answer, read value by value.
pub(super) struct Answer(pub(super) DataFrame);

impl Answer {
    pub(super) fn text(&self, column: &str, row: usize) -> Result<String, FrameError> {
        Ok(self.0.column(column)?.str()?.get(row).unwrap_or_default().to_owned())
    }

    pub(super) fn number(&self, column: &str, row: usize) -> Result<u32, FrameError> {
        Ok(self.0.column(column)?.u32()?.get(row).unwrap_or_default())
    }

    pub(super) fn count(&self, column: &str, row: usize) -> Result<u64, FrameError> {
        Ok(u64::from(self.number(column, row)?))
    }

    pub(super) fn amount(&self, column: &str, row: usize) -> Result<Amount, FrameError> {
        Ok(Amount::from_units(self.0.column(column)?.i128()?.get(row).unwrap_or_default()))
    }

    pub(super) fn currency(&self, row: usize) -> Result<Currency, FrameError> {
        let code = self.text(c::CURRENCY, row)?;
        currency_named(Some(&code)).ok_or(FrameError::Value { column: c::CURRENCY, row, value: code })
    }
}
