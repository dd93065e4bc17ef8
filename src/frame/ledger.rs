//! The frame itself: one gate in, entries out.

use polars::prelude::*;
use thiserror::Error;

use super::columns as c;
use crate::domain::{AccountId, Amount, ChargeClass, Currency, Direction, Entry, List, Origin, Side};

/// Entries of one book in columns. Every frame has passed the gate: all columns, with their types.
#[derive(Clone, Debug)]
pub struct LedgerFrame(DataFrame);

/// Why columns are not a ledger, or a question could not be answered.
#[derive(Debug, Error)]
pub enum FrameError {
    /// A column is absent or of another type.
    #[error("ledger column `{column}` is {found}, expected {expected}")]
    Column {
        /// The column.
        column: &'static str,
        /// What it is.
        found: String,
        /// What it should be.
        expected: String,
    },
    /// An amount outgrew its column.
    #[error("entry {0}: amount outgrows its column")]
    Overflow(String),
    /// A value in a column is not what the column promises.
    #[error("ledger column `{column}`, row {row}: {value:?} is not what the column promises")]
    Value {
        /// The column.
        column: &'static str,
        /// The row, from 0.
        row: usize,
        /// What was found.
        value: String,
    },
    /// polars refused.
    #[error(transparent)]
    Polars(#[from] PolarsError),
}

impl LedgerFrame {
    /// The gate: checks that every column is there with its type.
    ///
    /// # Errors
    /// When a column is absent or of another type.
    pub(super) fn gate(frame: DataFrame) -> Result<Self, FrameError> {
        for (column, expected) in c::SCHEMA {
            let found = frame.column(column).map_or_else(|_| "absent".to_owned(), |found| found.dtype().to_string());
            if found != expected.to_string() {
                return Err(FrameError::Column { column, found, expected: expected.to_string() });
            }
        }
        Ok(Self(frame))
    }

    /// Frames of one book, in order, as one.
    ///
    /// # Errors
    /// When polars refuses, which frames that passed the gate give no cause for.
    pub fn concat(parts: Vec<Self>) -> Result<Self, FrameError> {
        let mut parts = parts.into_iter();
        let Some(Self(mut whole)) = parts.next() else {
            return Self::gate(DataFrame::empty_with_schema(&Schema::from_iter(
                c::SCHEMA.map(|(name, kind)| Field::new(name.into(), kind)),
            )));
        };
        for Self(part) in parts {
            whole.vstack_mut_owned(part)?;
        }
        whole.rechunk_mut();
        Self::gate(whole)
    }

    /// How many entries.
    #[must_use]
    pub fn height(&self) -> usize {
        self.0.height()
    }

    pub(super) const fn frame(&self) -> &DataFrame {
        &self.0
    }

    pub(super) fn lazy(&self) -> LazyFrame {
        self.0.clone().lazy()
    }

    /// The entries of a customer's ledger, or of one account in the master, sorted by id, content and origin.
    ///
    /// # Errors
    /// When polars refuses.
    pub fn entries_of(&self, side: Side, account: &str) -> Result<Vec<Entry>, FrameError> {
        let holder = holder(side);
        Self(self.lazy().filter(col(holder).eq(lit(account.to_owned()))).collect()?).entries(side)
    }

    /// Every copy of the entries with these ids, sorted by id, content and origin.
    ///
    /// # Errors
    /// When polars refuses.
    pub fn entries_with(&self, side: Side, ids: &[String]) -> Result<Vec<Entry>, FrameError> {
        let ids = df!(c::ID => ids)?.lazy().unique(None, UniqueKeepStrategy::Any);
        Self(self.lazy().semi_join(ids, col(c::ID), col(c::ID)).collect()?).entries(side)
    }

    /// The transfers: every entry with a `ptc:` reference, and every entry of the partner's own.
    ///
    /// # Errors
    /// When polars refuses.
    pub fn transfers(&self, side: Side, partner: &str) -> Result<Vec<Entry>, FrameError> {
        let reference = self.0.column(c::REFERENCE)?.str()?;
        let account = self.0.column(c::ACCOUNT)?.str()?;
        let mask: BooleanChunked = reference
            .iter()
            .zip(account.iter())
            .map(|(reference, account)| {
                Some(reference.is_some_and(crate::domain::is_transfer) || account == Some(partner))
            })
            .collect();
        Self(self.0.filter(&mask)?).entries(side)
    }

