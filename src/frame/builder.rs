//! The builder: entries in, one by one, a frame out.

use polars::prelude::*;

use super::columns::{
    ACCOUNT, AMOUNT, CLASS, CREATED_AT, CURRENCY, DESCRIPTION, DIRECTION, ID, IN_PERIOD, IN_PERIOD_UTC, KIND, LEDGER,
    PAGE, REFERENCE, ROW, SETTLED, STATUS,
};
use super::ledger::{FrameError, LedgerFrame};
use crate::domain::Entry;

/// Ledger columns while they are filled.
pub struct LedgerColumns {
    ledger: StringChunkedBuilder,
    id: StringChunkedBuilder,
    account: StringChunkedBuilder,
    currency: StringChunkedBuilder,
    direction: StringChunkedBuilder,
    amount: Vec<i64>,
    class: StringChunkedBuilder,
    kind: StringChunkedBuilder,
    status: StringChunkedBuilder,
    settled: Vec<bool>,
    reference: StringChunkedBuilder,
    description: StringChunkedBuilder,
    created_at: Vec<i64>,
    in_period: Vec<bool>,
    in_period_utc: Vec<bool>,
    page: Vec<i64>,
    row: Vec<i64>,
}

impl LedgerColumns {
    /// Empty columns with room for so many entries.
    #[must_use]
    pub fn with_capacity(entries: usize) -> Self {
        let text = |name: &str| StringChunkedBuilder::new(name.into(), entries);
        Self {
            ledger: text(LEDGER),
            id: text(ID),
            account: text(ACCOUNT),
            currency: text(CURRENCY),
            direction: text(DIRECTION),
            amount: Vec::with_capacity(entries),
            class: text(CLASS),
            kind: text(KIND),
            status: text(STATUS),
            settled: Vec::with_capacity(entries),
            reference: text(REFERENCE),
            description: text(DESCRIPTION),
            created_at: Vec::with_capacity(entries),
            in_period: Vec::with_capacity(entries),
            in_period_utc: Vec::with_capacity(entries),
            page: Vec::with_capacity(entries),
            row: Vec::with_capacity(entries),
        }
    }

    /// Appends an entry.
    ///
    /// # Errors
    /// When the amount does not fit the column; amounts that were read always do.
    pub fn push(&mut self, entry: &Entry) -> Result<(), FrameError> {
        let amount = entry.amount.column_units().ok_or_else(|| FrameError::Overflow(entry.id.clone()))?;
        self.ledger.append_value(entry.ledger_name());
        self.id.append_value(&entry.id);
        self.account.append_value(&entry.account);
        self.currency.append_value(entry.currency.code());
        self.direction.append_value(entry.direction.word());
        self.amount.push(amount);
        self.class.append_value(entry.class.as_str());
        self.kind.append_value(&entry.kind);
        self.status.append_value(&entry.status);
        self.settled.push(entry.settled);
        self.reference.append_option(entry.reference.as_deref());
        self.description.append_value(&entry.description);
        self.created_at.push(entry.created_at);
        self.in_period.push(entry.in_period);
        self.in_period_utc.push(entry.in_period_utc);
        self.page.push(i64::from(entry.origin.page));
        self.row.push(i64::from(entry.origin.row));
        Ok(())
    }

    /// The filled columns as a frame.
    ///
    /// # Errors
    /// Never on columns filled through `push`; the frame's gate checks them all the same.
    pub fn finish(self) -> Result<LedgerFrame, FrameError> {
        let columns = vec![
            self.ledger.finish().into_column(),
            self.id.finish().into_column(),
            self.account.finish().into_column(),
            self.currency.finish().into_column(),
            self.direction.finish().into_column(),
            Column::new(AMOUNT.into(), self.amount),
            self.class.finish().into_column(),
            self.kind.finish().into_column(),
            self.status.finish().into_column(),
            Column::new(SETTLED.into(), self.settled),
            self.reference.finish().into_column(),
            self.description.finish().into_column(),
            Column::new(CREATED_AT.into(), self.created_at),
            Column::new(IN_PERIOD.into(), self.in_period),
            Column::new(IN_PERIOD_UTC.into(), self.in_period_utc),
            Column::new(PAGE.into(), self.page),
            Column::new(ROW.into(), self.row),
        ];
        LedgerFrame::gate(DataFrame::new_infer_height(columns)?)
    }
}
