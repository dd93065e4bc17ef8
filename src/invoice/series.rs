//! The series that the numbers of invoices and notes are taken from.

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Deserializer, Serialize};
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
    /// The count of the first invoice of the series; later closes go on after the last one sealed, or here where this is further
    /// on: so the numbers of runs that nobody knows any more can be left out.
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
    /// The series of credit notes where the rate card names none.
    #[must_use]
    pub fn of_credit_notes() -> Self {
        Self { prefix: "CN-".to_owned(), ..Self::default() }
    }

    /// The series of debit notes where the rate card names none.
    #[must_use]
    pub fn of_debit_notes() -> Self {
        Self { prefix: "DN-".to_owned(), ..Self::default() }
    }

    /// Whether this is it.
    pub(super) fn is_of_credit_notes(&self) -> bool {
        *self == Self::of_credit_notes()
    }

    /// Whether this is it.
    pub(super) fn is_of_debit_notes(&self) -> bool {
        *self == Self::of_debit_notes()
    }

    /// The place of a number in the series as the documents of a day are numbered; nothing for a number of another series, or
    /// of another financial year where the series names it.
    #[must_use]
    pub fn place_of(&self, number: &str, date: NaiveDate) -> Option<u64> {
        let place = number.strip_prefix(self.prefix_on(date).as_str())?.parse().ok()?;
        (self.number(place, date).ok()? == number).then_some(place)
    }

    /// How many numbers the series has from its first on, until they outgrow what a number may have.
    pub(super) fn room(&self) -> u64 {
        // Every financial year takes as many characters as another.
        let begins = self.prefix_on(NaiveDate::default()).chars().count();
        let digits = u32::try_from(LENGTH_MAX.saturating_sub(begins)).unwrap_or_default();
        10_u64.pow(digits).saturating_sub(self.first.max(1))
    }

    /// Whether two series could give one number.
    pub(super) fn may_meet(&self, other: &Self) -> bool {
        let beyond = |long: &Self, short: &Self| {
            let rest = long.prefix.strip_prefix(short.prefix.as_str());
            rest.is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
        };
        beyond(self, other) || beyond(other, self)
    }

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

/// Reads the series of credit notes: what is not written is as [`Series::of_credit_notes`] has it.
pub(super) fn credit_notes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Series, D::Error> {
    Ok(Part::deserialize(deserializer)?.of(Series::of_credit_notes()))
}

/// The same for debit notes.
pub(super) fn debit_notes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Series, D::Error> {
    Ok(Part::deserialize(deserializer)?.of(Series::of_debit_notes()))
}

/// A series of which only a part is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    prefix: Option<String>,
    width: Option<usize>,
    first: Option<u64>,
}

impl Part {
    fn of(self, whole: Series) -> Series {
        Series {
            prefix: self.prefix.unwrap_or(whole.prefix),
            width: self.width.unwrap_or(whole.width),
            first: self.first.unwrap_or(whole.first),
        }
    }
}

/// The financial year of a day, April to March: `26-27`.
#[must_use]
pub fn financial_year(date: NaiveDate) -> String {
    let begun = if date.month() >= 4 { date.year() } else { date.year() - 1 };
    format!("{:02}-{:02}", begun.rem_euclid(100), (begun + 1).rem_euclid(100))
}
