//! Exact amounts: integers at one ledger scale, read from decimal text, never from a binary float.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub};
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// Decimal places of the ledger scale: one unit is 10⁻⁸ of the currency. Wallets need 5, so 3 are headroom.
pub const SCALE: u32 = 8;

/// Units in one whole currency unit.
const ONE: i128 = 100_000_000;

/// Exponents beyond this are refused before any arithmetic.
const EXPONENT_MAX: i32 = 60;

/// Digits beyond this are refused before any arithmetic.
const DIGITS_MAX: usize = 60;

/// An exact amount of one currency, in units of 10⁻⁸. The currency stands beside it, in the key or the column.
///
/// An amount that is read always fits an `i64` of units (about ±92 thousand million); sums of amounts may be larger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(i128);

/// Why a text is not an amount.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AmountError {
    /// Not a decimal number at all.
    #[error("{0:?} is not a decimal number")]
    NotDecimal(String),
    /// More decimals than the ledger scale holds.
    #[error("{0:?} has more than 8 decimals")]
    TooPrecise(String),
    /// Too large for a ledger entry.
    #[error("{0:?} is too large for a ledger amount")]
    TooLarge(String),
}

impl Amount {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// An amount from its units of 10⁻⁸.
    #[must_use]
    pub const fn from_units(units: i128) -> Self {
        Self(units)
    }

    /// The amount in units of 10⁻⁸.
    #[must_use]
    pub const fn units(self) -> i128 {
        self.0
    }

    /// The units as the frame's column holds them, or nothing when a sum outgrew it.
    #[must_use]
    pub fn column_units(self) -> Option<i64> {
        i64::try_from(self.0).ok()
    }

    /// The amount without its sign.
    #[must_use]
    pub const fn abs(self) -> Self {
        Self(self.0.abs())
    }

    /// Whether this is exactly nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Whether this is below nothing.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// The same value for multiplication and rounding.
    ///
    /// # Panics
    /// When a sum exceeds 28 digits, which no ledger reaches.
    #[must_use]
    pub fn to_decimal(self) -> Decimal {
        Decimal::from_i128_with_scale(self.0, SCALE)
    }

    /// A decimal of at most 8 places as an amount; nothing when it has more or is too large.
    #[must_use]
    pub fn from_decimal(value: Decimal) -> Option<Self> {
        let value = value.normalize();
        let missing = SCALE.checked_sub(value.scale())?;
        value.mantissa().checked_mul(10_i128.checked_pow(missing)?).map(Self)
    }

    /// The amount with at least `decimals_min` decimals and no trailing zeros beyond: `12.50`, `0.0825`.
    #[must_use]
    pub fn to_text(self, decimals_min: usize) -> String {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, part) = (self.0.unsigned_abs() / ONE.unsigned_abs(), self.0.unsigned_abs() % ONE.unsigned_abs());
        let mut decimals = format!("{part:08}");
        while decimals.len() > decimals_min && decimals.ends_with('0') {
            decimals.pop();
        }
        if decimals.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{decimals}") }
    }
}

impl FromStr for Amount {
    type Err = AmountError;

    /// Reads any form a JSON decimal can take: `200`, `200.0`, `0.08`, `1e-2`, `200.00000`.
    fn from_str(text: &str) -> Result<Self, AmountError> {
        let shown = || text.chars().take(40).collect::<String>();
        let (negative, digits, exponent) = split(text).ok_or_else(|| AmountError::NotDecimal(shown()))?;
        if digits.bytes().all(|d| d == b'0') {
            return Ok(Self::ZERO);
        }
        let digits = digits.trim_start_matches('0');
        let significant = digits.trim_end_matches('0');
        let zeros =
            i32::try_from(digits.len() - significant.len()).map_err(|_too_long| AmountError::TooLarge(shown()))?;
        let shift = exponent.saturating_add(zeros).saturating_add(8);
        if shift < 0 {
            return Err(AmountError::TooPrecise(shown()));
        }
        let units = u32::try_from(shift)
            .ok()
            .and_then(|shift| 10_i128.checked_pow(shift))
            .and_then(|factor| significant.parse::<i128>().ok()?.checked_mul(factor))
            .filter(|units| i64::try_from(*units).is_ok())
            .ok_or_else(|| AmountError::TooLarge(shown()))?;
        Ok(Self(if negative { -units } else { units }))
    }
}

/// Splits decimal text into sign, digits without the point, and the exponent of the last digit.
fn split(text: &str) -> Option<(bool, String, i32)> {
    let (negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (rest, 0),
    };
    let (whole, part) = match mantissa.split_once('.') {
        Some((_, "")) => return None,
        Some((whole, part)) => (whole, part),
        None => (mantissa, ""),
    };
    let digits = format!("{whole}{part}");
    let decimal = !whole.is_empty() && digits.bytes().all(|d| d.is_ascii_digit()) && digits.len() <= DIGITS_MAX;
    let places = i32::try_from(part.len()).ok()?;
    (decimal && exponent.abs() <= EXPONENT_MAX).then_some((negative, digits, exponent - places))
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.to_text(2))
    }
}

impl Add for Amount {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl AddAssign for Amount {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Sub for Amount {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Neg for Amount {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl Sum for Amount {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
