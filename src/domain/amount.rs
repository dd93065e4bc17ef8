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

/// What a sum that is read stays below, in units.
const SUM_MAX: i128 = 1 << 95;

/// The significant digits of a number that may end in a binary float's noise: 17 tell a float from any other, mostly 16 do,
/// and by chance a few less.
const FLOAT_DIGITS: std::ops::RangeInclusive<usize> = 12..=17;

/// Where a text goes on beyond its scale, it agrees with the figure that is meant to 13 significant digits: 15 survive in a
/// float, and the noise of many additions takes some hundred of its steps.
const AGREES_TO: u128 = 10_000_000_000_000;

/// Significant digits that are looked at; what lies beyond is less than any noise.
const DIGITS_WEIGHED: usize = 30;

/// An exact amount of one currency, in units of 10⁻⁸. The currency stands beside it, in the key or the column.
///
/// The amount of an entry always fits an `i64` of units (about ±92 thousand million). A sum may be larger: one that is read
/// lies within ±2⁹⁵ units, which is the most that 2³² entries come to, so that neither adding sums up nor rounding one can
/// overflow.
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

    /// Reads the amount of one entry: as any amount, but within what an entry can be.
    ///
    /// # Errors
    /// When the text is no decimal number, has more than 8 decimals, or is too large for an entry.
    pub fn of_entry(text: &str) -> Result<Self, AmountError> {
        let amount: Self = text.parse()?;
        amount.column_units().map(|_fits| amount).ok_or_else(|| AmountError::TooLarge(shown(text)))
    }

    /// Whether a number has so many significant digits that a binary float's noise may stand at its end. One of fewer has
    /// none, and one of more was never a float.
    #[must_use]
    pub fn is_float(text: &str) -> bool {
        let Some((_, digits, _)) = split(text) else { return false };
        FLOAT_DIGITS.contains(&digits.trim_start_matches('0').trim_end_matches('0').len())
    }

    /// Reads a text that has more than so many decimals as the figure at that scale, where what lies beyond can only be the
    /// noise of binary floats: it agrees with the figure to 13 significant digits. Nothing for any other text.
    #[must_use]
    pub fn without_noise(text: &str, decimals: u32) -> Option<Self> {
        let (negative, digits, exponent) = split(text)?;
        let digits = digits.trim_start_matches('0');
        let significant = digits.trim_end_matches('0');
        let zeros = i32::try_from(digits.len() - significant.len()).ok()?;
        let beyond = u32::try_from(-(exponent + zeros)).ok()?.checked_sub(decimals).filter(|beyond| *beyond > 0)?;
        let weighed = significant.get(..significant.len().min(DIGITS_WEIGHED))?;
        let cut = u32::try_from(significant.len() - weighed.len()).ok()?;
        let unit = 10_u128.checked_pow(beyond.checked_sub(cut)?)?;
        let exact: u128 = weighed.parse().ok()?;
        let whole = exact.checked_add(unit / 2)? / unit;
        let noise = exact.abs_diff(whole.checked_mul(unit)?);
        let is_noise = noise.checked_mul(AGREES_TO).is_some_and(|of| of <= exact);
        let shift = 10_i128.checked_pow(SCALE.checked_sub(decimals)?)?;
        let units = i128::try_from(whole).ok()?.checked_mul(shift).filter(|units| is_noise && *units < SUM_MAX)?;
        Some(Self(if negative { -units } else { units }))
    }

    /// How many decimals it takes to write it, 8 at most.
    #[must_use]
    pub fn decimals(self) -> usize {
        self.to_text(0).split_once('.').map_or(0, |(_, decimals)| decimals.len())
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
        let shown = || shown(text);
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
            .filter(|units| *units < SUM_MAX)
            .ok_or_else(|| AmountError::TooLarge(shown()))?;
        Ok(Self(if negative { -units } else { units }))
    }
}

/// A text as an error shows it.
fn shown(text: &str) -> String {
    text.chars().take(40).collect()
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