    /// All entries as rows, sorted by id, ledger, content and origin: for the few that need judging.
    ///
    /// # Errors
    /// When a column does not hold what it promises.
    pub fn entries(&self, side: Side) -> Result<Vec<Entry>, FrameError> {
        let text = |column: &'static str| -> Result<&StringChunked, FrameError> { Ok(self.0.column(column)?.str()?) };
        let number = |column: &'static str| -> Result<&Int64Chunked, FrameError> { Ok(self.0.column(column)?.i64()?) };
        let truth =
            |column: &'static str| -> Result<&BooleanChunked, FrameError> { Ok(self.0.column(column)?.bool()?) };
        let (ledger, id, account) = (text(c::LEDGER)?, text(c::ID)?, text(c::ACCOUNT)?);
        let (currency, direction, amount) = (text(c::CURRENCY)?, text(c::DIRECTION)?, number(c::AMOUNT)?);
        let (class, kind, status, settled) = (text(c::CLASS)?, text(c::KIND)?, text(c::STATUS)?, truth(c::SETTLED)?);
        let (reference, description) = (text(c::REFERENCE)?, text(c::DESCRIPTION)?);
        let (created_at, in_period) = (number(c::CREATED_AT)?, truth(c::IN_PERIOD)?);
        let (in_period_utc, page, row) = (truth(c::IN_PERIOD_UTC)?, number(c::PAGE)?, number(c::ROW)?);
        let own = |column: &StringChunked, i: usize| column.get(i).unwrap_or_default().to_owned();
        let mut entries = Vec::with_capacity(self.0.height());
        for i in 0..self.0.height() {
            let refused = |column, value: String| FrameError::Value { column, row: i, value };
            let place = |column: &'static str, values: &Int64Chunked| {
                let value = values.get(i).unwrap_or_default();
                u32::try_from(value).map_err(|_negative| refused(column, value.to_string()))
            };
            entries.push(Entry {
                side,
                ledger: list_named(side, ledger.get(i).unwrap_or_default())
                    .ok_or_else(|| refused(c::LEDGER, own(ledger, i)))?,
                id: own(id, i),
                account: own(account, i),
                currency: currency_named(currency.get(i)).ok_or_else(|| refused(c::CURRENCY, own(currency, i)))?,
                direction: Direction::from_word(direction.get(i).unwrap_or_default()),
                amount: Amount::from_units(i128::from(amount.get(i).unwrap_or_default())),
                class: ChargeClass(own(class, i)),
                kind: own(kind, i),
                status: own(status, i),
                settled: settled.get(i).unwrap_or_default(),
                reference: reference.get(i).map(ToOwned::to_owned),
                description: own(description, i),
                created_at: created_at.get(i).unwrap_or_default(),
                in_period: in_period.get(i).unwrap_or_default(),
                in_period_utc: in_period_utc.get(i).unwrap_or_default(),
                origin: Origin { page: place(c::PAGE, page)?, row: place(c::ROW, row)? },
            });
        }
        entries
            .sort_by(|a, b| (&a.id, &a.ledger, a.content(), a.origin).cmp(&(&b.id, &b.ledger, b.content(), b.origin)));
        Ok(entries)
    }

    pub(super) fn of(frame: DataFrame) -> Self {
        Self(frame)
    }
}

/// The column that says whose wallet an entry moves: in the master the account named in the row, in a customer's
/// ledger the ledger's owner.
pub(super) const fn holder(side: Side) -> &'static str {
    match side {
        Side::Master => c::ACCOUNT,
        Side::Customer => c::LEDGER,
    }
}

/// The list that a name in the ledger column stands for.
fn list_named(side: Side, name: &str) -> Option<List> {
    match side {
        Side::Master => Some(List::Master),
        Side::Customer => AccountId::parse(name).ok().map(List::Ledger),
    }
}

pub(super) fn currency_named(code: Option<&str>) -> Option<Currency> {
    code?.parse().ok()
}
