//! The series that invoice numbers are taken from.

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Characters in an invoice number, at most (CGST rule 46).
const LENGTH_MAX: usize = 16;

/// A series of invoice numbers: a prefix and a zero-padded count, such as `INV-2026-00001`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Series {
    /// What every number begins with; `{fy}` in it stands for the financial year of the invoice's date, such as `26-27`, and
    /// lets the count begin anew with each.
    pub prefix: String,
    /// Digits of the count, at least; larger counts take the digits they need.
    pub width: usize,
    /// The count of the first invoice of the series; later closes go on after the last one sealed.
    pub first: u64,
}

/// Why a text cannot be an invoice number (CGST rule 46, and the pattern of the e-invoice).
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NumberError {
    /// More characters than allowed.
    #[error("number {0:?} has {n} characters, at most 16 are allowed", n = .0.len())]
    Length(String),
    /// A character that no number may hold.
    #[error("number {0:?} holds {1:?}, only `A-Z`, `0-9`, `/` and `-` are allowed")]
    Character(String, char),
    /// A beginning that no number may have.
    #[error("number {0:?} begins with {1:?}, which an e-invoice refuses")]
    Beginning(String, char),
    /// A count of zero.
    #[error("the count begins with 0, expected 1 or more")]
    Zero,
}

impl Default for Series {
    fn default() -> Self {
        Self { prefix: "INV-".to_owned(), width: 6, first: 1 }
    }
}

impl Series {
    /// What the numbers of a day begin with.
    pub(super) fn prefix_on(&self, date: NaiveDate) -> String {
        self.prefix.replace("{fy}", &financial_year(date))
    }

    /// The number with this count.
    ///
    /// # Errors
    /// When the number would be longer than 16 characters, hold others than `A-Z 0-9 / -`, or begin with `0`, `/`
    /// or `-`; or when the count is zero.
    pub fn number(&self, count: u64, date: NaiveDate) -> Result<String, NumberError> {
        if count == 0 {
            return Err(NumberError::Zero);
        }
        // A width beyond the limit is refused below just the same, and is not built first.
        let number = format!("{}{count:0width$}", self.prefix_on(date), width = self.width.min(LENGTH_MAX + 1));
        let strange = |c: &char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || *c == '/' || *c == '-');
        if let Some(strange) = number.chars().find(strange) {
            return Err(NumberError::Character(number, strange));
        }
        if number.len() > LENGTH_MAX {
            return Err(NumberError::Length(number));
        }
        match number.chars().next() {
            Some(first @ ('0' | '/' | '-')) => Err(NumberError::Beginning(number, first)),
            Some(_) | None => Ok(number),
        }
    }
}

/// The financial year of a day, April to March: `26-27`.
#[must_use]
pub fn financial_year(date: NaiveDate) -> String {
    let begun = if date.month() >= 4 { date.year() } else { date.year() - 1 };
    format!("{:02}-{:02}", begun.rem_euclid(100), (begun + 1).rem_euclid(100))
}
