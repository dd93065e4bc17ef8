//! The one place where money is rounded.

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

use super::amount::Amount;

/// How an amount is brought to the currency's minor unit. The name stands in the rate card and on the papers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rounding {
    /// Halves away from zero, as invoices commonly do: 0.125 → 0.13, −0.125 → −0.13.
    #[default]
    HalfUp,
    /// Halves to the even digit: 0.125 → 0.12, 0.135 → 0.14.
    HalfEven,
    /// Always away from zero.
    Up,
    /// Always towards zero.
    Down,
}

impl Rounding {
    /// The name used in the rate card.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::HalfUp => "half-up",
            Self::HalfEven => "half-even",
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

/// Rounds to `digits` decimals (at most 8) by the named strategy.
///
/// # Panics
/// When the rounded value exceeds 28 digits, which no invoice reaches.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place where money is rounded")]
#[expect(clippy::expect_used, reason = "a rounded decimal of at most 8 places always fits the ledger scale")]
pub fn round(value: Decimal, digits: u32, strategy: Rounding) -> Amount {
    let strategy = match strategy {
        Rounding::HalfUp => RoundingStrategy::MidpointAwayFromZero,
        Rounding::HalfEven => RoundingStrategy::MidpointNearestEven,
        Rounding::Up => RoundingStrategy::AwayFromZero,
        Rounding::Down => RoundingStrategy::ToZero,
    };
    Amount::from_decimal(value.round_dp_with_strategy(digits, strategy)).expect("a rounded value fits the ledger scale")
}
