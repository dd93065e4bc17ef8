//! Markups in percent, exact to four decimals.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::domain::Amount;

/// Decimals of a percentage.
const DECIMALS: u32 = 4;

/// Ledger units (10⁻⁸) in the last decimal of a percentage.
const UNITS_IN_LAST_DECIMAL: i128 = 10_000;

/// One hundred percent.
const WHOLE: i64 = 1_000_000;

/// The largest markup that is believed: one thousand percent.
const PERCENT_MAX: i64 = 10 * WHOLE;

/// A markup in percent: above −100, at most 1000, exact to four decimals. Written as decimal text, such as `"12.5"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Percent(i64);

/// Why a text is not a markup.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is not a markup (percent above -100, at most 1000, up to 4 decimals, as in \"12.5\")")]
pub struct PercentError(pub String);

impl Percent {
    /// A whole number of percent.
    #[must_use]
    pub const fn whole(percent: i64) -> Self {
        Self(percent * (WHOLE / 100))
    }

    /// Whether it is below zero.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// What an amount is multiplied with to give one of so many equal parts (one or two) of this share of it, as an integer
    /// and its decimals: half of 18 % is 900000 at 7 decimals, that is 0.09.
    pub(super) fn share(self, parts: u32) -> (i128, u32) {
        (i128::from(self.0) * 10 / i128::from(parts.max(1)), DECIMALS + 3)
    }

    /// What a cost is multiplied with, as an integer and its decimals: 20 % is 1200000 at 6 decimals, that is 1.2.
    pub(super) fn factor(self) -> (i128, u32) {
        (i128::from(WHOLE + self.0), DECIMALS + 2)
    }

    /// The percentage as a decimal without trailing zeros.
    #[must_use]
    pub fn to_decimal(self) -> Decimal {
        Decimal::new(self.0, DECIMALS).normalize()
    }
}

impl FromStr for Percent {
    type Err = PercentError;

    fn from_str(text: &str) -> Result<Self, PercentError> {
        let refused = || PercentError(text.chars().take(40).collect());
        let units = text.parse::<Amount>().map_err(|_not_decimal| refused())?.units();
        let exact = (units % UNITS_IN_LAST_DECIMAL == 0).then_some(units / UNITS_IN_LAST_DECIMAL);
        let percent = exact.and_then(|percent| i64::try_from(percent).ok());
        percent.filter(|percent| (1 - WHOLE..=PERCENT_MAX).contains(percent)).map(Self).ok_or_else(refused)
    }
}

impl TryFrom<String> for Percent {
    type Error = PercentError;

    fn try_from(text: String) -> Result<Self, PercentError> {
        text.parse()
    }
}

impl From<Percent> for String {
    fn from(percent: Percent) -> Self {
        percent.to_string()
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_decimal().fmt(f)
    }
}
